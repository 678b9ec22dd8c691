#include "exporter/metrics/families.h"

#include <limits>
#include <string>

#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter::metrics {
namespace {

using tests::BusyResult;
using tests::Contains;
using tests::GoodResult;
using tests::kNow;
using tests::MakeEndpoint;
using tests::MakeTarget;
using tests::milliseconds;
using tests::minutes;
using tests::OnePage;
using tests::Page;
using tests::seconds;
using tests::Short;

constexpr std::string_view kGoodSamples = R"(smtp_reachable{L} 1
smtp_probe_success{L} 1
smtp_probe_timestamp_seconds{L} 1795428000
smtp_probe_interval_seconds{L} 60
smtp_probe_duration_seconds{L} 0.25
smtp_probe_phase_duration_seconds{L,phase="connect"} 0.01
smtp_probe_phase_duration_seconds{L,phase="greeting"} 0.2
smtp_probes_total{L} 1
smtp_probe_failures_total{L} 0
smtp_observed_timestamp_seconds{L} 1795428000
smtp_starttls_advertised{L} 1
smtp_auth_on_25{L} 0
smtp_size_limit_bytes{L} 10240000
smtp_banner_match{L} 1
smtp_banner_hostname_info{L,hostname="mx1.example.com"} 1
smtp_capability{L,capability="8BITMIME",tls="no"} 1
smtp_capability{L,capability="SIZE",tls="no"} 1
smtp_capability{L,capability="STARTTLS",tls="no"} 1
smtp_esmtp{L} 1
)";

TEST_CASE("before the first result only what is known is said") {
  probe::Target target = MakeTarget();
  target.interval = seconds(90);
  CHECK(Short(OnePage(target).Samples()) == R"(smtp_probe_interval_seconds{L} 90
smtp_probes_total{L} 0
smtp_probe_failures_total{L} 0
)");
}

TEST_CASE("a healthy server") {
  CHECK(Short(OnePage().Put(1, GoodResult()).Samples()) == kGoodSamples);
}

TEST_CASE("heads stand before their samples, in either format") {
  Page page;
  page.Add(MakeTarget(), MakeEndpoint(1, ""));
  const std::vector<std::string> text = page.Pieces(Format::kText);
  REQUIRE(text.size() == 1);
  CHECK(
      text[0] ==
      R"(# HELP smtp_probe_interval_seconds Time from one probe to the next. It grows while the server asks its clients to come back later (421).
# TYPE smtp_probe_interval_seconds gauge
smtp_probe_interval_seconds{target="mx1.example.com:25",module="smtp"} 60
# HELP smtp_probes_total How many probes have ended, well or not.
# TYPE smtp_probes_total counter
smtp_probes_total{target="mx1.example.com:25",module="smtp"} 0
# HELP smtp_probe_failures_total How many probes have failed.
# TYPE smtp_probe_failures_total counter
smtp_probe_failures_total{target="mx1.example.com:25",module="smtp"} 0
)");
  const std::vector<std::string> open = page.Pieces(Format::kOpenMetrics);
  REQUIRE(open.size() == 1);
  CHECK(open[0] ==
        R"(# TYPE smtp_probe_interval_seconds gauge
# UNIT smtp_probe_interval_seconds seconds
# HELP smtp_probe_interval_seconds Time from one probe to the next. It grows while the server asks its clients to come back later (421).
smtp_probe_interval_seconds{target="mx1.example.com:25",module="smtp"} 60
# TYPE smtp_probes counter
# HELP smtp_probes How many probes have ended, well or not.
smtp_probes_total{target="mx1.example.com:25",module="smtp"} 0
# TYPE smtp_probe_failures counter
# HELP smtp_probe_failures How many probes have failed.
smtp_probe_failures_total{target="mx1.example.com:25",module="smtp"} 0
)");
}

TEST_CASE("the schedule is told to whoever reads HELP") {
  const Page page = OnePage().Put(1, GoodResult());
  const std::string text = page.Pieces(Format::kText).front();
  for (const std::string name :
       {"smtp_probe_timestamp_seconds", "smtp_observed_timestamp_seconds"}) {
    const std::size_t help = text.find("# HELP " + name + " ");
    REQUIRE(help != std::string::npos);
    CHECK(Contains(text.substr(help, text.find('\n', help) - help),
                   "Probes run on a schedule of their own"));
  }
}

