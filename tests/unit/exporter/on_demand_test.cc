// Who asks for what, and what comes of it; a real watcher holds the
// conversations.
#include "exporter/on_demand.h"

#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/exporter/watching.h"

namespace exporter {
namespace {

using namespace std::chrono_literals;
using tests::Watching;
using Outcome = std::expected<Report, OnDemand::Refusal>;

// Asks, and keeps what comes.
class Asker {
 public:
  explicit Asker(Watching& watching) : watching_(watching) {}
  ~Asker() {
    for (Asked& asked : asked_) {
      if (asked.number) watching_.on_demand().GiveUp(*asked.number);
    }
  }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  struct Asked {
    std::optional<Outcome> outcome;
    std::optional<Watcher::InquiryNumber> number;
  };

  Asked& Begin(OnDemand::Question question) {
    Asked& asked = asked_.emplace_back();
    question.target = watching_.Text(std::move(question.target));
    asked.number = watching_.on_demand().Ask(question, [&](Outcome outcome) {
      CHECK_FALSE(asked.outcome.has_value());
      asked.outcome = std::move(outcome);
    });
    return asked;
  }
  const Outcome& Ask(OnDemand::Question question) {
    Asked& asked = Begin(std::move(question));
    watching_.RunUntil([&] { return asked.outcome.has_value(); });
    return *asked.outcome;
  }
  const Outcome& AskFor(const std::string& target) {
    return Ask(OnDemand::Question{.target = target});
  }

