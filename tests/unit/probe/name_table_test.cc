#include "probe/name_table.h"

#include <uv.h>

#include <algorithm>
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
using tests::Found;
using tests::NextTimer;
using tests::RunUntil;

constexpr char kName[] = "mx.example.com";

// Good answers are due again at once, failures after a while.
constexpr CacheTimes kEager = {.min_ttl = 1ms, .max_ttl = 1h, .failure = 100s};

struct Fixture {
  explicit Fixture(const CacheTimes& times_in = kEager) : times(times_in) {
    table.SetResolver(&resolver);
  }

  // Until the name's next answer.
  void Next() {
    const int before = answers;
    RunUntil(&checked.loop, [&] { return answers > before; });
  }
  void Next(const tests::Addresses& ip4, const tests::Addresses& ip6) {
    resolver.SetHost(kName, ip4, ip6);
    Next();
  }

  const CacheTimes times;
  tests::CheckedLoop checked;
  tests::FakeResolver resolver{&checked.loop};
  int answers = 0;
  std::string last;
  NameTable table{&checked.loop, times,
                  [this](const std::string& name, bool /*changed*/) {
                    ++answers;
                    last = name;
                  }};
};

// "192.0.2.1 192.0.2.2 ok", "192.0.2.1 dns_timeout?": with a question mark when
// the latest lookup was not answered.
std::string Show(const NameTable::Family& family) {
  std::string text;
  for (const auto& [address, listed] : family.addresses) {
    text += address.ToString() + " ";
  }
  text += family.failure ? Name(family.failure->reason) : "ok";
  if (family.alias) text += " alias";
  if (!family.latest->answered) text += "?";
  return text;
}

std::string Show(const NameTable::Answer* answer) {
  if (answer == nullptr) return "unknown";
  return Show(answer->ip4) + " | " + Show(answer->ip6);
}

const tests::Addresses kNoSuch = Failed(Reason::kNoAddress);
const tests::Addresses kNoName = Failed(Reason::kDnsNotFound);
const tests::Addresses kTimeout = Failed(Reason::kDnsTimeout);
const tests::Addresses kServfail = Failed(Reason::kDnsFailure);
const tests::Addresses kOne = Found({"192.0.2.1"});
const tests::Addresses kSix = Found({"2001:db8::1"});

struct Step {
  tests::Addresses ip4;
  tests::Addresses ip6;
  std::string want;
};