TEST_CASE("a 421 after a good probe changes the verdict and no fact") {
  Page page = OnePage();
  page.Put(1, GoodResult());
  page.Put(1, BusyResult(kNow + seconds(60)));
  const std::string samples = Short(page.Samples(kNow + seconds(61)));
  const std::size_t facts = samples.find("smtp_observed_timestamp_seconds");
  REQUIRE(facts != std::string::npos);
  CHECK(samples.substr(0, facts) == R"(smtp_reachable{L} 0
smtp_probe_success{L} 0
smtp_probe_failure_info{L,phase="greeting",reason="service_closing"} 1
smtp_probe_timestamp_seconds{L} 1795428060
smtp_probe_interval_seconds{L} 120
smtp_probe_duration_seconds{L} 0.03
smtp_probe_phase_duration_seconds{L,phase="greeting"} 0.02
smtp_probes_total{L} 2
smtp_probe_failures_total{L} 1
)");
  CHECK(samples.substr(facts) == kGoodSamples.substr(kGoodSamples.find(
                                     "smtp_observed_timestamp_seconds")));
}

TEST_CASE("facts go once older than stale_after, each by its own age") {
  probe::Target target = MakeTarget();
  target.stale_after = minutes(5);
  Page page = OnePage(target);
  page.Put(1, GoodResult());
  // EHLO was refused: only the banner is younger.
  probe::ProbeResult refused = BusyResult(kNow + minutes(2));
  refused.banner = tests::MakeBanner("mx2.example.com");
  refused.banner->quirks.Add(probe::smtp::Quirk::kBareLf);
  page.Put(1, refused);

  const std::string last = page.Samples(kNow + minutes(5));
  CHECK(Contains(last, "smtp_starttls_advertised"));
  CHECK(Contains(last, "hostname=\"mx2.example.com\""));

  const std::string later =
      page.Samples(kNow + minutes(5) + std::chrono::nanoseconds(1));
  for (const std::string_view gone :
       {"smtp_observed_timestamp_seconds", "smtp_starttls_advertised",
        "smtp_auth_on_25", "smtp_size_limit_bytes", "smtp_capability",
        "smtp_esmtp"}) {
    CHECK_FALSE(Contains(later, gone));
  }
  CHECK(Contains(later, "smtp_banner_match"));
  CHECK(Contains(later, "smtp_quirk"));

  const std::string end = page.Samples(kNow + minutes(8));
  CHECK_FALSE(Contains(end, "smtp_banner"));
  CHECK_FALSE(Contains(end, "smtp_quirk"));
  CHECK(Contains(end, "smtp_probe_failure_info"));
}

TEST_CASE("a wall clock that was set does not change a fact's age") {
  for (const auto step : {-minutes(60), minutes(60)}) {
    Page page = OnePage();
    probe::ProbeResult result = GoodResult();
    result.finished.wall += step;
    page.Put(1, result);
    CHECK(
        Contains(page.Samples(kNow + minutes(1)), "smtp_starttls_advertised"));
    CHECK_FALSE(
        Contains(page.Samples(kNow + minutes(9)), "smtp_starttls_advertised"));
  }
}

