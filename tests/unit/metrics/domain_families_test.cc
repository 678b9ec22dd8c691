// What a domain target shows of its exchangers, and every target of its DNS.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter::metrics {
namespace {

using probe::Expansion;
using probe::Reason;
using probe::smtp::Quirk;
using tests::BusyResult;
using tests::Contains;
using tests::DnsFailure;
using tests::GoodResult;
using tests::kNow;
using tests::MakeDomain;
using tests::MakeExpansion;
using tests::MakePlace;
using tests::MakeReverse;
using tests::MakeTarget;
using tests::milliseconds;
using tests::Page;
using tests::seconds;

const std::string kLabels = R"({target="example.org:25",module="smtp")";

// Two best exchangers, the first with two addresses, and a backup.
Expansion Domain() {
  Expansion expansion =
      MakeExpansion(MakeDomain(), {MakePlace(1, "2001:db8::1", "a.example.org"),
                                   MakePlace(2, "192.0.2.1", "a.example.org"),
                                   MakePlace(3, "192.0.2.2", "b.example.org"),
                                   MakePlace(4, "192.0.2.3", "c.example.org")});
  expansion.mail.emplace().hosts = {
      {10, "a.example.org"}, {10, "b.example.org"}, {20, "c.example.org"}};
  return expansion;
}

// The value of the only sample of a family; none when there is no sample.
std::optional<std::string> Value(const Page& page, const std::string& family) {
  const std::string samples = "\n" + page.Samples();
  const std::size_t at = samples.find("\n" + family + "{");
  if (at == std::string::npos) return std::nullopt;
  CHECK(samples.find("\n" + family + "{", at + 1) == std::string::npos);
  const std::size_t end = samples.find('\n', at + 1);
  const std::size_t blank = samples.rfind(' ', end);
  return samples.substr(blank + 1, end - blank - 1);
}

TEST_CASE("a domain is reachable while one address of a best exchanger is") {
  struct Case {
    const char* name;
    std::vector<probe::EndpointId> good;
    std::vector<probe::EndpointId> bad;
    std::optional<std::string> want;
  };
  const std::vector<Case> cases = {
      {"nothing is known", {}, {}, std::nullopt},
      {"all good", {1, 2, 3, 4}, {}, "1"},
      {"one good before the others", {3}, {}, "1"},
      {"one good among bad ones", {2}, {1, 3, 4}, "1"},
      {"bad ones, and one to come", {}, {1, 2}, std::nullopt},
      {"only the backup", {4}, {1, 2, 3}, "0"},
      {"the backup counts for nothing", {4}, {}, std::nullopt},
      {"none", {}, {1, 2, 3}, "0"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    Page page;
    page.Add(Domain());
    for (const auto id : c.good) page.Put(id, GoodResult());
    for (const auto id : c.bad) page.Put(id, BusyResult(kNow));
    CHECK(Value(page, "smtp_domain_reachable") == c.want);
  }
}

TEST_CASE("what does not resolve is not reachable") {
  struct Case {
    const char* name;
    void (*change)(Expansion& expansion);
    std::vector<probe::EndpointId> bad;
    std::optional<std::string> want;
  };
  // Endpoint 2 is good wherever it is, and 1 has no verdict.
  const std::vector<Case> cases = {
      {"an exchanger without address before its verdict",
       [](Expansion& expansion) {
         expansion.places = {MakePlace(1, "", "a.example.org"),
                             MakePlace(3, "192.0.2.2", "b.example.org")};
       },
       {3},
       "0"},
      {"nothing but that",
       [](Expansion& expansion) {
         expansion.places = {MakePlace(1, "", "a.example.org")};
       },
       {},
       std::nullopt},
      {"and then its verdict",
       [](Expansion& expansion) {
         expansion.mail->hosts = {{10, "a.example.org"}};
         expansion.places = {MakePlace(3, "", "a.example.org")};
       },
       {3},
       "0"},
      {"an exchanger whose addresses are still looked up",
       [](Expansion& expansion) {
         expansion.places = {MakePlace(3, "192.0.2.2", "b.example.org")};
       },
       {3},
       std::nullopt},
      {"the domain",
       [](Expansion& expansion) {
         expansion.mail->hosts = {{10, "a.example.org"}};
         expansion.mail->failure = DnsFailure(Reason::kDnsNotFound);
         expansion.places = {MakePlace(2, "192.0.2.1", "a.example.org")};
         expansion.places[0].unresolved = expansion.mail->failure;
       },
       {},
       "0"},
      {"the domain, ever since",
       [](Expansion& expansion) {
         expansion.mail->failure = DnsFailure(Reason::kDnsTimeout);
         expansion.mail->hosts.clear();
         expansion.places = {MakePlace(3, "", "")};
       },
       {3},
       "0"},
      {"null MX",
       [](Expansion& expansion) {
         expansion.mail = probe::Mail{{}, true, {}};
         expansion.places.clear();
       },
       {},
       std::nullopt},
      {"not looked up yet",
       [](Expansion& expansion) {
         expansion.mail.reset();
         expansion.places.clear();
       },
       {},
       std::nullopt},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    Expansion expansion = Domain();
    c.change(expansion);
    Page page;
    page.Add(expansion);
    page.Put(2, GoodResult());
    for (const auto id : c.bad) page.Put(id, BusyResult(kNow));
    CHECK(Value(page, "smtp_domain_reachable") == c.want);
  }
}

TEST_CASE("how many exchangers, of which preference") {
  Page page;
  page.Add(Domain());
  const std::string samples = page.Samples();
  CHECK(Contains(samples, "smtp_mx_hosts" + kLabels +
                              "} 3\n"
                              "smtp_mx_preference" +
                              kLabels +
                              ",mx=\"a.example.org\"} 10\n"
                              "smtp_mx_preference" +
                              kLabels +
                              ",mx=\"b.example.org\"} 10\n"
                              "smtp_mx_preference" +
                              kLabels +
                              ",mx=\"c.example.org\"} 20\n"
                              "smtp_null_mx" +
                              kLabels + "} 0\n"));
}

TEST_CASE("what DNS did not say is not shown") {
  struct Case {
    const char* name;
    std::optional<probe::Mail> mail;
    std::optional<std::string> hosts;
    std::optional<std::string> null_mx;
  };
  const std::vector<probe::MxRecord> one = {{10, "a.example.org"}};
  const auto timeout = DnsFailure(Reason::kDnsTimeout);
  const auto not_found = DnsFailure(Reason::kDnsNotFound);
  const auto no_use = DnsFailure(Reason::kNoAddress);
  const std::vector<Case> cases = {
      {"no answer yet", std::nullopt, std::nullopt, std::nullopt},
      {"good", probe::Mail{one, false, {}}, "1", "0"},
      {"null MX", probe::Mail{{}, true, {}}, "0", "1"},
      {"timeout", probe::Mail{{}, false, timeout}, std::nullopt, std::nullopt},
      {"timeout later", probe::Mail{one, false, timeout}, "1", std::nullopt},
      {"timeout after a null MX", probe::Mail{{}, true, timeout}, "0",
       std::nullopt},
      {"no such domain", probe::Mail{{}, false, not_found}, "0", std::nullopt},
      {"none of use", probe::Mail{{}, false, no_use}, "0", std::nullopt},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    Expansion expansion = MakeExpansion(MakeDomain());
    expansion.mail = c.mail;
    Page page;
    page.Add(expansion);
    CHECK(Value(page, "smtp_mx_hosts") == c.hosts);
    CHECK(Value(page, "smtp_null_mx") == c.null_mx);
  }
}

TEST_CASE("a host has no exchangers") {
  const Page page = tests::OnePage().Put(1, GoodResult());
  for (const char* const family :
       {"smtp_domain_reachable", "smtp_mx_", "smtp_null_mx"}) {
    CHECK_FALSE(Contains(page.Samples(), family));
  }
}

TEST_CASE("series of a domain carry the exchanger") {
  Expansion expansion = Domain();
  expansion.places.resize(2);
  expansion.places[1].unresolved = DnsFailure(Reason::kDnsFailure);
  Page page;
  page.Add(expansion);
  page.Put(1, GoodResult());
  page.Put(2, GoodResult());
  const std::string samples = page.Samples();
  const std::string first =
      kLabels + R"(,address="2001:db8::1",mx="a.example.org")";
  const std::string second =
      kLabels + R"(,address="192.0.2.1",mx="a.example.org")";
  CHECK(Contains(samples, "smtp_reachable" + first +
                              "} 1\n"
                              "smtp_reachable" +
                              second +
                              "} 0\n"
                              "smtp_probe_success" +
                              first +
                              "} 1\n"
                              "smtp_probe_success" +
                              second +
                              "} 0\n"
                              "smtp_probe_failure_info" +
                              second +
                              ",phase=\"resolve\",reason=\"dns_failure\"} 1\n"
                              "smtp_probe_timestamp_seconds" +
                              first));
  // What was probed is still told as it was.
  CHECK(Contains(samples, "smtp_probe_failures_total" + second + "} 0\n"));
  CHECK(Contains(samples, "smtp_starttls_advertised" + second + "} 1\n"));
  CHECK(Contains(samples, "smtp_banner_match" + first + "} 0\n"));
}

TEST_CASE("a domain that does not resolve is no verdict before a probe") {
  Expansion expansion = Domain();
  for (auto& place : expansion.places) {
    place.unresolved = DnsFailure(Reason::kDnsNotFound);
  }
  Page page;
  page.Add(expansion);
  CHECK_FALSE(Contains(page.Samples(), "smtp_reachable"));
}

TEST_CASE("an exchanger that greets with its own name") {
  Page page;
  page.Add(Domain());
  probe::ProbeResult result = GoodResult();
  result.banner = tests::MakeBanner("B.example.org");
  page.Put(3, result);
  CHECK(Value(page, "smtp_banner_match") == "1");
}

TEST_CASE("quirks of DNS are there from the start, beside the server's") {
  Expansion expansion = Domain();
  expansion.places.resize(1);
  expansion.places[0].quirks.Add(Quirk::kMxIsCname);
  Page page;
  page.Add(expansion);
  const std::string quirk =
      "smtp_quirk" + kLabels +
      R"(,address="2001:db8::1",mx="a.example.org",quirk=)";
  CHECK(Contains(page.Samples(), quirk + "\"mx_is_cname\"} 1\n"));
  probe::ProbeResult result = GoodResult();
  result.quirks.Add(Quirk::kMixedCodes);
  page.Put(1, result);
  CHECK(Contains(page.Samples(), quirk + "\"mixed_codes\"} 1\n" + quirk +
                                     "\"mx_is_cname\"} 1\n"));
}

TEST_CASE("reverse names") {
  using Names = std::vector<std::string>;
  struct Case {
    const char* name;
    std::shared_ptr<const probe::Reverse> reverse;
    std::optional<std::string> banner;
    std::optional<std::string> match;
    std::optional<std::string> banner_match;
  };
  const std::vector<Case> cases = {
      {"not known yet", nullptr, "mx1.example.com", std::nullopt, std::nullopt},
      {"match", MakeReverse(true, Names{"a", "mx1.example.com"}),
       "MX1.example.com.", "1", "1"},
      {"another name", MakeReverse(true, Names{"dyn.example.net"}),
       "mx1.example.com", "1", "0"},
      {"leads elsewhere", MakeReverse(false, Names{"mx1.example.com"}),
       "mx1.example.com", "0", "1"},
      {"none", MakeReverse(false, Names{}), "mx1.example.com", "0", "0"},
      {"names unknown", MakeReverse(std::nullopt, std::nullopt),
       "mx1.example.com", std::nullopt, std::nullopt},
      {"match unknown", MakeReverse(std::nullopt, Names{"mx1.example.com"}),
       "mx1.example.com", std::nullopt, "1"},
      {"no greeting", MakeReverse(true, Names{"mx1.example.com"}), std::nullopt,
       "1", std::nullopt},
      {"no name in the greeting", MakeReverse(true, Names{"mx1.example.com"}),
       "", "1", "0"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    probe::Place place = MakePlace(1, "192.0.2.1", "");
    place.reverse = c.reverse;
    Page page;
    page.Add(MakeExpansion(MakeTarget(), {place}));
    probe::ProbeResult result = GoodResult();
    result.banner.reset();
    if (c.banner) result.banner = tests::MakeBanner(*c.banner);
    page.Put(1, result);
    CHECK(Value(page, "smtp_reverse_dns_match") == c.match);
    CHECK(Value(page, "smtp_banner_reverse_dns_match") == c.banner_match);
  }
}

TEST_CASE("reverse names go when DNS has not confirmed them for too long") {
  probe::Target target = MakeTarget();
  target.stale_after = seconds(100);
  probe::Place place = MakePlace(1, "192.0.2.1", "");
  const auto reverse =
      MakeReverse(true, std::vector<std::string>{"mx1.example.com"});
  // The way back was confirmed a while after the names.
  reverse->match_until += seconds(20);
  // Much later than the latest lookup, which has found nothing out.
  reverse->latest = *tests::MakeLookup(false);
  place.reverse = reverse;
  Page page;
  page.Add(MakeExpansion(std::move(target), {place}));
  struct Case {
    seconds after;
    bool match;
    bool banner_match;
  };
  for (const Case& c :
       {Case{seconds(-1000), true, true}, Case{seconds(100), true, true},
        Case{seconds(101), true, false}, Case{seconds(120), true, false},
        Case{seconds(121), false, false}}) {
    CAPTURE(c.after.count());
    const probe::WallTime now = kNow + c.after;
    page.Put(1, GoodResult(now));
    CHECK(Contains(page.Samples(now), "smtp_reverse_dns_match") == c.match);
    CHECK(Contains(page.Samples(now), "smtp_banner_reverse_dns_match") ==
          c.banner_match);
    // That it is so is said.
    CHECK(Contains(page.Samples(now), "record=\"ptr\"} 0\n"));
  }
}

TEST_CASE("one more certificate repeats no reverse name") {
  probe::Place main = MakePlace(1, "192.0.2.1", "");
  main.reverse = MakeReverse(true, std::vector<std::string>{"a"});
  probe::Place further = MakePlace(
      tests::MakeEndpoint(2, "192.0.2.1", probe::tls::KeyType::kEcdsa));
  further.reverse = main.reverse;
  Page page;
  page.Add(MakeExpansion(MakeTarget(), {main, further}));
  page.Put(1, GoodResult());
  page.Put(2, GoodResult());
  for (const char* const family :
       {"smtp_reverse_dns_match", "smtp_banner_reverse_dns_match",
        "smtp_dns_success", "smtp_dns_duration_seconds"}) {
    CHECK(Value(page, family).has_value());
  }
}

TEST_CASE("how DNS answers, lookup by lookup") {
  using enum probe::RecordType;
  Expansion expansion = Domain();
  expansion.places.resize(1);
  expansion.places[0].reverse = MakeReverse(std::nullopt, std::nullopt);
  expansion.lookups = {
      {kMx, "", tests::MakeLookup(true, milliseconds(5))},
      {kA, "a.example.org", tests::MakeLookup(false, seconds(4))},
      {kAaaa, "a.example.org", tests::MakeLookup(true)}};
  Page page;
  page.Add(expansion);
  probe::Expansion host = MakeExpansion(MakeTarget());
  host.lookups = {{kA, "", tests::MakeLookup(true, milliseconds(1))}};
  page.Add(host);
  const std::string samples = page.Samples();
  const std::string mx = R"(,mx="a.example.org"} )";
  const std::string place =
      R"(,address="2001:db8::1",mx="a.example.org",record="ptr"} )";
  const std::string other = R"({target="mx1.example.com:25",module="smtp",)";
  CHECK(samples.substr(samples.find("smtp_dns_success")) ==
        "smtp_dns_success" + kLabels + ",record=\"mx\"} 1\n" +
            "smtp_dns_success" + kLabels + ",record=\"a\"" + mx + "0\n" +
            "smtp_dns_success" + kLabels + ",record=\"aaaa\"" + mx + "1\n" +
            "smtp_dns_success" + kLabels + place + "1\n" + "smtp_dns_success" +
            other + "record=\"a\"} 1\n" + "smtp_dns_duration_seconds" +
            kLabels + ",record=\"mx\"} 0.005\n" + "smtp_dns_duration_seconds" +
            kLabels + ",record=\"a\"" + mx + "4\n" +
            "smtp_dns_duration_seconds" + kLabels + ",record=\"aaaa\"" + mx +
            "0\n" + "smtp_dns_duration_seconds" + kLabels + place + "0.004\n" +
            "smtp_dns_duration_seconds" + other + "record=\"a\"} 0.001\n");
}

}  // namespace
}  // namespace exporter::metrics
