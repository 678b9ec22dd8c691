// What a request asks for.
#include "exporter/question_reader.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using Fields = std::vector<std::pair<std::string, std::string>>;

std::expected<OnDemand::Question, OnDemand::Refusal> Read(
    const Fields& arguments, const Fields& headers = {}) {
  return ReadQuestion({.method = "GET",
                       .path = "/probe",
                       .headers = headers,
                       .arguments = arguments},
                      500ms);
}

std::optional<probe::Duration> LimitOf(const std::string& seconds) {
  const auto question = Read(
      {{"target", "mx"}}, {{"x-prometheus-scrape-timeout-seconds", seconds}});
  REQUIRE(question);
  return question->limit;
}

TEST_CASE("all that can be asked") {
  const auto question = Read({{"target", "mx1.example.com:587"},
                              {"module", "strict"},
                              {"hostname", "mail.example.com"},
                              {"kind", "domain"},
                              {"max_age", "1m30s"},
                              {"debug", "true"},
                              {"more", "1"},
                              {"more", "2"}});
  REQUIRE(question);
  CHECK(question->target == "mx1.example.com:587");
  CHECK(question->module == "strict");
  CHECK(question->hostname == "mail.example.com");
  CHECK(question->is_domain == true);
  CHECK(question->max_age == 90s);
  CHECK_FALSE(question->limit);
}

TEST_CASE("what is not there is not asked for") {
  const auto question = Read({{"target", "mx"}, {"kind", ""}, {"max_age", ""}});
  REQUIRE(question);
  CHECK(question->module.empty());
  CHECK(question->hostname.empty());
  CHECK_FALSE(question->is_domain);
  CHECK_FALSE(question->max_age);
  CHECK(Read({{"kind", "host"}})->is_domain == false);
  // Whether that will do is not for the reader to say.
  CHECK(Read({})->target.empty());
}

TEST_CASE("the scrape's time-out less the offset is the limit") {
  CHECK(LimitOf("10") == 9500ms);
  CHECK(LimitOf("10.000000") == 9500ms);
  CHECK(LimitOf("0.75") == 250ms);
  CHECK(LimitOf("1e1") == 9500ms);
  // Nothing is left: then the module's own time-out counts.
  CHECK_FALSE(LimitOf("0.5"));
  CHECK_FALSE(LimitOf("0.1"));
  CHECK_FALSE(LimitOf("0"));
}

TEST_CASE("what cannot be read is refused") {
  struct Case {
    Fields arguments;
    std::string sentence;
  };
  const Case cases[] = {
      {{{"kind", "mx"}}, "kind: must be host or domain"},
      {{{"kind", "Domain"}}, "kind: must be host or domain"},
      {{{"max_age", "30"}}, "max_age: must be a duration such as 30s"},
      {{{"max_age", "-1s"}}, "max_age: must be a duration such as 30s"},
      {{{"target", "a"}, {"target", "b"}}, "target: is given twice"},
      {{{"target", "a"}, {"target", ""}}, "target: is given twice"},
      {{{"module", "a"}, {"module", "a"}}, "module: is given twice"},
      {{{"hostname", "a"}, {"hostname", "a"}}, "hostname: is given twice"},
      {{{"kind", "host"}, {"kind", "host"}}, "kind: is given twice"},
      {{{"max_age", "1s"}, {"max_age", "1s"}}, "max_age: is given twice"},
      {{{"debug", "true"}, {"debug", "true"}}, "debug: is given twice"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.sentence);
    const auto question = Read(one.arguments);
    REQUIRE_FALSE(question);
    CHECK(question.error().status == 400);
    CHECK(question.error().sentence == one.sentence);
    CHECK_FALSE(question.error().retry_after);
  }
  for (const char* seconds :
       {"x", "10s", "-1", "nan", "inf", "1e9", " 10", "10, 10", "0x10"}) {
    CAPTURE(seconds);
    const auto question =
        Read({}, {{"x-prometheus-scrape-timeout-seconds", seconds}});
    REQUIRE_FALSE(question);
    CHECK(question.error().status == 400);
    CHECK(question.error().sentence ==
          "X-Prometheus-Scrape-Timeout-Seconds: is no number of seconds");
  }
}

}  // namespace
}  // namespace exporter
