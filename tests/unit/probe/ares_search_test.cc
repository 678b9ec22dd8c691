// Names that the search domains (corp.test, lab.test) may complete.
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
using Names = std::vector<std::string>;

constexpr auto kIp4 = IpAddress::Family::kIp4;
constexpr auto kIp6 = IpAddress::Family::kIp6;

enum class Have { kAddress, kAlias, kNoData, kNotFound, kServfail, kSilence };

// What the server has for one name; everything else is NXDOMAIN.
struct Name {
  std::string name;
  Have have;
};

DnsAnswer AnswerOf(Have have, const DnsQuestion& question) {
  const char* const address = question.type == 28 ? "2001:db8::1" : "192.0.2.1";
  switch (have) {
    case Have::kAddress:
      return {.records = {{.type = question.type, .value = address}}};
    case Have::kAlias:
      return {
          .records = {
              {.type = 5, .ttl = 40, .value = "real.test"},
              {.type = question.type, .value = address, .owner = "real.test"}}};
    case Have::kNoData:
      return {};
    case Have::kNotFound:
      return test::kNotFound;
    case Have::kServfail:
      return {.code = 2};
    case Have::kSilence:
      return {.silent = true};
  }
  return {};
}

struct SearchCase {
  const char* title;
  const char* asked;
  std::vector<Name> zone;
  const char* want;
  Names questions;
  IpAddress::Family family = kIp4;
};

std::string Text(const Answer<Addresses>& answer) {
  if (!answer) return test::Text(answer.error());
  REQUIRE(answer->addresses.size() == 1);
  return answer->addresses[0].ToString() + " " +
         std::to_string(answer->ttl / seconds(1)) +
         (answer->alias ? " alias" : "");
}

void Check(const std::vector<SearchCase>& cases) {
  for (const SearchCase& test : cases) {
    INFO(test.title);
    test::AresWorld world(
        [&](const DnsQuestion& question) {
          for (const Name& each : test.zone) {
            if (each.name == question.name) {
              return AnswerOf(each.have, question);
            }
          }
          return test::kNotFound;
        },
        {.servers = {}, .timeout = milliseconds(30), .tries = 1});
    CHECK(Text(world.Ask(test.asked, test.family)) == test.want);
    CHECK(world.Asked() == test.questions);
  }
}

TEST_CASE("a name is taken as it stands if it exists so") {
  Check({
      {"an address",
       "b.c",
       {{"b.c", Have::kAddress}},
       "192.0.2.1 300",
       {"b.c"}},
      {"an alias",
       "b.c",
       {{"b.c", Have::kAlias}},
       "192.0.2.1 40 alias",
       {"b.c"}},
      {"one label", "mx1", {{"mx1", Have::kAddress}}, "192.0.2.1 300", {"mx1"}},
      // A wildcard in a search domain must not lend its AAAA to a name that
      // has an A only.
      {"no data",
       "b.c",
       {{"b.c", Have::kNoData}, {"b.c.corp.test", Have::kAddress}},
       "no_address b.c: no AAAA record",
       {"b.c"},
       kIp6},
      {"no data for one label",
       "mx1",
       {{"mx1", Have::kNoData}, {"mx1.corp.test", Have::kAddress}},
       "no_address mx1: no A record",
       {"mx1"}},
      {"SERVFAIL",
       "b.c",
       {{"b.c", Have::kServfail}, {"b.c.corp.test", Have::kAddress}},
       "dns_failure b.c: no DNS server gave a usable answer",
       {"b.c"}},
      {"silence",
       "b.c",
       {{"b.c", Have::kSilence}, {"b.c.corp.test", Have::kAddress}},
       "dns_timeout b.c: no answer from the DNS servers in time",
       {"b.c"}},
      {"a trailing dot",
       "b.c.",
       {{"b.c.corp.test", Have::kAddress}},
       "dns_not_found b.c.: NXDOMAIN",
       {"b.c"}},
      {"a trailing dot behind one label",
       "mx1.",
       {{"mx1.corp.test", Have::kAddress}},
       "dns_not_found mx1.: NXDOMAIN",
       {"mx1"}},
  });
}

