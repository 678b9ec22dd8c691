// The facts of a place are as good or bad as the findings say.
#include "exporter/findings/fact_levels.h"

#include <cstddef>
#include <string>

#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter::findings {
namespace {

using probe::ProbeResult;
using probe::Target;
using probe::TlsMode;
using tests::kNow;
using tests::MakeTarget;
using tests::TlsResult;

// "starttls critical, banner info".
std::string Text(const FactLevels& levels) {
  std::string text;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (!levels[i]) continue;
    if (!text.empty()) text += ", ";
    text += std::string(kFacts[i]) + " " + std::string(Name(*levels[i]));
  }
  return text;
}

std::string Levels(const Target& target, const ProbeResult& result) {
  tests::Page page;
  page.Add(target, tests::MakeEndpoint(1, "192.0.2.1")).Put(1, result);
  const auto entries = metrics::TakeEntries(*page.list().front(), page.store());
  const probe::Moment now = tests::MomentAt(kNow);
  return Text(FactLevelsOf(metrics::Row(entries.front(), now)));
}

Target Mx() { return MakeTarget(TlsMode::kOpportunistic); }

TEST_CASE("a good server") {
  CHECK(Levels(Mx(), TlsResult()) ==
        "reachable ok, starttls ok, auth ok, banner ok, certificate ok");
}

TEST_CASE("nothing is judged that is not known") {
  tests::Page page;
  page.Add(Mx(), tests::MakeEndpoint(1, "192.0.2.1"));
  const auto entries = metrics::TakeEntries(*page.list().front(), page.store());
  const probe::Moment now = tests::MomentAt(kNow);
  CHECK(Text(FactLevelsOf(metrics::Row(entries.front(), now))).empty());
}

TEST_CASE("a failure is bad for what it is about") {
  CHECK(Levels(Mx(), tests::BusyResult(kNow)) == "reachable warning");
  ProbeResult refused;
  refused.finished = tests::MomentAt(kNow);
  refused.failure = probe::Failure{
      probe::Phase::kConnect, probe::Reason::kRefused, "connection refused"};
  CHECK(Levels(Mx(), refused) == "reachable critical");
  ProbeResult broken = tests::GoodResult();
  broken.starttls_success = false;
  broken.failure =
      probe::Failure{probe::Phase::kTls, probe::Reason::kTlsAlert, "alert 40"};
  CHECK(Levels(Mx(), broken) == "reachable ok, starttls critical, banner ok");
}

TEST_CASE("another banner is bad only where one is expected") {
  ProbeResult result = TlsResult();
  result.banner = tests::MakeBanner("localhost");
  Target target = Mx();
  CHECK(Levels(target, result).find("banner info") != std::string::npos);
  target.expect.banner = "mx1.example.com";
  CHECK(Levels(target, result).find("banner warning") != std::string::npos);
}

TEST_CASE("STARTTLS may be meant to be missing") {
  ProbeResult result = tests::GoodResult();
  result.clear->starttls = false;
  Target target = Mx();
  CHECK(Levels(target, result) ==
        "reachable ok, starttls critical, auth ok, banner ok");
  target.expect.starttls = false;
  CHECK(Levels(target, result) == "reachable ok, auth ok, banner ok");
}

TEST_CASE("AUTH on port 25 may be meant to be there") {
  ProbeResult result = TlsResult();
  result.inside->auth = true;
  Target target = Mx();
  CHECK(Levels(target, result).find("auth warning") != std::string::npos);
  target.expect.auth = true;
  CHECK(Levels(target, result).find("auth") == std::string::npos);
  result.inside->auth = false;
  CHECK(Levels(target, result).find("auth critical") != std::string::npos);
}

TEST_CASE("a size is judged where one is expected") {
  Target target = Mx();
  target.expect.size_at_least = 1e9;
  CHECK(Levels(target, TlsResult()).find("size warning") != std::string::npos);
}

TEST_CASE("a certificate is as bad as the worst that is found of it") {
  ProbeResult result = TlsResult();
  result.handshake->verdict->trusted = false;
  result.handshake->verdict->reason = "self_signed_cert_in_chain";
  Target target = Mx();
  CHECK(Levels(target, result).ends_with("certificate warning"));
  target.role = probe::Role::kSubmission;
  CHECK(Levels(target, result).ends_with("certificate critical"));
  // The leaf is good for 60 days, what it depends on is not.
  result = TlsResult();
  result.handshake->verdict->chain_not_after = kNow + std::chrono::days(2);
  CHECK(Levels(Mx(), result).ends_with("certificate critical"));
}

}  // namespace
}  // namespace exporter::findings
