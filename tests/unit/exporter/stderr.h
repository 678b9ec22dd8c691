// What goes to stderr, for the tests of this folder.
#ifndef TESTS_UNIT_EXPORTER_STDERR_H_
#define TESTS_UNIT_EXPORTER_STDERR_H_

#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>

#include "tests/support/catch.h"

namespace tests {

// What `action` writes to file descriptor 2.
template <typename Action>
std::string Stderr(Action action) {
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  std::fflush(stderr);
  const int saved = dup(STDERR_FILENO);
  dup2(fileno(file), STDERR_FILENO);
  action();
  std::fflush(stderr);
  dup2(saved, STDERR_FILENO);
  close(saved);
  std::rewind(file);
  std::string text;
  std::array<char, 4096> piece{};
  while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), file))
    text.append(piece.data(), n);
  std::fclose(file);
  return text;
}

}  // namespace tests

#endif  // TESTS_UNIT_EXPORTER_STDERR_H_