TEST_CASE("search domains complete a name that does not exist") {
  Check({
      {"dotted",
       "b.c",
       {{"b.c.corp.test", Have::kAddress}},
       "192.0.2.1 300",
       {"b.c", "b.c.corp.test"}},
      {"one label",
       "mx1",
       {{"mx1.corp.test", Have::kAddress}},
       "192.0.2.1 300",
       {"mx1", "mx1.corp.test"}},
      {"the second domain",
       "mx1",
       {{"mx1.lab.test", Have::kAlias}},
       "192.0.2.1 40 alias",
       {"mx1", "mx1.corp.test", "mx1.lab.test"}},
      // As systemd-resolved answers for one label.
      {"one label that the server refuses to ask for",
       "mx1",
       {{"mx1", Have::kServfail}, {"mx1.corp.test", Have::kAddress}},
       "192.0.2.1 300",
       {"mx1", "mx1.corp.test"}},
  });
}

TEST_CASE("a search that finds nothing leaves the first answer") {
  Check({
      {"nowhere",
       "x.y",
       {},
       "dns_not_found x.y: NXDOMAIN",
       {"x.y", "x.y.corp.test", "x.y.lab.test"}},
      {"one label, nowhere",
       "x",
       {},
       "dns_not_found x: NXDOMAIN",
       {"x", "x.corp.test", "x.lab.test"}},
      {"one label, refused, nowhere",
       "x",
       {{"x", Have::kServfail}},
       "dns_failure x: no DNS server gave a usable answer",
       {"x", "x.corp.test", "x.lab.test"}},
      // The host is the one in corp.test: lab.test's AAAA is not its own.
      {"the domain has the name without such records",
       "mx1",
       {{"mx1.corp.test", Have::kNoData}, {"mx1.lab.test", Have::kAddress}},
       "dns_not_found mx1: NXDOMAIN",
       {"mx1", "mx1.corp.test"},
       kIp6},
      {"SERVFAIL",
       "x.y",
       {{"x.y.corp.test", Have::kServfail}, {"x.y.lab.test", Have::kAddress}},
       "dns_not_found x.y: NXDOMAIN",
       {"x.y", "x.y.corp.test"}},
      {"silence",
       "x.y",
       {{"x.y.corp.test", Have::kSilence}},
       "dns_not_found x.y: NXDOMAIN",
       {"x.y", "x.y.corp.test"}},
      // Most likely it is there that it lives: unknown, and not absent.
      {"one label, SERVFAIL",
       "x",
       {{"x.corp.test", Have::kServfail}},
       "dns_failure x.corp.test: no DNS server gave a usable answer",
       {"x", "x.corp.test"}},
      {"one label, silence",
       "x",
       {{"x.corp.test", Have::kSilence}},
       "dns_timeout x.corp.test: no answer from the DNS servers in time",
       {"x", "x.corp.test"}},
  });
}

TEST_CASE("a name that is too long for a search domain is not found") {
  const std::string label(62, 'a');
  const std::string name =
      label + "." + label + "." + label + "." + std::string(60, 'b');
  test::AresWorld world([](const DnsQuestion&) { return test::kNotFound; });
  CHECK(Text(world.Ask(name, kIp4)) == "dns_not_found " + name + ": NXDOMAIN");
}

TEST_CASE("MX and PTR questions know no search domains") {
  test::AresWorld world([](const DnsQuestion&) { return test::kNotFound; });
  CHECK_FALSE(world.AskMx("short").has_value());
  CHECK_FALSE(world.AskPtr("192.0.2.1").has_value());
  CHECK(world.Asked() == Names{"short", "1.2.0.192.in-addr.arpa"});
}

}  // namespace
}  // namespace probe::dns
