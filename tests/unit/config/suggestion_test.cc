#include "exporter/config/suggestion.h"

#include <string>

#include "tests/support/catch.h"

namespace exporter::config {
namespace {

TEST_CASE("a misspelt word gets the nearest known one") {
  const std::vector<std::string_view> known = {
      "ehlo_name", "interval", "timeout", "timeouts", "targets", "dns", "host",
  };
  struct Case {
    std::string word;
    std::string want;  // "": none is near.
  };
  const Case cases[] = {
      {"intervall", "interval"},
      {"intervla", "interval"},
      {"Interval", "interval"},
      {"intervl", "interval"},
      {"time_out", "timeout"},
      {"ehlo-name", "ehlo_name"},
      {"EHLO_NAME", "ehlo_name"},
      {"target", "targets"},
      {"hots", "host"},
      {"dsn", "dns"},
      {"timeoutss", "timeouts"},
      {"x", ""},
      {"", ""},
      {"certificate", ""},
      {"toast", ""},
      {std::string(10000, 'i'), ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.word);
    const std::string want =
        c.want.empty() ? "" : ", did you mean \"" + c.want + "\"?";
    CHECK(Suggestion(c.word, known) == want);
  }
  CHECK(Suggestion("anything", {}).empty());
}

}  // namespace
}  // namespace exporter::config
