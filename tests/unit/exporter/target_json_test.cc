// Targets as JSON, to the byte: programs and the page go by these names.
#include "exporter/api/target_json.h"

#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter::api {
namespace {

using nlohmann::json;
using tests::Contains;
using tests::kNow;
using tests::MakeDomain;
using tests::MakeEndpoint;
using tests::MakeExpansion;
using tests::MakePlace;
using tests::MakeTarget;
using tests::milliseconds;
using tests::MomentAt;
using tests::Page;
using tests::seconds;

std::string Summary(const Page& page) {
  const metrics::TargetSeries& series = *page.list().front();
  const probe::Moment now = MomentAt(kNow);
  const auto entries = metrics::TakeEntries(series, page.store());
  return SummaryJson(metrics::TargetRow(series, entries, now));
}

std::string Whole(const Page& page, Kept kept = Kept::kWatched) {
  const metrics::TargetSeries& series = *page.list().front();
  const probe::Moment now = MomentAt(kNow);
  const auto entries = metrics::TakeEntries(series, page.store());
  return TargetJson(metrics::TargetRow(series, entries, now), kept);
}

Page OnePage(probe::Target target = MakeTarget()) {
  Page page;
  page.Add(std::move(target), MakeEndpoint(1, "192.0.2.1"));
  return page;
}

TEST_CASE("a summary") {
  probe::Target target = MakeTarget();
  target.labels = {{"team", "mail"}};
  CHECK(Summary(OnePage(std::move(target)).Put(1, tests::GoodResult())) ==
        R"({"id":"8aa6237c3453858b","target":"mx1.example.com:25",)"
        R"("module":"smtp","role":"mx","kind":"host","labels":{"team":"mail"},)"
        R"("level":"ok","headline":"","places":[{"address":"192.0.2.1",)"
        R"("level":"ok","fact_levels":{"reachable":"ok","auth":"ok",)"
        R"("banner":"ok"},"smtp_reachable":1,"smtp_probe_success":1,)"
        R"("smtp_probe_timestamp_seconds":1795428000.0,)"
        R"("smtp_probe_interval_seconds":60.0,"smtp_starttls_advertised":1,)"
        R"("smtp_auth_on_25":0,"smtp_size_limit_bytes":10240000.0,)"
        R"("smtp_banner_match":1,"smtp_banner_hostname_info":)"
        R"([{"hostname":"mx1.example.com","value":1}]}]})");
}

TEST_CASE("a summary before the first result") {
  CHECK(Summary(OnePage()) ==
        R"({"id":"8aa6237c3453858b","target":"mx1.example.com:25",)"
        R"("module":"smtp","role":"mx","kind":"host","labels":{},)"
        R"("level":"unknown","headline":"","places":)"
        R"([{"address":"192.0.2.1","level":"unknown","fact_levels":{},)"
        R"("smtp_probe_interval_seconds":60.0}]})");
}

TEST_CASE("a failure has its phase, its reason and what came") {
  const json summary =
      json::parse(Summary(OnePage().Put(1, tests::BusyResult(kNow))));
  CHECK(summary["places"][0]["failure"] ==
        json({{"phase", "greeting"},
              {"reason", "service_closing"},
              {"detail", "421 4.3.2 too busy"}}));
  CHECK_FALSE(
      json::parse(Summary(OnePage().Put(1, tests::GoodResult())))["places"][0]
          .contains("failure"));
}

TEST_CASE("the whole of a target, for whoever watches it") {
  probe::ProbeResult result = tests::TlsResult();
  result.transcript = {
      {.speaker = probe::TranscriptLine::Speaker::kServer,
       .at = milliseconds(20),
       .text = "220 mx1.example.com ESMTP"},
      {.speaker = probe::TranscriptLine::Speaker::kClient,
       .at = milliseconds(21),
       .text = "EHLO monitor.example.net"},
      {.speaker = probe::TranscriptLine::Speaker::kNote,
       .at = milliseconds(30),
       .text = "the TLS handshake begins"},
  };
  Page page = OnePage(MakeTarget(probe::TlsMode::kOpportunistic));
  page.Put(1, result);
  const json target = json::parse(Whole(page));
  CHECK(target["id"] == "8aa6237c3453858b");
  CHECK(target["findings"].is_array());
  const json& place = target["places"].at(0);
  CHECK(place["smtp_reachable"] == 1);
  CHECK(place["smtp_probes_total"] == 1);
  // A family with further labels is a list of its samples.
  CHECK(place["smtp_tls_info"] ==
        json::array({{{"version", "TLS1.3"},
                      {"cipher", "TLS_AES_256_GCM_SHA384"},
                      {"value", 1}}}));
  CHECK(place["smtp_probe_phase_duration_seconds"] ==
        json::array({{{"phase", "connect"}, {"value", 0.01}},
                     {{"phase", "greeting"}, {"value", 0.2}}}));
  CHECK(place["smtp_capability"].size() == 6);
  CHECK(place["smtp_capability"][0] ==
        json({{"capability", "8BITMIME"}, {"tls", "no"}, {"value", 1}}));
  CHECK(place["smtp_tls_certificate_not_after_timestamp_seconds"] ==
        json::array({{{"key", "rsa2048"}, {"value", 1800612000.0}}}));
  CHECK(place["names"] == json::array({"mx1.example.com"}));
  CHECK(place["transcripts"]["latest"] ==
        json({{"at", 1795428000.0},
              {"success", true},
              {"lines",
               {{{"at", 0.02},
                 {"speaker", "server"},
                 {"text", "220 mx1.example.com ESMTP"}},
                {{"at", 0.021},
                 {"speaker", "client"},
                 {"text", "EHLO monitor.example.net"}},
                {{"at", 0.03},
                 {"speaker", "note"},
                 {"text", "the TLS handshake begins"}}}}}));
  CHECK(place["transcripts"]["last_good"] == place["transcripts"]["latest"]);
  CHECK_FALSE(place["transcripts"].contains("last_bad"));
  CHECK(place["history"] == json::array());
}

TEST_CASE("who only asked once has no id and no past") {
  Page page = OnePage();
  page.Put(1, tests::GoodResult(kNow - seconds(60)));
  page.Put(1, tests::BusyResult(kNow));
  const json watched = json::parse(Whole(page));
  const json asked = json::parse(Whole(page, Kept::kAskedOnce));
  CHECK(watched["places"][0]["transcripts"].contains("last_good"));
  CHECK(watched["places"][0]["history"].size() == 1);
  CHECK_FALSE(asked.contains("id"));
  CHECK_FALSE(asked["places"][0]["transcripts"].contains("last_good"));
  CHECK_FALSE(asked["places"][0]["transcripts"].contains("last_bad"));
  CHECK_FALSE(asked["places"][0].contains("history"));
}

TEST_CASE("a domain, and what is said of it as a whole") {
  probe::Expansion expansion =
      MakeExpansion(MakeDomain(), {MakePlace(1, "192.0.2.1", "mx1.example.org"),
                                   MakePlace(2, "", "mx2.example.org")});
  expansion.mail.emplace().hosts = {{10, "mx1.example.org"},
                                    {20, "mx2.example.org"}};
  expansion.lookups = {
      {probe::RecordType::kMx, "", tests::MakeLookup(true, milliseconds(5))},
      {probe::RecordType::kA, "mx1.example.org",
       tests::MakeLookup(false, milliseconds(7))}};
  Page page;
  page.Add(std::move(expansion)).Put(1, tests::GoodResult());
  const json summary = json::parse(Summary(page));
  CHECK(summary["kind"] == "domain");
  CHECK(summary["smtp_domain_reachable"] == 1);
  CHECK(summary["smtp_null_mx"] == 0);
  CHECK_FALSE(summary.contains("smtp_mx_hosts"));
  CHECK(summary["places"][0]["mx"] == "mx1.example.org");
  CHECK_FALSE(summary["places"][1].contains("address"));

  const json whole = json::parse(Whole(page));
  CHECK(whole["smtp_mx_hosts"] == 2);
  CHECK(whole["smtp_mx_preference"] ==
        json::array({{{"mx", "mx1.example.org"}, {"value", 10}},
                     {{"mx", "mx2.example.org"}, {"value", 20}}}));
  CHECK(whole["smtp_dns_success"] ==
        json::array(
            {{{"record", "mx"}, {"value", 1}},
             {{"record", "a"}, {"mx", "mx1.example.org"}, {"value", 0}}}));
  CHECK(whole["smtp_dns_duration_seconds"][1]["value"] == 0.007);
}

TEST_CASE("of a place's reverse name the target says which place it is") {
  probe::Place place = MakePlace(1, "192.0.2.1", "mx1.example.org");
  auto reverse = std::make_shared<probe::Reverse>();
  reverse->latest = *tests::MakeLookup(true, milliseconds(3));
  place.reverse = reverse;
  Page page;
  page.Add(MakeExpansion(MakeDomain(), {place}));
  CHECK(json::parse(Whole(page))["smtp_dns_success"] ==
        json::array({{{"address", "192.0.2.1"},
                      {"mx", "mx1.example.org"},
                      {"record", "ptr"},
                      {"value", 1}}}));
}

TEST_CASE("a further certificate is a place of its own") {
  probe::Target target = MakeTarget(probe::TlsMode::kOpportunistic);
  target.certificate_conversations = {tests::MakeConversation(
      probe::TlsMode::kOpportunistic, probe::tls::KeyType::kEcdsa)};
  Page page;
  page.Add(MakeExpansion(
      target,
      {MakePlace(MakeEndpoint(1, "192.0.2.1")),
       MakePlace(MakeEndpoint(2, "192.0.2.1", probe::tls::KeyType::kEcdsa))}));
  page.Put(1, tests::TlsResult()).Put(2, tests::TlsResult());
  const json whole = json::parse(Whole(page));
  REQUIRE(whole["places"].size() == 2);
  CHECK_FALSE(whole["places"][0].contains("certificate_type"));
  CHECK(whole["places"][1]["certificate_type"] == "ecdsa");
  CHECK_FALSE(whole["places"][1].contains("smtp_reachable"));
  CHECK(json::parse(Summary(page))["places"].size() == 1);
}

TEST_CASE("no limit on the size is a word: JSON knows no infinity") {
  probe::ProbeResult result = tests::GoodResult();
  result.clear->size_limit = std::numeric_limits<double>::infinity();
  CHECK(Contains(Summary(OnePage().Put(1, result)),
                 R"("smtp_size_limit_bytes":"+Inf")"));
}

TEST_CASE("whatever a server says, the JSON is sound") {
  const std::string hostile =
      "\xff\xc0\x80\"\\</script><script>alert(1)</script>\xe2\x80\xae\x1b[31m";
  probe::Target target = MakeTarget();
  target.labels = {{"team", hostile}};
  probe::ProbeResult result = tests::BusyResult(kNow);
  result.failure->detail = hostile;
  result.transcript = {{.speaker = probe::TranscriptLine::Speaker::kServer,
                        .at = {},
                        .text = hostile}};
  Page page = OnePage(std::move(target));
  page.Put(1, result);
  for (const std::string& text : {Summary(page), Whole(page)}) {
    CHECK(json::accept(text));
    // Control characters are escaped, bytes that are no UTF-8 replaced.
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find('\xff') == std::string::npos);
    const json parsed = json::parse(text);
    CHECK(Contains(parsed["labels"]["team"], "\"\\</script>"));
  }
  CHECK(json::accept(Quoted(hostile)));
  CHECK(Quoted("a\"b\n") == R"("a\"b\n")");
}

TEST_CASE("ids") {
  probe::Target target = MakeTarget();
  const std::string id = IdText(IdOf(target));
  CHECK(id.size() == 16);
  target.labels = {{"team", "mail"}};
  CHECK(IdText(IdOf(target)) == id);
  target.module = "other";
  CHECK(IdText(IdOf(target)) != id);
  CHECK(IdText(1) == "0000000000000001");
}

}  // namespace
}  // namespace exporter::api
