#include "probe/reverse_table.h"

#include <uv.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/checked_loop.h"
#include "tests/support/fake_resolver.h"

namespace probe {
namespace {

using namespace std::chrono_literals;
using tests::Failed;
using tests::Found;
using tests::FoundNames;
using tests::NextTimer;
using tests::RunUntil;

IpAddress Ip(std::string_view text) { return IpAddress::Parse(text).value(); }

const IpAddress kAddress = Ip("192.0.2.1");

// All due at once.
constexpr CacheTimes kEager = {.min_ttl = 1ms, .max_ttl = 1ms, .failure = 1ms};
constexpr CacheTimes kPatient = {.min_ttl = 1h, .max_ttl = 1h, .failure = 1h};

struct Fixture {
  explicit Fixture(const CacheTimes& times_in = kEager) : times(times_in) {
    table.SetResolver(&resolver);
  }

  // Until the next answer about an address.
  void Next() {
    const int before = answers;
    RunUntil(&checked.loop, [&] { return answers > before; });
  }

  const CacheTimes times;
  tests::CheckedLoop checked;
  tests::FakeResolver resolver{&checked.loop};
  int answers = 0;
  std::optional<IpAddress> last;
  ReverseVerdict settled{};  // As told with the last answer.
  ReverseTable table{&checked.loop, times,
                     [this](const IpAddress& address, ReverseVerdict before) {
                       ++answers;
                       last = address;
                       settled = before;
                     }};
};

// "1 a.example b.example", "- unknown?": the match, the names, and a question
// mark when the PTR lookup was not answered.
std::string Show(const std::shared_ptr<const Reverse>& reverse) {
  if (reverse == nullptr) return "nothing";
  std::string text = reverse->match ? *reverse->match ? "1" : "0" : "-";
  if (!reverse->names) text += " unknown";
  for (const std::string& name :
       reverse->names.value_or(std::vector<std::string>())) {
    text += " " + name;
  }
  return reverse->latest.answered ? text : text + "?";
}

const tests::ReverseNames kA = FoundNames({"a.example"});
const tests::ReverseNames kAb = FoundNames({"a.example", "b.example"});
const tests::Addresses kUs = Found({"192.0.2.7", "192.0.2.1"});
const tests::Addresses kOther = Found({"192.0.2.66"});
const auto kNoData = Failed(Reason::kNoAddress);
const auto kNoName = Failed(Reason::kDnsNotFound);
const auto kTimeout = Failed(Reason::kDnsTimeout);
const auto kServfail = Failed(Reason::kDnsFailure);

// What DNS says; `a` and `b` of the names a.example and b.example.
struct Step {
  tests::ReverseNames names;
  tests::Addresses a;
  tests::Addresses b;
  std::string want;
};

void Play(const IpAddress& address, const std::vector<Step>& steps) {
  Fixture f;
  const std::string plain = address.Unmapped().ToString();
  const bool ip6 = address.Unmapped().is_ip6();
  f.table.Add(address);
  CHECK(Show(f.table.Find(address)) == "- unknown?");
  for (const Step& step : steps) {
    // Answers of the other family are nobody's business.
    const tests::Addresses wrong = Failed(Reason::kInternal);
    f.resolver.SetHost("a.example", ip6 ? wrong : step.a, ip6 ? step.a : wrong);
    f.resolver.SetHost("b.example", ip6 ? wrong : step.b, ip6 ? step.b : wrong);
    f.resolver.SetPtr(plain, step.names);
    f.Next();
    CHECK(Show(f.table.Find(address)) == step.want);
    CHECK(f.last == address);
  }
}

TEST_CASE("an address matches when one of its names leads back to it") {
  struct Case {
    const char* name;
    Step step;
  };
  const Case cases[] = {
      {"150: it does", {kA, kUs, kNoName, "1 a.example"}},
      {"150: the second does", {kAb, kOther, kUs, "1 a.example b.example"}},
      {"the second does, the first is unknown",
       {kAb, kTimeout, kUs, "1 a.example b.example"}},
      {"the second does, the first does not exist",
       {kAb, kNoName, kUs, "1 a.example b.example"}},
      {"151: no such name", {kNoName, kUs, kUs, "0"}},
      {"151: no PTR record", {kNoData, kUs, kUs, "0"}},
      {"151: SERVFAIL", {kServfail, kUs, kUs, "- unknown?"}},
      {"151: a timeout", {kTimeout, kUs, kUs, "- unknown?"}},
      {"153: it leads elsewhere", {kA, kOther, kUs, "0 a.example"}},
      {"153: it leads nowhere", {kA, kNoData, kUs, "0 a.example"}},
      {"all lead elsewhere", {kAb, kOther, kNoName, "0 a.example b.example"}},
      {"one leads elsewhere, one is unknown",
       {kAb, kOther, kServfail, "- a.example b.example"}},
      {"156: no name is a host name", {FoundNames({}), kUs, kUs, "0"}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    Play(kAddress, {one.step});
  }
}

TEST_CASE("an address is looked up in its own family") {
  const tests::Addresses six = Found({"2001:db8::1"});
  Play(Ip("2001:db8::1"), {{kA, six, six, "1 a.example"}});
  Play(Ip("2001:db8::2"), {{kA, six, six, "0 a.example"}});
  // 154: IPv4 in IPv6 form is IPv4.
  Play(Ip("::ffff:192.0.2.1"), {{kA, kUs, kUs, "1 a.example"}});
}

TEST_CASE("later answers change what is known, doubts do not") {
  struct Case {
    const char* name;
    std::vector<Step> steps;
  };
  const Case cases[] = {
      {"the resolver fails, for long",
       {{kA, kUs, kNoName, "1 a.example"},
        {kTimeout, kUs, kNoName, "1 a.example?"},
        {kServfail, kUs, kNoName, "1 a.example?"},
        {kA, kOther, kNoName, "0 a.example"},
        {kTimeout, kOther, kNoName, "0 a.example?"}}},
      {"no name stays no name",
       {{kNoName, kUs, kUs, "0"}, {kTimeout, kUs, kUs, "0?"}}},
      {"the way back fails",
       {{kA, kUs, kNoName, "1 a.example"},
        {kA, kTimeout, kNoName, "1 a.example"},
        {kA, kOther, kNoName, "0 a.example"},
        {kA, kTimeout, kNoName, "0 a.example"}}},
      {"the way back of another name fails",
       {{kA, kUs, kNoName, "1 a.example"},
        {FoundNames({"b.example"}), kUs, kTimeout, "- b.example"}}},
      {"the name is gone for certain",
       {{kA, kUs, kNoName, "1 a.example"}, {kNoName, kUs, kNoName, "0"}}},
      {"known at last",
       {{kTimeout, kUs, kUs, "- unknown?"},
        {kA, kTimeout, kUs, "- a.example"},
        {kA, kUs, kUs, "1 a.example"}}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    Play(kAddress, one.steps);
  }
}

TEST_CASE("the verdict before a lookup is the last one that was settled") {
  using enum ReverseVerdict;
  struct Said {
    tests::ReverseNames names;
    tests::Addresses a;
    ReverseVerdict now;  // As far as it is known.
  };
  Fixture f;
  f.table.Add(kAddress);
  ReverseVerdict settled = kUnknown;
  const tests::ReverseNames b = FoundNames({"b.example"});
  f.resolver.SetA("b.example", kTimeout);
  for (const Said& said :
       {Said{kServfail, kUs, kUnknown}, Said{kA, kTimeout, kUnknown},
        Said{kA, kUs, kLeadsBack}, Said{kTimeout, kUs, kLeadsBack},
        // Another name, of which it is not known where it leads.
        Said{b, kUs, kUnknown}, Said{kA, kUs, kLeadsBack},
        Said{kA, kOther, kLeadsElsewhere}, Said{kA, kNoName, kLeadsElsewhere},
        Said{kNoData, kUs, kNone}, Said{FoundNames({}), kUs, kNone},
        Said{b, kUs, kUnknown}, Said{kA, kUs, kLeadsBack}}) {
    f.resolver.SetA("a.example", said.a);
    f.resolver.SetPtr("192.0.2.1", said.names);
    f.Next();
    CHECK(VerdictOf(*f.table.Find(kAddress)) == said.now);
    CHECK(f.settled == settled);
    if (said.now != kUnknown) settled = said.now;
  }
}

TEST_CASE("names are asked for absolutely, in turn, until one leads back") {
  Fixture f(kPatient);
  f.resolver.SetPtr("192.0.2.1",
                    FoundNames({"a.example", "b.example", "c.example"}));
  f.resolver.SetA("a.example", kOther);
  f.resolver.SetA("b.example", kUs);
  f.table.Add(kAddress);
  f.Next();
  using Question = tests::FakeResolver::Question;
  CHECK(f.resolver.questions() ==
        std::vector<Question>{{RecordType::kPtr, "192.0.2.1"},
                              {RecordType::kA, "a.example."},
                              {RecordType::kA, "b.example."}});
}

TEST_CASE("what is known of an address is told in place") {
  Fixture f;
  f.resolver.SetPtr("192.0.2.1", kA);
  f.resolver.SetA("a.example", kUs);
  f.table.Add(kAddress);
  f.Next();
  const auto first = f.table.Find(kAddress);
  f.Next();
  CHECK(f.table.Find(kAddress) == first);
  f.resolver.SetPtr("192.0.2.1", kTimeout);
  f.Next();
  CHECK(Show(first) == "1 a.example?");
  f.resolver.SetPtr("192.0.2.1", kAb);
  f.Next();
  CHECK(f.table.Find(kAddress) == first);
  CHECK(first->names == std::vector<std::string>{"a.example", "b.example"});
}

TEST_CASE("how soon an address is asked again depends on what is known") {
  struct Case {
    const char* name;
    tests::ReverseNames names;
    tests::Addresses a;
    Duration want;
  };
  const auto named = [](Duration ttl) {
    return FoundNames({"a.example"}, ttl);
  };
  const auto ours = [](Duration ttl) { return Found({"192.0.2.1"}, ttl); };
  const Case cases[] = {
      {"the TTL of the name", named(300s), ours(500s), 300s},
      {"the TTL of the address", named(500s), ours(300s), 300s},
      {"not below", named(0s), ours(300s), 10s},
      {"not beyond", named(24h), ours(24h), 1000s},
      {"no name", kNoName, kNoName, 1000s},
      {"the name leads nowhere", named(300s), kNoName, 300s},
      {"the name is unknown", kServfail, kNoName, 100s},
      {"the way back is unknown", named(300s), kServfail, 100s},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    Fixture f({.min_ttl = 10s, .max_ttl = 1000s, .failure = 100s});
    f.resolver.SetPtr("192.0.2.1", one.names);
    f.resolver.SetA("a.example", one.a);
    f.table.Add(kAddress);
    f.Next();
    const Duration next = NextTimer(&f.checked.loop);
    CHECK(next <= one.want + 1ms);
    CHECK(next > one.want - 5s);
  }
}

TEST_CASE("each fact is as old as the answer that settled it") {
  constexpr CacheTimes kTimes = {
      .min_ttl = 1ms, .max_ttl = 1000s, .failure = 1ms};
  Fixture f(kTimes);
  f.resolver.SetPtr("192.0.2.1", kA);
  f.resolver.SetA("a.example", kUs);
  const Time start = net::Now();
  f.table.Add(kAddress);
  f.Next();
  const auto reverse = f.table.Find(kAddress);
  CHECK(reverse->match_until >= start + 1ms);
  CHECK(reverse->match_until <= net::Now() + 1ms);
  CHECK(reverse->names_until == reverse->match_until);

  // Nothing is settled.
  const Reverse before = *reverse;
  f.resolver.SetPtr("192.0.2.1", kServfail);
  f.Next();
  CHECK(reverse->match == true);
  CHECK(reverse->match_until == before.match_until);
  CHECK(reverse->names_until == before.names_until);

  // The names are, the way back is not.
  f.resolver.SetPtr("192.0.2.1", kA);
  f.resolver.SetA("a.example", kTimeout);
  f.Next();
  CHECK(reverse->match == true);
  CHECK(reverse->match_until == before.match_until);
  CHECK(reverse->names_until > before.names_until);

  // That there is none settles both, for as long as it is kept.
  f.resolver.SetPtr("192.0.2.1", kNoName);
  f.Next();
  CHECK(reverse->match == false);
  CHECK(reverse->match_until > net::Now() + 900s);
  CHECK(reverse->names_until == reverse->match_until);
}

TEST_CASE("the time is that of the PTR lookup alone") {
  Fixture f(kPatient);
  const Time before = net::Now();
  f.table.Add(kAddress);
  const Time asked = net::Now();
  RunUntil(&f.checked.loop, [&] { return net::Now() > asked + 20ms; });
  f.resolver.SetPtr("192.0.2.1", kA);
  RunUntil(&f.checked.loop, [&] { return f.resolver.questions().size() == 2; });
  const Duration at_most = net::Now() - before;
  RunUntil(&f.checked.loop,
           [&] { return net::Now() > asked + 60ms + at_most; });
  f.resolver.SetA("a.example", kUs);
  f.Next();
  const Duration took = f.table.Find(kAddress)->latest.took;
  CHECK(took >= 19ms);
  CHECK(took <= at_most);
}

TEST_CASE("ten thousand addresses take their turns") {
  Fixture f(kPatient);
  for (int i = 0; i < 10'000; ++i) {
    const IpAddress address =
        IpAddress::FromIp4({10, 0, static_cast<std::uint8_t>(i / 256),
                            static_cast<std::uint8_t>(i % 256)});
    f.resolver.SetPtr(address.ToString(), kAb);
    f.table.Add(address);
    f.table.Add(address);
  }
  f.resolver.SetA("a.example", kOther);
  f.resolver.SetA("b.example", kOther);
  RunUntil(&f.checked.loop, [&] { return f.answers == 10'000; });
  // Names in turn, so that an address is one question at any time.
  CHECK(f.resolver.most_waiting() <= kMaxLookups);
  CHECK(f.resolver.questions().size() == 30'000);
}

TEST_CASE("addresses may leave at any step of a lookup, and come back") {
  Fixture f(kPatient);
  f.table.Add(kAddress);
  f.table.Remove(kAddress);
  f.table.Remove(Ip("192.0.2.99"));
  f.resolver.SetPtr("192.0.2.1", kA);
  RunUntil(&f.checked.loop, [&] { return f.resolver.waiting() == 0; });
  CHECK(f.resolver.questions().size() == 1);
  CHECK(f.table.Find(kAddress) == nullptr);

  f.table.Add(kAddress);
  RunUntil(&f.checked.loop,
           [&] { return f.resolver.Count(RecordType::kA, "a.example.") == 1; });
  f.table.Remove(kAddress);
  f.table.Add(kAddress);
  f.resolver.SetA("a.example", kUs);
  f.Next();
  CHECK(Show(f.table.Find(kAddress)) == "1 a.example");
  CHECK(f.answers == 1);
}

TEST_CASE("an address may be removed by whoever is told of it") {
  tests::CheckedLoop checked;
  tests::FakeResolver resolver(&checked.loop);
  std::optional<ReverseTable> table;
  int answers = 0;
  table.emplace(&checked.loop, kEager,
                [&](const IpAddress& address, ReverseVerdict) {
                  ++answers;
                  table->Remove(address);
                  CHECK(table->Find(address) == nullptr);
                });
  table->SetResolver(&resolver);
  table->Add(kAddress);
  resolver.SetPtr("192.0.2.1", kNoName);
  RunUntil(&checked.loop, [&] { return answers == 1; });
  CHECK(resolver.waiting() == 0);
}

TEST_CASE("a new resolver is asked from the beginning") {
  Fixture f(kPatient);
  f.resolver.SetPtr("192.0.2.1", kA);
  f.table.Add(kAddress);
  RunUntil(&f.checked.loop, [&] { return f.resolver.questions().size() == 2; });
  tests::FakeResolver fresh(&f.checked.loop);
  f.table.SetResolver(&fresh);
  CHECK(fresh.Count(RecordType::kPtr, "192.0.2.1") == 1);
  // The late answer of the old one is nobody's.
  f.resolver.SetA("a.example", kUs);
  RunUntil(&f.checked.loop, [&] { return f.resolver.waiting() == 0; });
  CHECK(Show(f.table.Find(kAddress)) == "- unknown?");
  fresh.SetPtr("192.0.2.1", FoundNames({"b.example"}));
  fresh.SetA("b.example", kOther);
  f.Next();
  CHECK(Show(f.table.Find(kAddress)) == "0 b.example");
  CHECK(f.answers == 1);
  f.table.SetResolver(&f.resolver);
}

TEST_CASE("a table may go before its resolver, and a resolver before it") {
  for (const bool table_first : {true, false}) {
    tests::CheckedLoop checked;
    std::optional<tests::FakeResolver> resolver(&checked.loop);
    std::optional<ReverseTable> table;
    table.emplace(
        &checked.loop, CacheTimes(),
        [](const IpAddress&, ReverseVerdict) { FAIL("nobody is there"); });
    table->SetResolver(&*resolver);
    // One waits for its names, one for the addresses of a name.
    resolver->SetPtr("192.0.2.2", kA);
    table->Add(kAddress);
    table->Add(Ip("192.0.2.2"));
    RunUntil(&checked.loop, [&] { return resolver->questions().size() == 3; });
    if (table_first) {
      table.reset();
      resolver->SetPtr("192.0.2.1", kA);
      resolver->SetA("a.example", kUs);
      RunUntil(&checked.loop, [&] { return resolver->waiting() == 0; });
    } else {
      resolver.reset();
      table.reset();
    }
  }
}

}  // namespace
}  // namespace probe
