#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/probe/ares_world.h"

namespace probe::dns {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::DnsAnswer;
using test::DnsQuestion;
using test::DnsRecord;

constexpr int kPtr = 12;
constexpr int kCname = 5;
constexpr const char* kName = "1.2.0.192.in-addr.arpa";

DnsRecord Ptr(const std::string& value, std::uint32_t ttl = 300,
              const std::string& owner = "") {
  return {.type = kPtr, .ttl = ttl, .value = value, .owner = owner};
}

std::string Text(const Answer<ReverseNames>& answer) {
  if (!answer) return test::Text(answer.error());
  std::string text;
  for (const std::string& name : answer->names) text += name + " ";
  return text + std::to_string(answer->ttl / seconds(1));
}

struct PtrCase {
  const char* title;
  std::vector<DnsRecord> records;
  const char* want;
};

TEST_CASE("PTR records") {
  const PtrCase cases[] = {
      {"one", {Ptr("MX1.Example.test", 60)}, "mx1.example.test 60"},
      {"sorted and unique",
       {Ptr("b.test"), Ptr("a.test"), Ptr("B.test")},
       "a.test b.test 300"},
      {"delegated by CNAME (RFC 2317)",
       {{.type = kCname, .ttl = 50, .value = "1.0-63.2.0.192.in-addr.arpa"},
        Ptr("a.test", 300, "1.0-63.2.0.192.in-addr.arpa")},
       "a.test 50"},
      {"of another address",
       {Ptr("evil.test", 300, "2.2.0.192.in-addr.arpa")},
       "no_address 1.2.0.192.in-addr.arpa: no PTR record"},
      {"none", {}, "no_address 1.2.0.192.in-addr.arpa: no PTR record"},
      // Case 156; "192.0.2.1" would be confirmed by itself.
      {"hostile names are skipped",
       {Ptr("<script>.test"),
        Ptr("a b.test"),
        Ptr("192.0.2.1"),
        Ptr("."),
        {.type = kPtr, .data = std::string("\3a.b\4test\0", 10)},
        {.type = kPtr, .data = std::string("\3a\0b\4test\0", 10)},
        Ptr("under_score-1.test")},
       "under_score-1.test 300"},
      {"nothing but hostile names", {Ptr("\"\n#.test", 90)}, "90"},
  };
  for (const PtrCase& test : cases) {
    INFO(test.title);
    test::AresWorld world([&](const DnsQuestion& question) {
      CHECK(question.name == kName);
      CHECK(question.type == kPtr);
      return DnsAnswer{.records = test.records};
    });
    CHECK(Text(world.AskPtr("192.0.2.1")) == test.want);
  }
}

TEST_CASE("why there is no PTR") {
  struct Case {
    DnsAnswer answer;
    Reason want;
  };
  const Case cases[] = {
      {test::kNotFound, Reason::kDnsNotFound},
      {{.code = 2}, Reason::kDnsFailure},
      {{.code = 5}, Reason::kDnsFailure},
      {{.silent = true}, Reason::kDnsTimeout},
  };
  for (const Case& test : cases) {
    test::AresWorld world(
        [&](const DnsQuestion&) { return test.answer; },
        {.servers = {}, .timeout = milliseconds(30), .tries = 1});
    const auto answer = world.AskPtr("192.0.2.1");
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().reason == test.want);
  }
}

TEST_CASE("of hundreds of names the first ones are kept") {
  test::AresWorld world([](const DnsQuestion& question) {
    DnsAnswer answer;
    answer.truncated = !question.tcp;
    for (int i = 500; question.tcp && i-- > 100;) {
      answer.records.push_back(Ptr("n" + std::to_string(i) + ".test"));
    }
    return answer;
  });
  CHECK(Text(world.AskPtr("192.0.2.1")) ==
        "n100.test n101.test n102.test n103.test n104.test n105.test "
        "n106.test n107.test n108.test n109.test 300");
  CHECK(world.server->questions().size() == 2);
}

TEST_CASE("each address has its place") {
  test::AresWorld world(
      [](const DnsQuestion&) { return DnsAnswer{.records = {Ptr("a.test")}}; });
  for (const char* address : {"192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1"}) {
    CHECK(Text(world.AskPtr(address)) == "a.test 300");
  }
  CHECK(world.Asked() ==
        std::vector<std::string>{kName, kName,
                                 "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
                                 "0.0.8.b.d.0.1.0.0.2.ip6.arpa"});
}

TEST_CASE("the hosts file has no say in reverse lookups") {
  test::AresWorld world([](const DnsQuestion&) { return test::kNotFound; });
  CHECK_FALSE(world.AskPtr("127.0.0.1").has_value());
  CHECK(world.server->questions().size() == 1);
}

}  // namespace
}  // namespace probe::dns
