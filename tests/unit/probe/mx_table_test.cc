#include "probe/mx_table.h"

#include <uv.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/checked_loop.h"
#include "tests/support/fake_resolver.h"

namespace probe {
namespace {

using namespace std::chrono_literals;
using tests::Failed;
using tests::FoundMx;
using tests::NextTimer;
using tests::RunUntil;

constexpr char kDomain[] = "example.org";

struct Fixture {
  explicit Fixture(const CacheTimes& times_in = {.min_ttl = 1ms,
                                                 .max_ttl = 1h,
                                                 .failure = 100s})
      : times(times_in) {
    table.SetResolver(&resolver);
  }

  // Until the domain's next answer.
  void Next() {
    const int before = answers;
    RunUntil(&checked.loop, [&] { return answers > before; });
  }
  void Next(const tests::Exchangers& answer) {
    resolver.SetMx(kDomain, answer);
    Next();
  }

  const CacheTimes times;
  tests::CheckedLoop checked;
  tests::FakeResolver resolver{&checked.loop};
  int answers = 0;
  std::string last;
  MxTable table{&checked.loop, times,
                [this](const std::string& domain, bool /*changed*/) {
                  ++answers;
                  last = domain;
                }};
};

// "10 mx1, 20 mx2 ok": records, verdict, and whether it was answered.
std::string Show(const MxTable::Answer* answer) {
  if (answer == nullptr) return "unknown";
  std::string text;
  if (!answer->records) {
    text = "never ";
  } else if (answer->records->empty()) {
    text = "none ";
  } else {
    for (const MxRecord& record : *answer->records) {
      text += std::to_string(record.preference) + " " + record.host + " ";
    }
  }
  text += answer->failure ? Name(answer->failure->reason) : "ok";
  return answer->latest->answered ? text : text + "?";
}

const tests::Exchangers kMx1 = FoundMx({{10, "mx1.example.org"}});
const tests::Exchangers kNone = Failed(Reason::kNoAddress);
const tests::Exchangers kNoDomain = Failed(Reason::kDnsNotFound);
const tests::Exchangers kTimeout = Failed(Reason::kDnsTimeout);
const tests::Exchangers kServfail = Failed(Reason::kDnsFailure);

TEST_CASE("a domain is what its answers, one after the other, make of it") {
  struct Step {
    tests::Exchangers answer;
    std::string want;
  };
  struct Case {
    const char* name;
    std::vector<Step> steps;
  };
  const Case cases[] = {
      {"as answered, and changed",
       {{FoundMx({{20, "b"}, {10, "a"}}), "10 a 20 b ok"},
        {FoundMx({{10, "a"}}), "10 a ok"}}},
      {"no records is an answer (132)",
       {{kNone, "none ok"},
        {kMx1, "10 mx1.example.org ok"},
        {kNone, "none ok"}}},
      {"no such domain counts at once, and what was known stays (132)",
       {{kNoDomain, "never dns_not_found"},
        {kMx1, "10 mx1.example.org ok"},
        {kNoDomain, "10 mx1.example.org dns_not_found"},
        {kNone, "none ok"}}},
      {"SERVFAIL is never \"no MX\" (134)",
       {{kServfail, "never dns_failure?"},
        {kTimeout, "never dns_timeout?"},
        {kMx1, "10 mx1.example.org ok"}}},
      {"the first doubt is none, the second is",
       {{kMx1, "10 mx1.example.org ok"},
        {kTimeout, "10 mx1.example.org ok?"},
        {kServfail, "10 mx1.example.org dns_failure?"},
        {kMx1, "10 mx1.example.org ok"},
        {kServfail, "10 mx1.example.org ok?"}}},
      {"a doubt after \"no such domain\" is no news",
       {{kMx1, "10 mx1.example.org ok"},
        {kNoDomain, "10 mx1.example.org dns_not_found"},
        {kTimeout, "10 mx1.example.org dns_not_found?"},
        {kTimeout, "10 mx1.example.org dns_timeout?"}}},
      {"a doubt about a domain without records",
       {{kNone, "none ok"},
        {kTimeout, "none ok?"},
        {kTimeout, "none dns_timeout?"}}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    // All due at once: only the verdicts are looked at.
    Fixture f({.min_ttl = 1ms, .max_ttl = 1ms, .failure = 1ms});
    f.table.Add(kDomain);
    CHECK(Show(f.table.Find(kDomain)) == "unknown");
    for (const Step& step : one.steps) {
      f.Next(step.answer);
      CHECK(Show(f.table.Find(kDomain)) == step.want);
      CHECK(f.last == kDomain);
    }
  }
}

TEST_CASE("how soon a domain is asked again depends on what is known") {
  struct Case {
    const char* name;
    tests::Exchangers answer;
    Duration max_ttl, want;
  };
  const std::vector<MxRecord> records = {{10, "mx1.example.org"}};
  const Case cases[] = {
      {"its TTL", FoundMx(records, 300s), 1000s, 300s},
      {"not below", FoundMx(records, 0s), 1000s, 10s},
      {"not beyond", FoundMx(records, 24h), 1000s, 1000s},
      {"no records", kNone, 1000s, 400s},
      {"no records, not beyond", kNone, 350s, 350s},
      {"no such domain", kNoDomain, 1000s, 100s},
      {"SERVFAIL", kServfail, 1000s, 100s},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    Fixture f({.min_ttl = 10s, .max_ttl = one.max_ttl, .failure = 100s});
    f.table.Add(kDomain);
    f.Next(one.answer);
    const Duration next = NextTimer(&f.checked.loop);
    CHECK(next <= one.want + 1ms);
    CHECK(next > one.want - 5s);
  }
}

TEST_CASE("a first doubt is resolved soon, a second one later") {
  Fixture f;
  f.table.Add(kDomain);
  f.Next(kMx1);
  f.Next(kTimeout);
  // min_ttl, or this would take 100 s.
  f.Next(kTimeout);
  CHECK(NextTimer(&f.checked.loop) > 90s);
}

TEST_CASE("a lookup has the time it took") {
  Fixture f;
  f.table.Add(kDomain);
  const Time asked = net::Now();
  RunUntil(&f.checked.loop, [&] { return net::Now() > asked + 20ms; });
  f.Next(kMx1);
  CHECK(f.table.Find(kDomain)->latest->took >= 19ms);
}

TEST_CASE("ten thousand domains take their turns") {
  Fixture f({.min_ttl = 1h, .max_ttl = 1h, .failure = 1h});
  for (int i = 0; i < 10'000; ++i) {
    const std::string domain = std::to_string(i) + ".example.org";
    f.resolver.SetMx(domain, kMx1);
    f.table.Add(domain);
  }
  RunUntil(&f.checked.loop, [&] { return f.answers == 10'000; });
  CHECK(f.resolver.most_waiting() <= kMaxLookups);
  CHECK(f.resolver.questions().size() == 10'000);
}

TEST_CASE("domains may leave while they are asked for, and come back") {
  Fixture f;
  f.table.Add(kDomain);
  f.table.Remove(kDomain);
  f.table.Remove(kDomain);
  f.table.Add("example.com");
  f.table.Add(kDomain);
  CHECK(f.resolver.waiting() == 3);
  f.Next(FoundMx({{10, "mx1.example.org"}}, 1h));
  RunUntil(&f.checked.loop, [&] { return f.resolver.waiting() == 1; });
  CHECK(f.answers == 1);
  CHECK(Show(f.table.Find(kDomain)) == "10 mx1.example.org ok");
  CHECK(f.table.Find("example.com") == nullptr);
}

TEST_CASE("a new resolver is asked what the old one has not answered") {
  Fixture f;
  f.table.Add(kDomain);
  tests::FakeResolver fresh(&f.checked.loop);
  f.table.SetResolver(&fresh);
  f.resolver.SetMx(kDomain, kNoDomain);
  RunUntil(&f.checked.loop, [&] { return f.resolver.waiting() == 0; });
  CHECK(Show(f.table.Find(kDomain)) == "unknown");
  fresh.SetMx(kDomain, FoundMx({{10, "mx1.example.org"}}, 1h));
  f.Next();
  CHECK(Show(f.table.Find(kDomain)) == "10 mx1.example.org ok");
  f.table.SetResolver(&f.resolver);
}

TEST_CASE("a table may go before its resolver, and a resolver before it") {
  for (const bool table_first : {true, false}) {
    tests::CheckedLoop checked;
    std::optional<tests::FakeResolver> resolver(&checked.loop);
    std::optional<MxTable> table;
    table.emplace(&checked.loop, CacheTimes(),
                  [](const std::string&, bool) { FAIL("nobody is there"); });
    table->SetResolver(&*resolver);
    table->Add(kDomain);
    if (table_first) {
      table.reset();
      resolver->SetMx(kDomain, kMx1);
      RunUntil(&checked.loop, [&] { return resolver->waiting() == 0; });
    } else {
      resolver.reset();
      table.reset();
    }
  }
}

}  // namespace
}  // namespace probe
