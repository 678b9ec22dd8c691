#include "exporter/config/shard.h"

#include <string>

#include "exporter/config/config.h"
#include "tests/support/catch.h"

namespace exporter {
namespace {

// What Prometheus' `hashmod` gives, as Python says it:
//   int.from_bytes(hashlib.md5(text.encode()).digest()[8:], "big") % count
TEST_CASE("the split is that of Prometheus") {
  struct Case {
    std::string text;
    std::uint64_t of_2;
    std::uint64_t of_7;
    std::uint64_t of_65536;
  };
  const Case cases[] = {
      {"", 0, 1, 17022},
      {"mx1.example.com", 1, 0, 2361},
      {"mx1.example.com:25", 1, 4, 58189},
      {"192.0.2.1", 0, 3, 55172},
      {"[2001:db8::1]:25", 1, 3, 57923},
      {"example.org", 1, 4, 52329},
      {"münchen.example", 1, 6, 53075},
      {std::string(200, 'A'), 0, 5, 10798},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(Shard{c.of_2, 2}.Keeps(c.text));
    CHECK_FALSE(Shard{1 - c.of_2, 2}.Keeps(c.text));
    for (std::uint64_t index = 0; index < 7; ++index) {
      CHECK(Shard{index, 7}.Keeps(c.text) == (index == c.of_7));
    }
    CHECK(Shard{c.of_65536, 65536}.Keeps(c.text));
    CHECK(Shard{}.Keeps(c.text));
  }
}

TEST_CASE("what counts is the text that was written") {
  // All of one target, and each hashed as it stands.
  for (const std::string item :
       {"mx1.example.com", "mx1.example.com:25", "MX1.example.com",
        "{host: mx1.example.com}", "{host: \"mx1.example.com:25\"}",
        "{host: mx1.example.com, port: 25}", "{domain: mx1.example.com}",
        "{domain: \"mx1.example.com:25\"}", "münchen.example"}) {
    CAPTURE(item);
    std::string text = item;
    if (text.starts_with('{')) {
      text.erase(0, text.find(':') + 2);
      text.resize(text.find_first_of(",}"));
    }
    if (text.starts_with('"')) text = text.substr(1, text.size() - 2);
    for (std::uint64_t index = 0; index < 5; ++index) {
      const Shard shard{index, 5};
      const auto config =
          ParseConfig("targets: [" + item + "]", "smtp.yml", shard);
      REQUIRE(config.has_value());
      CHECK(config->targets.size() == (shard.Keeps(text) ? 1 : 0));
    }
  }
}

TEST_CASE("every target is somebody's") {
  std::string text = "targets:\n";
  for (int i = 0; i < 300; ++i) {
    text += "  - mx" + std::to_string(i) + ".example.com\n";
  }
  std::size_t sum = 0;
  for (std::uint64_t index = 0; index < 3; ++index) {
    const auto config = ParseConfig(text, "smtp.yml", {index, 3});
    REQUIRE(config.has_value());
    CHECK(config->targets.size() > 70);
    sum += config->targets.size();
  }
  CHECK(sum == 300);
}

}  // namespace
}  // namespace exporter
