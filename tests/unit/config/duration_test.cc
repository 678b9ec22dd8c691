#include "exporter/config/duration.h"

#include <string>

#include "tests/support/catch.h"

namespace exporter::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("durations are read as Prometheus reads them") {
  struct Case {
    std::string text;
    probe::Duration want;
  };
  const Case cases[] = {
      {"500ms", milliseconds(500)},
      {"30s", seconds(30)},
      {"5m", minutes(5)},
      {"1h30m", minutes(90)},
      {"1h", hours(1)},
      {"1d", hours(24)},
      {"2w", hours(14 * 24)},
      {"1y", hours(365 * 24)},
      {"1y2w3d4h5m6s7ms",
       hours((365 + 14 + 3) * 24 + 4) + minutes(5) + milliseconds(6007)},
      {"0s", seconds(0)},
      {"090s", seconds(90)},
      {"100y", hours(100 * 365 * 24)},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    REQUIRE(ParseDuration(c.text));
    CHECK(*ParseDuration(c.text) == c.want);
  }
}

TEST_CASE("what is not a duration is refused") {
  for (const std::string text : {"",
                                 "5",
                                 "s",
                                 "5x",
                                 "-5s",
                                 "+5s",
                                 "5 s",
                                 " 5s",
                                 "5s ",
                                 "1.5h",
                                 "5S",
                                 "30m1h",
                                 "1h1h",
                                 "1ms1s",
                                 "99999999999999999999s",
                                 "101y",
                                 "9223372036854775807y",
                                 "9223372036854775807ms1y",
                                 "1h30",
                                 "5µs"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseDuration(text));
  }
}

TEST_CASE("durations are written as they are read") {
  for (const std::string text : {"0s", "10ms", "1s", "1m", "1m30s", "1h", "1d",
                                 "1d12h", "1w", "1y", "1s500ms"}) {
    CAPTURE(text);
    CHECK(DurationText(*ParseDuration(text)) == text);
  }
  CHECK(DurationText(hours(8 * 24)) == "8d");
  CHECK(DurationText(hours(14 * 24)) == "2w");
}

}  // namespace
}  // namespace exporter::config