TEST_CASE("each fact as the server told it") {
  struct Case {
    const char* name;
    void (*change)(probe::Target&, probe::ProbeResult&);
    std::string present;
    std::string absent;
  };
  const std::vector<Case> cases = {
      {"STARTTLS gone",
       [](probe::Target&, probe::ProbeResult& result) {
         result.clear->starttls = false;
       },
       "smtp_starttls_advertised{L} 0\n", "-"},
      {"HELO only",
       [](probe::Target&, probe::ProbeResult& result) {
         result.clear = probe::smtp::Capabilities();
       },
       "smtp_esmtp{L} 0\n", "smtp_capability"},
      {"HELO only offers no STARTTLS",
       [](probe::Target&, probe::ProbeResult& result) {
         result.clear = probe::smtp::Capabilities();
       },
       "smtp_starttls_advertised{L} 0\n", "smtp_size_limit_bytes"},
      {"AUTH on 25",
       [](probe::Target&, probe::ProbeResult& result) {
         result.clear->auth = true;
       },
       "smtp_auth_on_25{L} 1\n", "smtp_auth_mechanism"},
      {"AUTH for users",
       [](probe::Target& target, probe::ProbeResult& result) {
         target.role = probe::Role::kSubmission;
         result.clear->auth = true;
         result.clear->auth_mechanisms = {"LOGIN", "PLAIN"};
       },
       "smtp_auth_mechanism{L,mechanism=\"LOGIN\",tls=\"no\"} 1\n"
       "smtp_auth_mechanism{L,mechanism=\"PLAIN\",tls=\"no\"} 1\n",
       "smtp_auth_on_25"},
      {"SIZE 0",
       [](probe::Target&, probe::ProbeResult& result) {
         result.clear->size_limit = std::numeric_limits<double>::infinity();
       },
       "smtp_size_limit_bytes{L} +Inf\n", "-"},
      {"SIZE without a number",
       [](probe::Target&, probe::ProbeResult& result) {
         result.clear->size_limit.reset();
       },
       "smtp_esmtp{L} 1\n", "smtp_size_limit_bytes"},
      {"another name in the greeting",
       [](probe::Target&, probe::ProbeResult& result) {
         result.banner = tests::MakeBanner("other.example.net");
       },
       "smtp_banner_match{L} 0\n"
       "# HELP smtp_banner_hostname_info",
       "hostname=\"mx1"},
      {"no name in the greeting",
       [](probe::Target&, probe::ProbeResult& result) {
         result.banner = tests::MakeBanner("");
       },
       "smtp_banner_match{L} 0\n", "smtp_banner_hostname_info"},
      {"an IP literal expects no name",
       [](probe::Target& target, probe::ProbeResult&) {
         target.literal = probe::IpAddress::Parse("192.0.2.1");
         target.host = "192.0.2.1";
       },
       "smtp_banner_hostname_info{L,hostname=\"mx1.example.com\"} 1\n",
       "smtp_banner_match"},
      {"expectations",
       [](probe::Target& target, probe::ProbeResult&) {
         target.expect.banner = "/ESMTP/";
         target.expect.starttls = true;
         target.expect.auth = true;
         target.expect.size_at_least = 10240000;
         target.expect.capabilities = {"8BITMIME", "PIPELINING"};
       },
       "smtp_expectation_met{L,expectation=\"banner\"} 1\n"
       "smtp_expectation_met{L,expectation=\"starttls\"} 1\n"
       "smtp_expectation_met{L,expectation=\"auth\"} 0\n"
       "smtp_expectation_met{L,expectation=\"size_at_least\"} 1\n"
       "smtp_expectation_met{L,expectation=\"capabilities\"} 0\n",
       "-"},
      {"quirks of greeting, EHLO and refusals, each once",
       [](probe::Target&, probe::ProbeResult& result) {
         result.banner->quirks.Add(probe::smtp::Quirk::kBareLf);
         result.clear->quirks.Add(probe::smtp::Quirk::kBareLf);
         result.clear->quirks.Add(probe::smtp::Quirk::kTooManyAddresses);
         result.quirks.Add(probe::smtp::Quirk::kMixedCodes);
       },
       "smtp_quirk{L,quirk=\"mixed_codes\"} 1\n"
       "smtp_quirk{L,quirk=\"bare_lf\"} 1\n"
       "smtp_quirk{L,quirk=\"too_many_addresses\"} 1\n",
       "-"},
      {"hostile words",
       [](probe::Target&, probe::ProbeResult& result) {
         result.banner = tests::MakeBanner("a\"} 1\nx{b=\"\xff\x1b");
         result.clear->keywords = {std::string(300, 'X')};
       },
       "smtp_banner_hostname_info{L,hostname=\"a\\\"} 1\\nx{b=\\\"��\"} 1\n",
       std::string(257, 'X')},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    probe::Target target = MakeTarget();
    probe::ProbeResult result = GoodResult();
    c.change(target, result);
    const Page page = OnePage(target).Put(1, result);
    const std::string text = Short(page.Pieces(Format::kText).front());
    CHECK(Contains(text, c.present));
    if (c.absent != "-") CHECK_FALSE(Contains(text, c.absent));
  }
}

TEST_CASE("labels: target, module, address, then the user's own") {
  probe::Target target = MakeTarget();
  target.labels = {{"rack", "a\"b"}, {"team", "Prüfer"}};
  const auto labels = [&](const std::string& address, const std::string& mx) {
    return Series(target, tests::MakePlace(7, address, mx)).labels;
  };
  CHECK(labels("2001:db8::1", "") ==
        R"(target="mx1.example.com:25",module="smtp",address="2001:db8::1",)"
        R"(rack="a\"b",team="Prüfer")");
  CHECK(labels("2001:db8::1", "mx.example.org") ==
        R"(target="mx1.example.com:25",module="smtp",address="2001:db8::1",)"
        R"(mx="mx.example.org",rack="a\"b",team="Prüfer")");
  CHECK(labels("", "mx.example.org") ==
        R"(target="mx1.example.com:25",module="smtp",mx="mx.example.org",)"
        R"(rack="a\"b",team="Prüfer")");
  const std::string whole =
      R"(target="mx1.example.com:25",module="smtp",rack="a\"b",team="Prüfer")";
  CHECK(labels("", "") == whole);
  CHECK(TargetSeries(std::make_shared<const probe::Expansion>(
                         tests::MakeExpansion(target)))
            .labels == whole);
}

TEST_CASE("long names of targets stay different") {
  probe::Target target = MakeTarget();
  target.name = std::string(253, 'x') + ":10025";
  CHECK(
      Contains(Series(target, tests::MakePlace(1, "", "")).labels, ":10025\""));
}

