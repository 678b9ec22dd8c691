#include "exporter/vantage.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/metrics/exposition.h"
#include "exporter/metrics/self_metrics.h"
#include "tests/support/catch.h"
#include "tests/unit/exporter/stderr.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter {
namespace {

constexpr probe::Time kLater{std::chrono::seconds(1000)};
// When the results of kNow are judged.
constexpr probe::Time kJudged{tests::kNow.time_since_epoch()};

using probe::Expansion;
using probe::Phase;
using probe::Reason;
using tests::Contains;
using tests::kNow;
using tests::Page;
using enum VantageCheck;

probe::ProbeResult Failed(Phase phase, Reason reason) {
  probe::ProbeResult result;
  result.finished = tests::MomentAt(kNow);
  result.interval = std::chrono::minutes(1);
  result.failure = {.phase = phase, .reason = reason, .detail = {}};
  return result;
}

const probe::ProbeResult kGood = tests::GoodResult();
const probe::ProbeResult kTimeout = Failed(Phase::kConnect, Reason::kTimeout);
const probe::ProbeResult kRefused = Failed(Phase::kConnect, Reason::kRefused);
const probe::ProbeResult kNoWay = Failed(Phase::kConnect, Reason::kUnreachable);

// A server and how its latest probe ended; none: not probed yet.
struct Server {
  std::string address;
  std::optional<probe::ProbeResult> result;
  std::uint16_t port = 25;
  std::string name = {};  // "": an IP literal.
};

Page Servers(const std::vector<Server>& servers) {
  Page page;
  probe::EndpointId id = 0;
  for (const Server& server : servers) {
    probe::Endpoint endpoint = tests::MakeEndpoint(++id, server.address);
    endpoint.port = server.port;
    endpoint.server_name = server.name;
    page.Add(tests::MakeTarget(), endpoint);
    if (server.result) page.Put(id, *server.result);
  }
  return page;
}

// "ok", "bad" or "-" for each check in the order of VantageCheck.
std::string Judged(const Page& page) {
  std::string text;
  for (const auto& ok :
       Vantage::JudgeAll(page.list(), page.store(), kJudged).ok) {
    text += !ok ? "-" : *ok ? "ok" : "bad";
    text += ' ';
  }
  text.pop_back();
  return text;
}

TEST_CASE("what the latest verdicts say of port 25 and the routes") {
  const probe::ProbeResult dns = Failed(Phase::kResolve, Reason::kDnsTimeout);
  const probe::ProbeResult later = Failed(Phase::kConnect, Reason::kBackoff);
  const probe::ProbeResult ours = Failed(Phase::kConnect, Reason::kInternal);
  const probe::ProbeResult reset = Failed(Phase::kConnect, Reason::kReset);
  const probe::ProbeResult greeting =
      Failed(Phase::kGreeting, Reason::kTimeout);
  struct Case {
    const char* name;
    std::vector<Server> servers;
    std::string want;  // ipv4_route ipv6_route resolver outbound_25
  };
  const std::vector<Case> cases = {
      {"nothing", {}, "- - - -"},
      {"no verdict", {{"192.0.2.1", {}}, {"2001:db8::1", {}}}, "- - - -"},
      {"one good", {{"192.0.2.1", kGood}}, "ok - - ok"},
      {"one good over IPv6", {{"2001:db8::1", kGood}}, "- ok - ok"},
      // Silence proves no route: nothing may have left this network.
      {"one down", {{"192.0.2.1", kTimeout}}, "- - - -"},
      {"two down",
       {{"192.0.2.1", kTimeout}, {"192.0.2.2", kTimeout}},
       "- - - -"},
      {"three down",
       {{"192.0.2.1", kTimeout},
        {"192.0.2.2", kTimeout},
        {"192.0.2.3", kTimeout}},
       "- - - bad"},
      {"three down, whatever the family",
       {{"192.0.2.1", kRefused},
        {"2001:db8::2", kRefused},
        {"192.0.2.3", kRefused},
        {"192.0.2.4", {}}},
       "ok ok - bad"},
      {"three down and one good",
       {{"192.0.2.1", kTimeout},
        {"192.0.2.2", kTimeout},
        {"192.0.2.3", kTimeout},
        {"192.0.2.4", kGood}},
       "ok - - ok"},
      {"one that fails behind the connection is enough",
       {{"192.0.2.1", kTimeout},
        {"192.0.2.2", kTimeout},
        {"192.0.2.3", kTimeout},
        {"192.0.2.4", greeting}},
       "ok - - ok"},
      {"three down, each in its way",
       {{"192.0.2.1", kTimeout},
        {"192.0.2.2", kRefused},
        {"192.0.2.3", kTimeout},
        {"192.0.2.4", kTimeout}},
       "ok - - -"},
      {"three that reset",
       {{"192.0.2.1", reset}, {"192.0.2.2", reset}, {"192.0.2.3", reset}},
       "ok - - -"},
      {"three verdicts about one address",
       {{"192.0.2.1", kTimeout},
        {"192.0.2.1", kTimeout},
        {"192.0.2.1", kTimeout}},
       "- - - -"},
      {"other ports tell nothing of port 25",
       {{"192.0.2.1", kTimeout},
        {"192.0.2.2", kTimeout},
        {"192.0.2.3", kTimeout, 587},
        {"192.0.2.4", kGood, 465}},
       "ok - - -"},
      {"probes that did not connect",
       {{"192.0.2.1", dns},
        {"192.0.2.2", later},
        {"192.0.2.3", ours},
        {"192.0.2.4", dns}},
       "- - - -"},
      {"loopback",
       {{"127.0.0.1", kGood}, {"::1", kGood}, {"::ffff:127.0.0.1", kGood}},
       "- - - -"},
      {"loopback is no way out",
       {{"127.1.2.3", kGood},
        {"192.0.2.1", kTimeout},
        {"192.0.2.2", kTimeout},
        {"192.0.2.3", kTimeout}},
       "- - - bad"},
      {"no route to IPv4",
       {{"192.0.2.1", kNoWay},
        {"192.0.2.2", kNoWay},
        {"192.0.2.3", kNoWay, 587},
        {"2001:db8::1", kGood}},
       "bad ok - ok"},
      {"no route to two addresses",
       {{"2001:db8::1", kNoWay}, {"2001:db8::2", kNoWay}},
       "- - - -"},
      {"no route to some",
       {{"2001:db8::1", kNoWay},
        {"2001:db8::2", kNoWay},
        {"2001:db8::3", kNoWay},
        {"2001:db8::4", kTimeout}},
       "- - - bad"},
      {"no route at all",
       {{"2001:db8::1", kNoWay},
        {"2001:db8::2", kNoWay},
        {"2001:db8::3", kNoWay}},
       "- bad - bad"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(Judged(Servers(c.servers)) == c.want);
  }
}

// So long before.
probe::ProbeResult Ago(probe::Duration age, probe::ProbeResult result) {
  result.finished = tests::MomentAt(kNow - age);
  return result;
}

TEST_CASE("whose failures are proof, and for how long an answer is") {
  const probe::ProbeResult hourly = [] {
    probe::ProbeResult result = kTimeout;
    result.interval = std::chrono::hours(1);
    return result;
  }();
  const auto named = [](const std::string& address, const std::string& name,
                        const probe::ProbeResult& result = kTimeout) {
    return Server{address, result, 25, name};
  };
  const std::vector<Server> down = {named("11.0.0.1", "mx.example.com"),
                                    named("11.0.0.2", "mx.example.net"),
                                    named("11.0.0.3", "mx.example.org")};
  const auto and_also = [&down](std::vector<Server> more) {
    more.insert(more.end(), down.begin(), down.end());
    return more;
  };
  struct Case {
    const char* name;
    std::vector<Server> servers;
    std::string want;  // ipv4_route ipv6_route resolver outbound_25
  };
  const std::vector<Case> cases = {
      {"three sites", down, "- - - bad"},
      {"one host with three addresses",
       {named("11.0.0.1", "mx.example.com"),
        named("11.0.0.2", "mx.example.com"),
        named("11.0.0.3", "mx.example.com")},
       "- - - -"},
      {"the exchangers of one site, in both families",
       {named("11.0.0.1", "mx1.example.com"),
        named("2a00:1::1", "mx1.example.com"),
        named("11.0.0.2", "mx2.example.com"),
        named("2a00:1::2", "mx2.example.com"),
        named("11.0.0.3", "mx3.mail.example.com")},
       "- - - -"},
      {"a site and its backup elsewhere",
       {named("11.0.0.1", "mx1.example.com"), named("11.0.0.2", "example.com"),
        named("11.0.0.3", "backup.example.net")},
       "- - - -"},
      {"three sites below co.uk",
       {named("11.0.0.1", "mx.a.co.uk"), named("11.0.0.2", "mx.b.co.uk"),
        named("11.0.0.3", "mx.c.co.uk")},
       "- - - bad"},
      {"one site below co.uk",
       {named("11.0.0.1", "mx1.a.co.uk"), named("11.0.0.2", "mx2.a.co.uk"),
        named("11.0.0.3", "mx3.a.co.uk")},
       "- - - -"},
      {"one site with a short name",
       {named("11.0.0.1", "mx1.co.com"), named("11.0.0.2", "mx2.co.com"),
        named("11.0.0.3", "mx3.co.com")},
       "- - - -"},
      {"a site's route",
       {named("11.0.0.9", "mx1.example.com", kGood),
        named("2a00:1::1", "mx1.example.com"),
        named("2a00:1::2", "mx2.example.com"),
        named("2a00:1::3", "mx3.example.com")},
       "ok - - ok"},

      {"a good verdict of a day ago",
       and_also({{"11.0.0.9", Ago(std::chrono::hours(23), kGood)}}),
       "- - - bad"},
      {"a 421 of an hour ago",
       and_also(
           {{"11.0.0.9", tests::BusyResult(kNow - std::chrono::hours(1))}}),
       "- - - bad"},
      {"a good verdict of this round, before the three of it",
       and_also({{"11.0.0.9", Ago(std::chrono::seconds(110), kGood)}}),
       "ok - - ok"},
      {"a good verdict of an hour ago, where that is the interval",
       {{"11.0.0.9", Ago(std::chrono::minutes(59), kGood)},
        named("11.0.0.1", "mx.example.com", hourly),
        named("11.0.0.2", "mx.example.net", hourly),
        named("11.0.0.3", "mx.example.org", hourly)},
       "ok - - ok"},
      {"old, but only two have failed since",
       {{"11.0.0.9", Ago(std::chrono::hours(23), kGood)}, down[0], down[1]},
       "ok - - ok"},
      {"old, and what failed since is of two kinds",
       {{"11.0.0.9", Ago(std::chrono::hours(23), kGood)},
        down[0],
        down[1],
        named("11.0.0.3", "mx.example.org", kRefused)},
       "ok - - -"},
      {"a refusal of a day ago",
       and_also({{"11.0.0.9", Ago(std::chrono::hours(23), kRefused)}}),
       "- - - bad"},
      {"the other family connected a day ago",
       {{"11.0.0.9", Ago(std::chrono::hours(23), kGood)},
        {"2a00:1::1", kTimeout},
        {"2a00:1::2", kTimeout},
        {"2a00:1::3", kTimeout}},
       "ok - - bad"},
      {"unreachable since",
       {{"11.0.0.9", Ago(std::chrono::hours(23), kGood)},
        {"11.0.0.1", kNoWay},
        {"11.0.0.2", kNoWay},
        {"11.0.0.3", kNoWay}},
       "bad - - bad"},

      {"a relay of our own network is no way out",
       and_also({{"10.0.0.5", kGood}}), "- - - bad"},
      {"nor does it tell of IPv6",
       {{"11.0.0.9", kGood},
        {"fd00::5", kGood},
        {"2a00:1::1", kTimeout},
        {"2a00:1::2", kTimeout},
        {"2a00:1::3", kTimeout}},
       "ok bad - ok"},
      {"a network without public servers",
       {{"10.0.0.5", kGood}, {"10.0.0.6", kTimeout}},
       "ok - - ok"},
      {"the same, blocked",
       {{"10.0.0.1", kTimeout}, {"10.0.0.2", kTimeout}, {"10.0.0.3", kTimeout}},
       "- - - bad"},
      {"public servers that nobody has probed yet",
       {{"10.0.0.5", kGood}, {"11.0.0.1", {}}},
       "ok - - ok"},

      {"a server that is down refuses, the others are silent",
       and_also({{"11.0.0.9", kRefused}}), "ok - - -"},
      {"silent in two ways",
       {down[0], down[1], named("11.0.0.3", "mx.example.org", kNoWay)},
       "- - - bad"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(Judged(Servers(c.servers)) == c.want);
  }
}

TEST_CASE("a way that swallows what is sent along it") {
  struct Case {
    const char* name;
    std::vector<Server> servers;
    std::string want;
  };
  const Server good = {"192.0.2.9", kGood};
  const std::vector<Case> cases = {
      {"IPv6, while IPv4 connects",
       {good,
        {"2001:db8::1", kTimeout},
        {"2001:db8::2", kTimeout},
        {"2001:db8::3", kTimeout}},
       "ok bad - ok"},
      {"IPv4, while IPv6 connects",
       {{"2001:db8::9", kGood},
        {"192.0.2.1", kTimeout},
        {"192.0.2.2", kTimeout},
        {"192.0.2.3", kTimeout}},
       "bad ok - ok"},
      {"some are told so",
       {good,
        {"2001:db8::1", kTimeout},
        {"2001:db8::2", kNoWay},
        {"2001:db8::3", kNoWay}},
       "ok bad - ok"},
      {"two servers are down",
       {good, {"2001:db8::1", kTimeout}, {"2001:db8::2", kTimeout}},
       "ok - - ok"},
      {"one of them refuses",
       {good,
        {"2001:db8::1", kTimeout},
        {"2001:db8::2", kTimeout},
        {"2001:db8::3", kTimeout},
        {"2001:db8::4", kRefused}},
       "ok ok - ok"},
      {"the other family refuses, and connects nowhere",
       {{"192.0.2.9", kRefused},
        {"2001:db8::1", kTimeout},
        {"2001:db8::2", kTimeout},
        {"2001:db8::3", kTimeout}},
       "ok - - -"},
      {"both families: port 25 rather than both routes",
       {{"192.0.2.1", kTimeout},
        {"192.0.2.2", kTimeout},
        {"192.0.2.3", kTimeout},
        {"2001:db8::1", kTimeout},
        {"2001:db8::2", kTimeout},
        {"2001:db8::3", kTimeout}},
       "- - - bad"},
      {"the other family connects on another port: port 25 again",
       {{"192.0.2.9", kGood, 587},
        {"2001:db8::1", kTimeout},
        {"2001:db8::2", kTimeout},
        {"2001:db8::3", kTimeout}},
       "ok - - bad"},
      {"without port 25",
       {{"192.0.2.9", kGood, 465},
        {"2001:db8::1", kTimeout, 587},
        {"2001:db8::2", kTimeout, 465},
        {"2001:db8::3", kTimeout, 587}},
       "ok bad - -"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(Judged(Servers(c.servers)) == c.want);
  }
}

TEST_CASE("addresses that were left out for want of a route") {
  struct Case {
    const char* name;
    std::vector<Server> servers;
    std::string want;
  };
  // Of the last target.
  const std::vector<Case> cases = {
      {"all of them", {{"192.0.2.1", kGood}}, "ok bad - ok"},
      {"but one", {{"192.0.2.1", kGood}, {"2001:db8::1", {}}}, "ok - - ok"},
      {"and one is reached",
       {{"192.0.2.1", kGood}, {"2001:db8::1", kGood}},
       "ok ok - ok"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    Page page = Servers(c.servers);
    Expansion expansion = tests::MakeExpansion(tests::MakeTarget());
    expansion.no_ip6_route = true;
    page.Add(expansion);
    CHECK(Judged(page) == c.want);
  }
  Page page;
  Expansion expansion = tests::MakeExpansion(tests::MakeTarget());
  expansion.no_ip4_route = true;
  page.Add(expansion);
  CHECK(Judged(page) == "bad - - -");
}

// Of a host with this name, or of an exchanger.
Expansion LookedUp(const std::string& host, const std::string& mx,
                   std::vector<bool> answered,
                   probe::RecordType record = probe::RecordType::kA) {
  probe::Target target = tests::MakeTarget();
  target.host = host;
  Expansion expansion = tests::MakeExpansion(target);
  for (const bool answer : answered) {
    expansion.lookups.push_back({record, mx, tests::MakeLookup(answer)});
  }
  return expansion;
}

TEST_CASE("a resolver that answers nothing") {
  struct Case {
    const char* name;
    std::vector<Expansion> targets;
    std::optional<bool> want;
  };
  const std::vector<Case> cases = {
      {"nobody asked", {LookedUp("a", "", {})}, std::nullopt},
      {"one answer", {LookedUp("a", "", {false, true})}, true},
      {"one unanswered", {LookedUp("a", "", {false, false})}, std::nullopt},
      {"one name in many targets",
       {LookedUp("a", "", {false}), LookedUp("a", "", {false}),
        LookedUp("b", "a", {false})},
       std::nullopt},
      {"three names",
       {LookedUp("a", "", {false}), LookedUp("b", "", {false}),
        LookedUp("c", "", {false})},
       false},
      {"three exchangers of one domain",
       {LookedUp("a", "x", {false}), LookedUp("a", "y", {false}),
        LookedUp("a", "z", {false})},
       false},
      {"three names and an answer",
       {LookedUp("a", "", {false}), LookedUp("b", "", {false}),
        LookedUp("c", "", {false}), LookedUp("d", "", {false, true})},
       true},
      {"reverse names do not count",
       {LookedUp("a", "", {true}, probe::RecordType::kPtr)},
       std::nullopt},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    Page page;
    for (const Expansion& target : c.targets) page.Add(target);
    CHECK(Vantage::JudgeAll(page.list(), page.store(), kLater)[kResolver] ==
          c.want);
  }
}

// A name whose lookups ended so many seconds after the start.
Expansion LookedUpAt(const std::string& host, bool answered, int second) {
  Expansion expansion = LookedUp(host, "", {answered});
  expansion.lookups[0].lookup = std::make_shared<const probe::Lookup>(
      probe::Lookup{.answered = answered,
                    .ever = true,
                    .took = {},
                    .at = probe::Time(std::chrono::seconds(second))});
  return expansion;
}

TEST_CASE("an answer that is old does not stand for the resolver") {
  struct Case {
    const char* name;
    std::vector<Expansion> targets;
    bool want;
  };
  const std::vector<Case> cases = {
      {"three were lost since the last answer",
       {LookedUpAt("a", true, 10), LookedUpAt("b", false, 11),
        LookedUpAt("c", false, 12), LookedUpAt("d", false, 13)},
       false},
      {"two were",
       {LookedUpAt("a", true, 11), LookedUpAt("b", false, 11),
        LookedUpAt("c", false, 12), LookedUpAt("d", false, 13)},
       true},
      {"an answer came since",
       {LookedUpAt("b", false, 11), LookedUpAt("c", false, 12),
        LookedUpAt("d", false, 13), LookedUpAt("a", true, 14)},
       true},
      {"it came a moment ago",
       {LookedUpAt("a", true, 995), LookedUpAt("b", false, 996),
        LookedUpAt("c", false, 997), LookedUpAt("d", false, 998)},
       true},
      {"names that never worked say nothing",
       {LookedUpAt("a", true, 2), LookedUp("b", "", {false}),
        LookedUp("c", "", {false}), LookedUp("d", "", {false})},
       true},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    Page page;
    for (const Expansion& target : c.targets) page.Add(target);
    CHECK(Vantage::JudgeAll(page.list(), page.store(), kLater)[kResolver] ==
          c.want);
  }
}

TEST_CASE("the hosts file says nothing of the resolver") {
  Page page;
  for (const char* name : {"a", "b", "c"}) {
    page.Add(LookedUp(name, "", {false}));
  }
  Expansion local = LookedUpAt("localhost", true, 999);
  auto lookup = *local.lookups[0].lookup;
  lookup.local = true;
  local.lookups[0].lookup = std::make_shared<const probe::Lookup>(lookup);
  page.Add(local);
  CHECK(Vantage::JudgeAll(page.list(), page.store(), kLater)[kResolver] ==
        false);
}

TEST_CASE("very many targets are judged slice by slice, every one of them") {
  const probe::Target target = tests::MakeTarget();
  Page page;
  page.AddGap();
  const probe::EndpointId count = 2 * kVantageSlice + 10;
  for (probe::EndpointId id = 1; id < count; ++id) {
    page.Add(target,
             tests::MakeEndpoint(id, "192.0.2." + std::to_string(id % 256)));
    // One in the middle is well.
    page.Put(id, id == kVantageSlice + 7 ? kGood : kTimeout);
  }
  metrics::SelfMetrics self;
  Vantage vantage(page.store(), self);
  const auto check = [&] {
    const std::string said =
        tests::Stderr([&] { vantage.Check(page.list(), kJudged); });
    return said.empty() && vantage.Notices().empty();
  };
  CHECK(check());
  CHECK(check());
  CHECK(check());
  CHECK(Judged(page) == "ok - - ok");
}

std::string VantageLines(const metrics::SelfMetrics& self) {
  metrics::ExpositionWriter writer(metrics::Format::kText);
  writer.Registry(self.Collect());
  const std::string page = writer.Take();
  std::string lines;
  const std::string name = "\nsmtp_prober_vantage_ok";
  for (std::size_t at = 0; (at = page.find(name, at)) != std::string::npos;) {
    const std::size_t end = page.find('\n', ++at);
    lines += page.substr(at + name.size() - 1, end - at - name.size() + 1);
  }
  return lines;
}

TEST_CASE("a transition is told once, by log, metric and notice") {
  Page page =
      Servers({{"192.0.2.1", {}}, {"192.0.2.2", {}}, {"192.0.2.3", {}}});
  metrics::SelfMetrics self;
  Vantage vantage(page.store(), self);
  const auto check = [&](const std::vector<probe::ProbeResult>& results) {
    probe::EndpointId id = 0;
    for (const auto& result : results) page.Put(++id, result);
    return tests::Stderr([&] { vantage.Check(page.list(), kJudged); });
  };
  const auto lines = [&self] { return VantageLines(self); };

  CHECK(check({}).empty());
  CHECK(lines().empty());
  CHECK(check({kGood, kGood, kGood}).empty());
  CHECK(lines() == R"({check="ipv4_route"} 1{check="outbound_25"} 1)");
  CHECK(vantage.Notices().empty());

  const std::string failed = check({kRefused, kRefused, kRefused});
  CHECK(Contains(failed,
                 "level=WARN msg=\"No server can be connected to on "
                 "port 25: most likely this host or its network must"));
  CHECK(Contains(failed, " check=outbound_25 reason=refused\n"));
  CHECK(lines() == R"({check="ipv4_route"} 1{check="outbound_25"} 0)");
  REQUIRE(vantage.Notices().size() == 1);
  CHECK(Contains(vantage.Notices()[0], "Have outgoing port 25 opened"));
  CHECK(check({}).empty());

  // Not known for a while is no news.
  CHECK(check({kTimeout}).empty());
  CHECK(lines() == R"({check="ipv4_route"} 1)");
  CHECK(vantage.Notices().empty());
  CHECK(check({kRefused}).empty());
  CHECK(vantage.Notices().size() == 1);

  const std::string over = check({kGood});
  CHECK(Contains(over,
                 "level=INFO msg=\"Servers can be connected to on port "
                 "25 again\" check=outbound_25\n"));
  CHECK(vantage.Notices().empty());
  CHECK(Contains(check({kRefused}), "level=WARN"));
}

TEST_CASE("each check has sentences of its own") {
  Page page;
  Expansion expansion = LookedUp("a", "", {false});
  expansion.no_ip4_route = expansion.no_ip6_route = true;
  page.Add(expansion);
  page.Add(LookedUp("b", "", {false}));
  page.Add(LookedUp("c", "", {false}));
  metrics::SelfMetrics self;
  Vantage vantage(page.store(), self);
  const std::string text =
      tests::Stderr([&] { vantage.Check(page.list(), kLater); });
  CHECK(Contains(text, " check=ipv4_route\n"));
  CHECK(Contains(text, " check=ipv6_route\n"));
  CHECK(Contains(text, " check=resolver\n"));
  const std::vector<std::string> notices = vantage.Notices();
  REQUIRE(notices.size() == 3);
  CHECK(Contains(notices[0], "no route to IPv4"));
  CHECK(Contains(notices[1], "no route to IPv6"));
  CHECK(Contains(notices[2], "resolver"));
}

}  // namespace
}  // namespace exporter