TEST_CASE("a name is what its answers, one after the other, make of it") {
  struct Case {
    const char* name;
    std::vector<Step> steps;
  };
  const Case cases[] = {
      {"both families",
       {{Found({"192.0.2.2", "192.0.2.1"}), kSix,
         "192.0.2.1 192.0.2.2 ok | 2001:db8::1 ok"}}},
      {"IPv4 only", {{kOne, kNoSuch, "192.0.2.1 ok | no_address"}}},
      {"no such name", {{kNoName, kNoName, "dns_not_found | dns_not_found"}}},
      {"SERVFAIL without addresses counts at once",
       {{kServfail, kTimeout, "dns_failure? | dns_timeout?"}}},
      {"a doubt about a name without addresses counts at once",
       {{kNoName, kNoSuch, "dns_not_found | no_address"},
        {kTimeout, kServfail, "dns_timeout? | dns_failure?"}}},
      {"AAAA broken from the start",
       {{kOne, kServfail, "192.0.2.1 ok | dns_failure?"},
        {kOne, kTimeout, "192.0.2.1 ok | dns_timeout?"}}},
      {"an alias, and no more",
       {{tests::FoundAlias({"192.0.2.1"}), kNoSuch,
         "192.0.2.1 ok alias | no_address"},
        {kTimeout, kNoSuch, "192.0.2.1 ok alias? | no_address"},
        {kOne, kNoSuch, "192.0.2.1 ok | no_address"}}},
      {"the first doubt is none, the second is",
       {{kOne, kSix, "192.0.2.1 ok | 2001:db8::1 ok"},
        {kTimeout, kServfail, "192.0.2.1 ok? | 2001:db8::1 ok?"},
        {kServfail, kTimeout,
         "192.0.2.1 dns_failure? | 2001:db8::1 dns_timeout?"}}},
      {"a good answer between two doubts",
       {{kOne, kNoSuch, "192.0.2.1 ok | no_address"},
        {kTimeout, kNoSuch, "192.0.2.1 ok? | no_address"},
        {kOne, kNoSuch, "192.0.2.1 ok | no_address"},
        {kTimeout, kNoSuch, "192.0.2.1 ok? | no_address"}}},
      {"families doubt for themselves",
       {{kOne, kSix, "192.0.2.1 ok | 2001:db8::1 ok"},
        {kTimeout, kSix, "192.0.2.1 ok? | 2001:db8::1 ok"},
        {kOne, kTimeout, "192.0.2.1 ok | 2001:db8::1 ok?"}}},
      {"a doubt about a family that has none leaves its verdict",
       {{kOne, kNoSuch, "192.0.2.1 ok | no_address"},
        {kOne, kTimeout, "192.0.2.1 ok | no_address?"},
        {kOne, kTimeout, "192.0.2.1 ok | dns_timeout?"}}},
      {"a family withdrawn",
       {{kOne, kSix, "192.0.2.1 ok | 2001:db8::1 ok"},
        {kOne, kNoSuch, "192.0.2.1 ok | no_address"}}},
      {"a name that vanishes keeps its addresses",
       {{kOne, kSix, "192.0.2.1 ok | 2001:db8::1 ok"},
        {kNoName, kNoName,
         "192.0.2.1 dns_not_found | 2001:db8::1 dns_not_found"}}},
      {"no record here and a doubt there empty nothing",
       {{kOne, kSix, "192.0.2.1 ok | 2001:db8::1 ok"},
        {kTimeout, kNoSuch, "192.0.2.1 ok? | 2001:db8::1 no_address"}}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    // All due at once: only the verdicts are looked at.
    Fixture f({.min_ttl = 1ms, .max_ttl = 1ms, .failure = 1ms});
    f.table.Add(kName, Duration::zero());
    CHECK(Show(f.table.Find(kName)) == "unknown");
    for (const Step& step : one.steps) {
      f.Next(step.ip4, step.ip6);
      CHECK(Show(f.table.Find(kName)) == step.want);
      CHECK(f.last == kName);
    }
  }
}

TEST_CASE("how soon a name is asked again depends on what is known") {
  constexpr CacheTimes kTimes = {
      .min_ttl = 10s, .max_ttl = 1000s, .failure = 100s};
  struct Case {
    const char* name;
    tests::Addresses ip4, ip6;
    Duration want;
  };
  const Case cases[] = {
      {"its TTL", Found({"192.0.2.1"}, 300s), kNoSuch, 300s},
      {"the shorter TTL", Found({"192.0.2.1"}, 300s),
       Found({"2001:db8::1"}, 200s), 200s},
      {"not below", Found({"192.0.2.1"}, 0s), kNoSuch, 10s},
      {"not below zero", Found({"192.0.2.1"}, -5s), kNoSuch, 10s},
      {"not beyond", Found({"192.0.2.1"}, 24h), Found({"2001:db8::1"}, 24h),
       1000s},
      {"nothing at all", kNoSuch, kNoSuch, 100s},
      {"no such name", kNoName, kNoName, 100s},
      {"SERVFAIL", kServfail, kServfail, 100s},
      {"the first doubt", Found({"192.0.2.1"}, 300s), kServfail, 10s},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    Fixture f(kTimes);
    f.table.Add(kName, Duration::zero());
    f.Next(one.ip4, one.ip6);
    const Duration next = NextTimer(&f.checked.loop);
    CHECK(next <= one.want + 1ms);
    CHECK(next > one.want - 5s);
  }
}

TEST_CASE("a first doubt is resolved soon, a second one later") {
  Fixture f;
  f.table.Add(kName, Duration::zero());
  f.Next(kOne, kSix);
  f.Next(kTimeout, kTimeout);
  // min_ttl, or this would take 100 s.
  f.Next(kTimeout, kTimeout);
  CHECK(NextTimer(&f.checked.loop) > 90s);
}

TEST_CASE("a vanished name is asked again after the time of a failure") {
  Fixture f;
  f.table.Add(kName, Duration::zero());
  f.Next(kOne, kNoSuch);
  f.Next(kNoName, kNoName);
  CHECK(NextTimer(&f.checked.loop) > 90s);
}

TEST_CASE("an address that is not listed any more is kept as long as asked") {
  struct Case {
    Duration keep;
    std::string want;
  };
  for (const Case& one : {Case{1h, "192.0.2.1 192.0.2.2 ok | no_address"},
                          Case{0s, "192.0.2.2 ok | no_address"}}) {
    Fixture f;
    f.table.Add(kName, Duration::zero());
    f.table.Add(kName, one.keep);
    f.table.Add(kName, Duration::zero());
    f.Next(kOne, kNoSuch);
    f.Next(Found({"192.0.2.2"}), kNoSuch);
    CHECK(Show(f.table.Find(kName)) == one.want);
  }
}

TEST_CASE("a zone that rotates for ever does not grow a name for ever") {
  Fixture f;
  f.table.Add(kName, 24h);
  tests::Addresses flood = Found({});
  for (int i = 0; i < 5'000; ++i) {
    flood->addresses.push_back(
        IpAddress::FromIp4({10, 1, static_cast<std::uint8_t>(i / 256),
                            static_cast<std::uint8_t>(i % 256)}));
  }
  f.Next(Found({"10.0.0.1"}), kNoSuch);
  f.Next(flood, kNoSuch);
  const auto first = f.table.Find(kName)->ip4.addresses;
  CHECK(first.size() == 40);
  // The same whatever the order, and no old one in place of a new one.
  std::ranges::reverse(flood->addresses);
  f.Next(flood, kNoSuch);
  const auto second = f.table.Find(kName)->ip4.addresses;
  REQUIRE(second.size() == 40);
  for (const auto& [address, listed] : second) CHECK(first.contains(address));
  CHECK(first.begin()->first.ToString() == "10.1.0.0");
}

TEST_CASE("each family has the time of its own lookup") {
  Fixture f;
  f.table.Add(kName, Duration::zero());
  f.resolver.SetA(kName, kOne);
  RunUntil(&f.checked.loop, [&] { return f.resolver.waiting() == 1; });
  const Time ip4_known = net::Now();
  RunUntil(&f.checked.loop, [&] { return net::Now() > ip4_known + 20ms; });
  CHECK(f.table.Find(kName) == nullptr);
  f.resolver.SetAaaa(kName, kSix);
  f.Next();
  const NameTable::Answer& answer = *f.table.Find(kName);
  CHECK(answer.ip4.latest->took > Duration::zero());
  CHECK(answer.ip6.latest->took - answer.ip4.latest->took >= 19ms);
  CHECK(answer.took == answer.ip6.latest->took);
}

TEST_CASE("ten thousand names take their turns") {
  Fixture f({.min_ttl = 1h, .max_ttl = 1h, .failure = 1h});
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "mx" + std::to_string(i) + ".example.com";
    f.resolver.SetHost(name, kOne, kNoSuch);
    f.table.Add(name, Duration::zero());
  }
  RunUntil(&f.checked.loop, [&] { return f.answers == 10'000; });
  CHECK(f.resolver.most_waiting() <= 2 * kMaxLookups);
  CHECK(f.resolver.questions().size() == 20'000);
}

TEST_CASE("names may leave while they are asked for, and come back") {
  Fixture f({.min_ttl = 1h, .max_ttl = 1h, .failure = 1h});
  for (int i = 0; i < 1'000; ++i) {
    f.table.Add("mx" + std::to_string(i) + ".example.com", Duration::zero());
  }
  for (int i = 0; i < 1'000; ++i) {
    f.table.Remove("mx" + std::to_string(i) + ".example.com");
  }
  f.table.Remove("never.example.com");
  CHECK(f.resolver.waiting() == 2 * kMaxLookups);
  f.table.Add("mx0.example.com", Duration::zero());
  for (int i = 0; i < 100; ++i) {
    const std::string name = "mx" + std::to_string(i) + ".example.com";
    f.resolver.SetHost(name, kOne, kNoSuch);
  }
  f.Next();
  CHECK(f.last == "mx0.example.com");
  CHECK(f.answers == 1);
  CHECK(f.resolver.questions().size() == 2 * kMaxLookups + 2);
}

TEST_CASE("a name may be removed by whoever is told of it") {
  tests::CheckedLoop checked;
  tests::FakeResolver resolver(&checked.loop);
  std::optional<NameTable> table;
  int answers = 0;
  table.emplace(&checked.loop, kEager, [&](const std::string& name, bool) {
    ++answers;
    table->Remove(name);
    CHECK(table->Find(name) == nullptr);
  });
  table->SetResolver(&resolver);
  table->Add(kName, Duration::zero());
  resolver.SetHost(kName, kOne, kNoSuch);
  RunUntil(&checked.loop, [&] { return answers == 1; });
  CHECK(resolver.waiting() == 0);
}

TEST_CASE("a new resolver is asked what the old one has not answered") {
  Fixture f;
  f.table.Add(kName, Duration::zero());
  f.resolver.SetA(kName, Found({"192.0.2.66"}));
  RunUntil(&f.checked.loop, [&] { return f.resolver.waiting() == 1; });
  tests::FakeResolver fresh(&f.checked.loop);
  f.table.SetResolver(&fresh);
  CHECK(fresh.waiting() == 2);
  // The late answer of the old one is nobody's.
  f.resolver.SetAaaa(kName, Found({"2001:db8::66"}));
  fresh.SetHost(kName, Found({"192.0.2.1"}, 1h), kNoSuch);
  f.Next();
  RunUntil(&f.checked.loop, [&] { return f.resolver.waiting() == 0; });
  CHECK(Show(f.table.Find(kName)) == "192.0.2.1 ok | no_address");
  CHECK(f.answers == 1);
  f.table.SetResolver(&f.resolver);
}

TEST_CASE("a table may go before its resolver, and a resolver before it") {
  for (const bool table_first : {true, false}) {
    tests::CheckedLoop checked;
    std::optional<tests::FakeResolver> resolver(&checked.loop);
    std::optional<NameTable> table;
    table.emplace(&checked.loop, kEager,
                  [](const std::string&, bool) { FAIL("nobody is there"); });
    table->SetResolver(&*resolver);
    for (int i = 0; i < 300; ++i) {
      table->Add("mx" + std::to_string(i) + ".example.com", Duration::zero());
    }
    if (!table_first) {
      resolver.reset();
      table.reset();
      continue;
    }
    table.reset();
    for (int i = 0; i < 300; ++i) {
      resolver->SetHost("mx" + std::to_string(i) + ".example.com", kOne, kSix);
    }
    RunUntil(&checked.loop, [&] { return resolver->waiting() == 0; });
  }
}

}  // namespace
}  // namespace probe
