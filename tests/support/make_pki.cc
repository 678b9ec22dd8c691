// make_pki: writes the certificates that tests and demo use into a directory.
#include <cstdio>
#include <string_view>

#include "tests/support/pki.h"
#include "tests/support/pki_files.h"

int main(int argc, char** argv) {
  if (argc != 2 || std::string_view(argv[1]).starts_with('-')) {
    std::fputs("make_pki: needs one directory to write into: make_pki DIR\n",
               stderr);
    return 2;
  }
  const auto done = tests::WritePki(tests::TestPki(), argv[1]);
  if (!done) std::fprintf(stderr, "make_pki: %s\n", done.error().c_str());
  return done ? 0 : 1;
}
