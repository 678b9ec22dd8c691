#include "exporter/config/text_file.h"

#include <sys/stat.h>

#include <cstddef>
#include <string>

#include "tests/support/catch.h"
#include "tests/unit/config/scratch.h"

namespace exporter::config {
namespace {

constexpr std::size_t kMebibyte = 1024 * 1024;

std::string Error(const std::string& path) {
  const auto text = ReadTextFile(path, kMebibyte);
  return text ? "none" : text.error();
}

TEST_CASE("a file is read as it is") {
  const tests::Scratch scratch;
  const std::string texts[] = {"", "a", std::string("\0\xff\r\n", 4),
                               std::string(kMebibyte, 'x')};
  for (const std::string& text : texts) {
    const auto read = ReadTextFile(scratch.Write("file", text), kMebibyte);
    REQUIRE(read.has_value());
    CHECK((*read == text));
  }
}

TEST_CASE("what is no file is refused, and nothing waits") {
  const tests::Scratch scratch;
  CHECK(Error(scratch.Path("none")) ==
        "cannot be read: No such file or directory");
  CHECK(Error(scratch.Path("")) == "cannot be read: Is a directory");
  CHECK(Error("") == "cannot be read: No such file or directory");
  CHECK(Error("/dev/zero") == "is not a regular file");
  // Nobody will ever write into it.
  const std::string fifo = scratch.Path("fifo");
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(Error(fifo) == "is not a regular file");
  CHECK(Error(scratch.Write("big", std::string(kMebibyte + 1, 'x'))) ==
        "is larger than 1 MiB");
}

}  // namespace
}  // namespace exporter::config
