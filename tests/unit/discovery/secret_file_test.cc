#include "exporter/discovery/secret_file.h"

#include <sys/stat.h>

#include <string>

#include "tests/support/catch.h"
#include "tests/unit/config/scratch.h"

namespace exporter::discovery {
namespace {

TEST_CASE("a secret is what stands in its file") {
  struct Case {
    std::string text;
    std::string secret;
    std::string error;  // Behind the file's name.
  };
  const Case cases[] = {
      {"opensesame", "opensesame", ""},
      {"opensesame\n", "opensesame", ""},
      {"opensesame\r\n", "opensesame", ""},
      {" open sesame \n", "open sesame", ""},
      {"opensesame\n\n", "opensesame", ""},
      {"\r\n\t\v\f opensesame \f\v\t\r\n \n", "opensesame", ""},
      {"open\nsesame\n", "", " has more than one line, or a NUL"},
      {std::string("opensesame\0", 11), "",
       " has more than one line, or a NUL"},
      {"open\rsesame\n", "", " has more than one line, or a NUL"},
      {std::string("open\0sesame", 11), "",
       " has more than one line, or a NUL"},
      {"", "", " is empty"},
      {"\n", "", " is empty"},
      {" \t\r\n", "", " is empty"},
      {std::string(1024 * 1024 + 1, 'x'), "", " is larger than 1 MiB"},
  };
  const tests::Scratch scratch;
  for (const Case& one : cases) {
    const std::string path = scratch.Write("secret", one.text);
    INFO(one.text.substr(0, 80));
    const auto secret = ReadSecret(path);
    if (one.error.empty()) {
      CHECK(secret == one.secret);
    } else {
      REQUIRE_FALSE(secret);
      CHECK(secret.error() == path + one.error);
    }
  }
}

TEST_CASE("a secret that is no file is refused at once") {
  const tests::Scratch scratch;
  const std::string path = scratch.Path("secret");
  CHECK(ReadSecret(path).error() ==
        path + " cannot be read: No such file or directory");
  REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  CHECK(ReadSecret(path).error() == path + " is not a regular file");
}

}  // namespace
}  // namespace exporter::discovery