TEST_CASE("two targets that share an endpoint have a series each") {
  probe::Target other = MakeTarget();
  other.name = "mail.example.com:25";
  other.host = "mail.example.com";
  other.interval = seconds(300);
  Page page = OnePage();
  page.Add(other, MakeEndpoint(1, "192.0.2.1"));
  page.Put(1, GoodResult());
  const std::string text = Short(page.Pieces(Format::kText).front());
  const std::string_view second =
      R"({target="mail.example.com:25",module="smtp",address="192.0.2.1"})";
  CHECK(Contains(text, "\nsmtp_reachable{L} 1\nsmtp_reachable" +
                           std::string(second) + " 1\n# HELP"));
  // What depends on the target alone differs.
  CHECK(Contains(text, "smtp_banner_match{L} 1\nsmtp_banner_match" +
                           std::string(second) + " 0\n"));
}

TEST_CASE("an endpoint that is gone has no samples") {
  Page page = OnePage();
  page.Put(1, GoodResult());
  page.store().Remove(1);
  CHECK(page.Pieces(Format::kText) == std::vector<std::string>{""});
}

TEST_CASE("no series at all") {
  ExpositionWriter writer(Format::kText);
  const ResultStore store;
  TargetFamilies nothing(nullptr, store, probe::Moment());
  CHECK_FALSE(nothing.Next(writer));
  CHECK(writer.size() == 0);
  CHECK(Page().AddGap().AddGap().Samples() == "");
}

TEST_CASE("states are taken and looked through in pieces too") {
  Page page;
  const probe::Target target = MakeTarget();
  for (probe::EndpointId id = 1; id <= kMaxSeriesPerPiece + 1; ++id) {
    page.Add(target, MakeEndpoint(id, "192.0.2.1"));
  }
  TargetFamilies families = page.Families();
  ExpositionWriter writer(Format::kText);
  // Two for the states, and nothing is reachable before a result.
  for (int i = 0; i < 3; ++i) {
    CHECK(families.Next(writer));
    CHECK(writer.size() == 0);
  }
  while (families.Next(writer)) {
  }
  CHECK(writer.size() > 0);
}

TEST_CASE("a page shows what was known when it began") {
  Page page = OnePage().Put(1, GoodResult());
  TargetFamilies families = page.Families();
  ExpositionWriter writer(Format::kText);
  CHECK(families.Next(writer));
  page.Put(1, BusyResult(kNow));
  page.store().Remove(1);
  while (families.Next(writer)) {
  }
  const std::string text = Short(writer.Take());
  CHECK(Contains(text, "smtp_reachable{L} 1\n"));
  CHECK(Contains(text, "smtp_probes_total{L} 1\n"));
}

TEST_CASE("a target that has left leaves a gap") {
  Page page;
  page.AddGap();
  page.Add(MakeTarget(), MakeEndpoint(1, "192.0.2.1"));
  page.AddGap();
  page.Put(1, GoodResult());
  CHECK(Short(page.Samples()) == kGoodSamples);
}

TEST_CASE("pieces are about kPieceBytes and add up to the whole") {
  constexpr int kSeries = 2000;
  Page page;
  for (int i = 1; i <= kSeries; ++i) {
    probe::Target target = MakeTarget();
    target.name = "mx" + std::to_string(i) + ".example.com:25";
    const auto id = static_cast<probe::EndpointId>(i);
    page.Add(target, MakeEndpoint(id, "192.0.2.1"));
    page.Put(id, GoodResult());
  }
  const Format format = GENERATE(Format::kText, Format::kOpenMetrics);
  const std::vector<std::string> pieces = page.Pieces(format);
  REQUIRE(pieces.size() > 20);
  std::string joined;
  std::size_t small = 0;  // Ended by the limit in series, not in bytes.
  for (const std::string& piece : pieces) {
    CHECK(piece.size() < kPieceBytes + 2048);
    if (piece.size() < kPieceBytes) ++small;
    joined += piece;
  }
  constexpr std::size_t kFamilies = 20;
  CHECK(small <= 1 + kFamilies * kSeries / kMaxSeriesPerPiece);

  // The whole: a writer that is never emptied is full at once, so that each
  // call adds one piece more.
  TargetFamilies families = page.Families();
  ExpositionWriter writer(format);
  while (families.Next(writer)) {
  }
  CHECK(writer.Take() == joined);

  std::size_t heads = 0;
  std::size_t samples = 0;
  for (std::size_t at = 0; at < joined.size(); at = joined.find('\n', at) + 1) {
    if (joined.compare(at, 7, "# TYPE ") == 0) ++heads;
    if (joined[at] != '#') ++samples;
  }
  CHECK(heads == 16);
  CHECK(samples == std::size_t{kSeries} * 19);
}

}  // namespace
}  // namespace exporter::metrics
