#include "exporter/config/size.h"

#include <string>

#include "tests/support/catch.h"

namespace exporter::config {
namespace {

TEST_CASE("sizes are octets with a unit or without") {
  struct Case {
    std::string text;
    double want;
  };
  const Case cases[] = {
      {"1", 1},
      {"26214400", 26214400},
      {"512B", 512},
      {"10kB", 10e3},
      {"10MB", 10e6},
      {"2GB", 2e9},
      {"10KiB", 10240},
      {"25MiB", 26214400},
      {"1GiB", 1073741824},
      {"9007199254740992", 9007199254740992.0},
      {"8388608GiB", 9007199254740992.0},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    REQUIRE(ParseSize(c.text));
    CHECK(*ParseSize(c.text) == c.want);
  }
}

TEST_CASE("what is not a size is refused") {
  for (const std::string text :
       {"", "0", "0MiB", "-1", "+1", "1.5MiB", "25 MiB", "25mib", "25MIB",
        "25Mb", "25M", "MiB", "1e6", "0x10", "9007199254740993", "8388609GiB",
        "99999999999999999999", "1TiB", "25MiBx"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseSize(text));
  }
}

}  // namespace
}  // namespace exporter::config
