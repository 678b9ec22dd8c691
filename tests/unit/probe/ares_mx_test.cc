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

constexpr int kMx = 15;
constexpr int kCname = 5;

DnsRecord Mx(const std::string& value, std::uint32_t ttl = 300,
             const std::string& owner = "") {
  return {.type = kMx, .ttl = ttl, .value = value, .owner = owner};
}

DnsRecord Cname(const std::string& owner, const std::string& value,
                std::uint32_t ttl = 300) {
  return {.type = kCname, .ttl = ttl, .value = value, .owner = owner};
}

std::string Text(const Answer<Exchangers>& answer) {
  if (!answer) return test::Text(answer.error());
  std::string text;
  for (const MxRecord& record : answer->records) {
    text += std::to_string(record.preference) + " " + record.host + ", ";
  }
  return text + std::to_string(answer->ttl / seconds(1));
}

// What the server says about "example.test".
struct MxCase {
  const char* title;
  std::vector<DnsRecord> records;
  const char* want;
};

TEST_CASE("MX records") {
  const MxCase cases[] = {
      {"in the order of the answer",
       {Mx("20 MX2.example.test"), Mx("10 mx1.example.test", 60)},
       "20 mx2.example.test, 10 mx1.example.test, 60"},
      {"null MX", {Mx("0 .")}, "0 , 300"},
      {"a null MX beside another",
       {Mx("0 ."), Mx("5 a.test")},
       "0 , 5 a.test, 300"},
      {"preferences have 16 bits", {Mx("65535 a.test")}, "65535 a.test, 300"},
      {"an address is a name to DNS", {Mx("5 192.0.2.1")}, "5 192.0.2.1, 300"},
      {"TTL 0", {Mx("5 a.test", 0)}, "5 a.test, 0"},
      {"a TTL of years", {Mx("5 a.test", 0x7fffffff)}, "5 a.test, 86400"},
      {"the domain is a CNAME (case 139)",
       {Cname("", "real.test", 20), Mx("5 a.test", 300, "real.test")},
       "5 a.test, 20"},
      {"a CNAME to a name without MX",
       {Cname("", "real.test")},
       "no_address example.test: no MX record"},
      {"records of others",
       {Mx("5 evil.test", 300, "other.test")},
       "no_address example.test: no MX record"},
      {"records beside a CNAME are not those of its target",
       {Mx("5 evil.test"), Cname("", "real.test"),
        Mx("5 a.test", 300, "real.test")},
       "5 a.test, 300"},
      {"none", {}, "no_address example.test: no MX record"},
      {"a CNAME to itself",
       {Cname("", "example.test")},
       "dns_failure example.test: CNAME loop"},
      {"a CNAME loop (case 140)",
       {Cname("", "b.test"), Cname("b.test", "c.test"),
        Cname("c.test", "b.test")},
       "dns_failure example.test: CNAME loop"},
      {"bytes that no host name has",
       {{.type = kMx, .data = std::string("\0\5\5a.\n\\b\4test\0", 14)}},
       "5 a\\.\\010\\\\b.test, 300"},
  };
  for (const MxCase& test : cases) {
    INFO(test.title);
    test::AresWorld world([&](const DnsQuestion& question) {
      CHECK(question.name == "example.test");
      CHECK(question.type == kMx);
      return DnsAnswer{.records = test.records};
    });
    CHECK(Text(world.AskMx("example.test")) == test.want);
    CHECK(world.server->questions().size() == 1);
  }
}

// Newer versions of c-ares read the answer before we do, and ask again over
// TCP; see dns_message_test for the details.
TEST_CASE("malformed MX records fail the lookup") {
  const std::string bad[] = {
      std::string("\0\5\7a\0", 5), "\1",
      // Behind the header (12) and the question (18), in the data of the first
      // record (14 + 10 + 2): a pointer to itself.
      std::string("\0\5\xc0\x38", 4), std::string("\0\5\xff\xff", 4)};
  for (const std::string& bytes : bad) {
    test::AresWorld world(
        [&](const DnsQuestion&) {
          return DnsAnswer{.records = {{.type = kMx, .data = bytes}}};
        },
        {.servers = {}, .timeout = milliseconds(50), .tries = 1});
    CHECK(Text(world.AskMx("example.test")) ==
          "dns_failure example.test: malformed DNS answer");
  }
}