 private:
  Watching& watching_;
  std::list<Asked> asked_;
};

// "200 resolve no_address", "403 this target is not permitted"
std::string Said(const Outcome& outcome) {
  if (!outcome) {
    return std::to_string(outcome.error().status) + ' ' +
           outcome.error().sentence;
  }
  std::string text = "200";
  REQUIRE(outcome->own_states);
  for (const auto& entry :
       metrics::TakeEntries(outcome->target(), *outcome->own_states)) {
    const auto& failure = entry.state->verdict.value().failure;
    text += ' ';
    text += failure ? Name(failure->phase) : "ok";
    if (failure) text.append(" ").append(Name(failure->reason));
  }
  return text;
}

constexpr const char* kForbidden = "403 this target is not permitted";
const std::string kForbiddenCount =
    "smtp_prober_on_demand_refusals_total{reason=\"forbidden\"}";
const std::string kProbes = "smtp_prober_on_demand_probes_total";

TEST_CASE("a question that makes no sense is told so") {
  Watching watching("on_demand: {any: true}");
  Asker asker(watching);
  struct Case {
    OnDemand::Question question;
    std::string said;
  };
  const std::string long_name = std::string(600, 'a');
  const Case cases[] = {
      {{.target = ""}, "400 Target parameter is missing"},
      {{.target = "mx1.example.com", .module = "http_2xx"},
       "400 Unknown module \"http_2xx\""},
      {{.target = "mx1.example.com", .module = "x\r\n<b>\x1b"},
       "400 Unknown module \"x\\x0d\\x0a<b>\\x1b\""},
      {{.target = "mx1.example.com:0"},
       "400 target: port 0 is out of range (1-65535)"},
      {{.target = "0x7f000001"},
       "400 target: \"0x7f000001\" is neither a host name nor an IPv4 address "
       "of four decimal numbers"},
      {{.target = "192.0.2.1", .is_domain = true},
       "400 target: \"192.0.2.1\" is an IP address, and only a name can be a "
       "domain"},
      {{.target = "mx1.example.com", .module = "smtp", .hostname = "a.example"},
       "400 hostname: has no meaning while mode is none"},
      {{.target = "mx1.example.com",
        .module = "other",
        .hostname = "-.example"},
       "400 hostname: \"-.example\" is not a host name: a part of it begins or "
       "ends with a hyphen"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.said);
    CHECK(Said(asker.Ask(one.question)) == one.said);
  }
  for (const std::string& text :
       {std::string("a b.example"), std::string(" a.example"),
        std::string("a.example\n"), std::string("a.example\r\nRSET"),
        std::string("a\0.example", 10), std::string("a\x7f.example"),
        std::string("user@a.example"), std::string("smtp://a.example"),
        std::string("a.example/24"), std::string("\ta.example"), long_name}) {
    CAPTURE(text);
    CHECK(Said(asker.AskFor(text)) ==
          "400 target: is neither a host name nor an address");
    CHECK(Said(asker.Ask({.target = "a.example", .hostname = text})) ==
          "400 hostname: is no host name");
  }
  CHECK(watching.SelfMetric("smtp_prober_module_unknown_total") == "2");
  CHECK(watching.SelfMetric(kProbes) == "0");
}

TEST_CASE("only the configured targets are probed by default") {
  Watching watching("targets: ['127.0.0.1:%PORT']",
                    {{"mx.example.net", {"127.0.0.1"}}});
  Asker asker(watching);
  for (const char* stranger :
       {"127.0.0.2:%PORT", "127.0.0.1:25", "[::ffff:127.0.0.1]:%PORT",
        "mx.example.net:%PORT", "localhost:%PORT", "8.8.8.8"}) {
    CAPTURE(stranger);
    CHECK(Said(asker.AskFor(stranger)) == kForbidden);
  }
  // What is not permitted is not even looked up.
  CHECK(watching.Questions("mx.example.net") == 0);
  CHECK(watching.Questions("localhost") == 0);
  CHECK(watching.mail().connections() == 0);
  CHECK(watching.SelfMetric(kForbiddenCount) == "6");
  CHECK(watching.SelfMetric(kProbes) == "0");

  const Outcome& outcome = asker.AskFor("127.0.0.1:%PORT");
  CHECK(Said(outcome) == "200 ok");
  CHECK(watching.mail().connections() == 1);
  CHECK(outcome->target().labels.empty());
  CHECK(outcome->target().series[0].labels == R"(address="127.0.0.1")");
  CHECK(outcome->limit == 45s);
  CHECK(outcome->took > 0s);
  CHECK(watching.SelfMetric(kProbes) == "1");
}

TEST_CASE("a configured target is found however it is written") {
  Watching watching(
      "targets: ['mx.example.net:%PORT', '127.0.0.1:%PORT', '[::1]:%PORT']",
      {{"mx.example.net", {"127.0.0.1"}}});
  Asker asker(watching);
  for (const char* name : {"mx.example.net:%PORT", "MX.Example.NET:%PORT",
                           "mx.example.net.:%PORT", "127.0.0.1:%PORT"}) {
    CAPTURE(name);
    CHECK(Said(asker.AskFor(name)) == "200 ok");
  }
  CHECK(Said(asker.AskFor("[0:0::0:1]:%PORT")) == "200 connect refused");
  CHECK(Said(asker.AskFor("xmx.example.net:%PORT")) == kForbidden);
}

TEST_CASE("a configured target is no stranger while its name is looked up") {
  Watching watching("targets: ['mx.example.net:%PORT']",
                    {{"mx.example.net", {"?"}}});
  Asker asker(watching);
  CHECK(Said(asker.Ask({.target = "mx.example.net:%PORT", .limit = 100ms})) ==
        "200 resolve dns_timeout");
}

TEST_CASE("a domain is asked as a domain, and is no permission for the host") {
  // Its owner says where its name points: here.
  Watching watching("targets: [{domain: 'example.net:%PORT', module: other}]",
                    {{"example.net", {"127.0.0.1", "MX 10 mx.example.net"}},
                     {"mx.example.net", {"127.0.0.1"}}});
  Asker asker(watching);
  watching.RunUntil([&] { return !watching.page().series().empty(); });
  // Its exchanger is where a domain's have no business.
  CHECK(Said(asker.AskFor("example.net:%PORT")) == "200 resolve no_address");
  CHECK(Said(asker.Ask({.target = "example.net:%PORT", .module = "smtp"})) ==
        "200 resolve no_address");
  CHECK(Said(asker.Ask({.target = "example.net:%PORT", .is_domain = true})) ==
        "200 resolve no_address");
  CHECK(Said(asker.Ask(
            {.target = "example.net:%PORT", .hostname = "mx.example.net"})) ==
        "200 resolve no_address");
  CHECK(Said(asker.Ask({.target = "example.net:%PORT", .is_domain = false})) ==
        kForbidden);
  CHECK(watching.mail().connections() == 0);
}

TEST_CASE(
    "a host that skips private addresses skips them however it is asked") {
  Watching watching(
      "targets: [{host: 'mx.example.net:%PORT', private_addresses: skip}]",
      {{"mx.example.net", {"127.0.0.1"}}});
  Asker asker(watching);
  CHECK(Said(asker.AskFor("mx.example.net:%PORT")) == "200 resolve no_address");
  CHECK(Said(asker.Ask({.target = "mx.example.net:%PORT",
                        .module = "other"})) == "200 resolve no_address");
  CHECK(watching.mail().connections() == 0);
}

TEST_CASE("the module that is asked for counts, else the target's own") {
  Watching watching(
      "targets: [{host: 'mx.example.net:%PORT', module: other,"
      " expect: {starttls: true}}]",
      {{"mx.example.net", {"127.0.0.1"}}});
  Asker asker(watching);
  const Outcome& usual = asker.AskFor("mx.example.net:%PORT");
  REQUIRE(usual);
  CHECK(usual->target().target().module == "other");
  CHECK(usual->target().target().expect.starttls == true);
  const Outcome& named =
      asker.Ask({.target = "mx.example.net:%PORT", .module = "smtp"});
  REQUIRE(named);
  CHECK(named->target().target().module == "smtp");
  CHECK_FALSE(named->target().target().expect.starttls);
  const Outcome& with_name =
      asker.Ask({.target = "mx.example.net:%PORT", .hostname = "a.example"});
  REQUIRE(with_name);
  CHECK(with_name->target().target().module == "other");
}

TEST_CASE("a module does not move a configured target to another port") {
  Watching watching("targets: [{host: '127.0.0.1:25', module: away}]");
  Asker asker(watching);
  const Outcome& outcome =
      asker.Ask({.target = "127.0.0.1", .hostname = "a.example"});
  REQUIRE(outcome);
  CHECK(outcome->target().target().module == "away");
  CHECK(outcome->target().target().port == 25);
}

TEST_CASE("names and networks that are allowed") {
  Watching watching(
      "on_demand: {allow: ['*.example.net', 127.0.0.0/8], ports: [%PORT]}",
      {{"mx.example.net", {"127.0.0.1"}},
       {"mx.example.org", {"127.0.0.1"}},
       {"both.example.org", {"10.0.0.1", "127.0.0.1"}},
       {"inside.example.org", {"10.0.0.1"}},
       {"example.org", {"MX 10 mx.example.org", "MX 20 inside.example.org"}},
       {"inside.example", {"MX 10 inside.example.org"}},
       {"null.example", {"MX 0 ."}}});
  Asker asker(watching);
  for (const char* name :
       {"127.0.0.1:%PORT", "[::ffff:127.0.0.1]:%PORT", "mx.example.net:%PORT",
        "mx.example.org:%PORT", "both.example.org:%PORT"}) {
    CAPTURE(name);
    CHECK(Said(asker.AskFor(name)) == "200 ok");
  }
  CHECK(Said(asker.Ask({.target = "example.org:%PORT", .is_domain = true})) ==
        "200 ok resolve no_address");
  // A name that could only be let in by its address is refused alike, whether
  // it is there or not.
  for (const char* name : {"inside.example.org:%PORT", "nowhere.org:%PORT",
                           "mx.example.org:25", "10.0.0.1:%PORT"}) {
    CAPTURE(name);
    CHECK(Said(asker.AskFor(name)) == kForbidden);
  }
  for (const char* name :
       {"inside.example:%PORT", "null.example:%PORT", "nowhere.org:%PORT"}) {
    CAPTURE(name);
    CHECK(Said(asker.Ask({.target = name, .is_domain = true})) == kForbidden);
  }
}

TEST_CASE("a permitted name that leads inside looks like one that is not") {
  Watching watching(
      "on_demand: {any: true, ports: [%PORT]}",
      {{"inside.example.net", {"127.0.0.1"}},
       {"far.example.net", {"10.0.0.1", "::1"}},
       {"inside.example", {"MX 10 inside.example.net"}},
       {"far.example", {"MX 10 far.example.net", "MX 20 localhost"}}});
  Asker asker(watching);
  std::vector<std::string> details;
  for (const bool is_domain : {false, true}) {
    for (const std::string name : {"nowhere", "inside", "far"}) {
      const std::string target =
          name + (is_domain ? ".example:%PORT" : ".example.net:%PORT");
      CAPTURE(target);
      const Outcome& outcome =
          asker.Ask({.target = target, .is_domain = is_domain});
      CHECK(Said(outcome) == "200 resolve no_address");
      const auto entries =
          metrics::TakeEntries(outcome->target(), *outcome->own_states);
      REQUIRE(entries.size() == 1);
      details.push_back(entries[0].state->verdict->failure->detail);
      CHECK(details.back() == details.front());
    }
  }
  CHECK(watching.mail().connections() == 0);
  // Nor do our metrics tell.
  CHECK(watching.SelfMetric(kForbiddenCount) == "0");
}

TEST_CASE("a scheduled result serves who does not need a fresh one") {
  Watching watching("targets: [{host: '127.0.0.1:%PORT', interval: 1s}]");
  watching.RunUntilProbed();
  Asker asker(watching);
  const Outcome& served =
      asker.Ask({.target = "127.0.0.1:%PORT", .max_age = 1h});
  REQUIRE(served);
  CHECK(served->own_states == nullptr);
  CHECK(served->target().labels.empty());
  CHECK(served->limit == 45s);
  CHECK(served->took > 0s);
  CHECK(watching.SelfMetric(kProbes) == "0");
  // It is not what was asked for, or too old.
  CHECK(Said(asker.Ask(
            {.target = "127.0.0.1:%PORT", .module = "other", .max_age = 1h})) ==
        "200 ok");
  CHECK(Said(asker.Ask({.target = "127.0.0.1:%PORT", .max_age = 0s})) ==
        "200 ok");
  CHECK(watching.SelfMetric(kProbes) == "2");
}

TEST_CASE("without a scheduled result there is a fresh one") {
  Watching watching("targets: ['127.0.0.1:%PORT']");
  watching.RunUntilShown();
  Asker asker(watching);
  CHECK(Said(asker.Ask({.target = "127.0.0.1:%PORT", .max_age = 1h})) ==
        "200 ok");
}

TEST_CASE("so many at once, and no more") {
  Watching watching(
      "targets: [{host: '127.0.0.1:%PORT', interval: 1s}]\n"
      "on_demand: {concurrency: 2}");
  watching.RunUntilProbed();
  watching.deaf = true;
  Asker asker(watching);
  auto& first = asker.Begin({.target = "127.0.0.1:%PORT"});
  asker.Begin({.target = "127.0.0.1:%PORT"});
  const Outcome& third = asker.AskFor("127.0.0.1:%PORT");
  CHECK(Said(third) == "503 too many tests are running");
  CHECK(third.error().retry_after == kRetryAfterBusy);
  CHECK(watching.SelfMetric("smtp_prober_on_demand_refusals_total"
                            "{reason=\"concurrency\"}") == "1");
  // What is not permitted is not, however busy we are.
  CHECK(Said(asker.AskFor("127.0.0.2")) == kForbidden);
  // Nor does a scheduled result need a place.
  CHECK(asker.Ask({.target = "127.0.0.1:%PORT", .max_age = 1h}).has_value());
  watching.on_demand().GiveUp(*std::exchange(first.number, std::nullopt));
  CHECK(watching.watcher().inquiry_count() == 1);
  CHECK_FALSE(asker.Begin({.target = "127.0.0.1:%PORT"}).outcome.has_value());
}

TEST_CASE("so many per second, and no more") {
  const std::string config =
      "targets: ['127.0.0.1:%PORT']\non_demand: {rate: 1}";
  Watching watching(config);
  Asker asker(watching);
  std::string said;
  int good = 0;
  // Some may come in while they are held.
  while (good < 100 &&
         (said = Said(asker.AskFor("127.0.0.1:%PORT"))) == "200 ok") {
    ++good;
  }
  CHECK(good >= static_cast<int>(kBurstSeconds));
  CHECK(said == "429 too many tests are asked for");
  const Outcome& refused = asker.AskFor("127.0.0.1:%PORT");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().retry_after == kRetryAfterRate);
  // A reload is no new burst.
  watching.Configure(config);
  CHECK_FALSE(asker.AskFor("127.0.0.1:%PORT"));
  watching.Configure("targets: ['127.0.0.1:%PORT']\non_demand: {rate: 100}");
  CHECK(asker.AskFor("127.0.0.1:%PORT").has_value());
}

TEST_CASE("the shorter of the two limits counts") {
  Watching watching("targets: [{host: '127.0.0.1:%PORT', timeout: 400ms}]");
  watching.deaf = true;
  Asker asker(watching);
  const Outcome& hasty =
      asker.Ask({.target = "127.0.0.1:%PORT", .limit = 100ms});
  CHECK(Said(hasty) == "200 ehlo timeout");
  CHECK(hasty->limit == 100ms);
  const Outcome& patient =
      asker.Ask({.target = "127.0.0.1:%PORT", .limit = 1h});
  CHECK(Said(patient) == "200 ehlo timeout");
  CHECK(patient->limit == 400ms);
  CHECK(patient->took < 20s);
}

TEST_CASE("who gives up hears nothing, and the conversation ends") {
  Watching watching(
      "targets: [{host: '127.0.0.1:%PORT', timeouts: {ehlo: 300ms}}]");
  watching.deaf = true;
  Asker asker(watching);
  auto& asked = asker.Begin({.target = "127.0.0.1:%PORT"});
  watching.RunUntil([&] { return watching.mail().open() == 1; });
  watching.on_demand().GiveUp(*std::exchange(asked.number, std::nullopt));
  CHECK(watching.watcher().inquiry_count() == 0);
  watching.RunUntil([&] { return watching.mail().open() == 0; });
  CHECK_FALSE(asked.outcome.has_value());
}

}  // namespace
}  // namespace exporter