TEST_CASE("ten CNAMEs are followed, eleven are too many") {
  for (const int count : {10, 11}) {
    test::AresWorld world([&](const DnsQuestion&) {
      DnsAnswer answer{.records = {Mx("5 a.test", 300,
                                      "n" + std::to_string(count) + ".test")}};
      for (int i = 1; i <= count; ++i) {
        answer.records.push_back(
            Cname(i == 1 ? "" : "n" + std::to_string(i - 1) + ".test",
                  "n" + std::to_string(i) + ".test"));
      }
      return answer;
    });
    CHECK(Text(world.AskMx("example.test")) ==
          (count == 10 ? "5 a.test, 300"
                       : "dns_failure example.test: too many CNAMEs"));
  }
}

TEST_CASE("why there is no MX") {
  struct Case {
    DnsAnswer answer;
    const char* want;
  };
  DnsAnswer forged;
  forged.wrong_id_only = true;
  const Case cases[] = {
      {test::kNotFound, "dns_not_found example.test: NXDOMAIN"},
      {{.code = 2},
       "dns_failure example.test: no DNS server gave a usable answer"},
      {{.code = 5},
       "dns_failure example.test: no DNS server gave a usable answer"},
      {{.silent = true},
       "dns_timeout example.test: no answer from the DNS servers in time"},
      {forged,
       "dns_timeout example.test: no answer from the DNS servers in time"},
  };
  for (const Case& test : cases) {
    test::AresWorld world(
        [&](const DnsQuestion&) { return test.answer; },
        {.servers = {}, .timeout = milliseconds(30), .tries = 1});
    CHECK(Text(world.AskMx("example.test")) == test.want);
  }
}

TEST_CASE("a truncated answer is asked for again over TCP") {
  test::AresWorld world([](const DnsQuestion& question) {
    DnsAnswer answer;
    answer.truncated = !question.tcp;
    for (int i = 0; question.tcp && i < 500; ++i) {
      answer.records.push_back(Mx("5 mx" + std::to_string(i) + ".test"));
    }
    return answer;
  });
  const auto found = world.AskMx("example.test");
  REQUIRE(found.has_value());
  CHECK(found->records.size() == 500);
  CHECK(found->records[499].host == "mx499.test");
  CHECK(world.server->questions().size() == 2);
}

TEST_CASE("a domain that is no name does not reach the network") {
  test::AresWorld world([](const DnsQuestion&) { return test::kNotFound; });
  for (const std::string& name :
       {std::string(), std::string("a\0.test", 7), std::string(300, 'a'),
        std::string("a..test"), std::string(64, 'a') + ".test"}) {
    const auto answer = world.AskMx(name);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().reason == Reason::kDnsNotFound);
  }
  CHECK(world.server->questions().empty());
}

TEST_CASE("the hosts file has no say in MX lookups") {
  test::AresWorld world([](const DnsQuestion&) {
    return DnsAnswer{.records = {Mx("5 a.test")}};
  });
  CHECK(Text(world.AskMx("localhost")) == "5 a.test, 300");
}

TEST_CASE("a callback of an MX lookup may destroy the resolver") {
  test::AresWorld world([](const DnsQuestion&) {
    return DnsAnswer{.records = {Mx("5 a.test")}};
  });
  int heard = 0;
  for (const char* domain : {"one.test", "two.test", ""}) {
    world.resolver->LookupMx(domain, [&](Answer<Exchangers>) {
      ++heard;
      world.resolver.reset();
    });
  }
  world.RunUntil([&] { return world.resolver == nullptr; });
  for (int turn = 0; turn < 20; ++turn) uv_run(&world.loop, UV_RUN_NOWAIT);
  CHECK(heard == 1);
}

}  // namespace
}  // namespace probe::dns
