#include "exporter/check/text_report.h"

#include <memory>
#include <string>
#include <vector>

#include "exporter/check/tested_targets.h"
#include "tests/support/catch.h"
#include "tests/unit/check/stage.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter::check {
namespace {

using probe::ProbeResult;
using probe::TranscriptLine;
using tests::Contains;
using tests::NamedTarget;
using tests::PutHost;
using tests::TlsResult;

std::string Report(const TestedTargets& targets, const TextStyle& style = {}) {
  return TextReport(targets.Row(0), targets.ResultsOf(0), style);
}

TEST_CASE("a good server") {
  TestedTargets targets(1);
  ProbeResult result = TlsResult();
  result.clear->keywords = {"8BITMIME", "AUTH", "SIZE", "STARTTLS"};
  result.clear->auth = true;
  result.clear->auth_mechanisms = {"GSSAPI"};
  result.inside->auth = true;
  probe::Target target = NamedTarget("mx1.example.com");
  target.expect.auth = true;
  PutHost(targets, 0, target, result);
  CHECK(Report(targets) ==
        R"(mx1.example.com:25 (smtp): OK

  OK        The server answers, in 250 ms
  OK        STARTTLS works: TLS1.3, TLS_AES_256_GCM_SHA384
  OK        The certificate is good for 45 more days
  OK        The greeting names the expected host, mx1.example.com
  OK        Takes mail up to 50 MiB
  OK        All is as expected: 1 point

  192.0.2.1
    greeting     mx1.example.com ESMTP
    before TLS   8BITMIME, AUTH (GSSAPI), SIZE (9.7 MiB), STARTTLS
    inside TLS   8BITMIME, REQUIRETLS, SIZE (50 MiB)
    TLS          TLS1.3, TLS_AES_256_GCM_SHA384, X25519
    certificate  rsa2048, CN=mx1.example.com
                 issued by CN=Test CA,O=Example
                 for mx1.example.com
                 valid from 2026-10-24T10:00:00Z to 2027-01-22T10:00:00Z
                 depends on a certificate valid to 2027-01-07T10:00:00Z, for
                 another 45 days
                 trust: ok (0)
    sha256       aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    time         connect 10 ms, greeting 200 ms, all 250 ms
)");
}

TEST_CASE("what is wrong comes first, with what to do") {
  TestedTargets targets(1);
  PutHost(targets, 0, NamedTarget("mx1.example.com"), tests::RefusedResult());
  const std::string report = Report(targets);
  CHECK(report.starts_with(R"(mx1.example.com:25 (smtp): CRITICAL

  CRITICAL  The connection was refused
            Connecting: connection refused. The host is up, but nothing listens
            on this port, or a firewall says no. See whether the mail server
            runs)"));
  CHECK(Contains(report, "\n  INFO      Nothing is known of STARTTLS"));
  CHECK(Contains(report,
                 "\n\n  192.0.2.1\n    time         connect 12 ms, "
                 "all 12 ms\n"));
  CHECK(!Contains(report, "greeting "));
}

TEST_CASE("a conversation only for those who ask") {
  ProbeResult result = TlsResult();
  using enum TranscriptLine::Speaker;
  result.transcript = {{kNote, {}, "connecting"},
                       {kServer, tests::milliseconds(12), "220 mx1\x1b[2J"},
                       {kClient, tests::seconds(6), "EHLO me.example.net"}};
  TestedTargets targets(1);
  PutHost(targets, 0, NamedTarget("mx1.example.com"), result);
  CHECK(!Contains(Report(targets), "conversation"));
  CHECK(Report(targets, {.verbose = true}).ends_with(R"(
    conversation
        0.000 -- connecting
        0.012 S: 220 mx1\x1b[2J
        6.000 C: EHLO me.example.net
)"));
}

TEST_CASE("colours on a terminal") {
  TestedTargets targets(1);
  PutHost(targets, 0, NamedTarget("mx1.example.com"), tests::RefusedResult());
  const std::string plain = Report(targets);
  CHECK(!Contains(plain, "\x1b"));
  std::string colored = Report(targets, {.colors = true});
  CHECK(Contains(colored, "\x1b[1;31mCRITICAL\x1b[0m  The connection"));
  // Without the escapes it is the same.
  for (std::size_t at = 0; (at = colored.find('\x1b', at)) != colored.npos;) {
    colored.erase(at, colored.find('m', at) + 1 - at);
  }
  CHECK(colored == plain);
}

TEST_CASE("a domain tells where each thing was found") {
  TestedTargets targets(1);
  probe::Expansion expansion = tests::MakeExpansion(
      tests::MakeDomain(), {tests::MakePlace(1, "192.0.2.1", "a.example.org"),
                            tests::MakePlace(2, "192.0.2.2", "b.example.org"),
                            tests::MakePlace(3, "", "c.example.org")});
  expansion.mail.emplace().hosts = {
      {10, "a.example.org"}, {20, "b.example.org"}, {30, "c.example.org"}};
  expansion.places[2].unresolved =
      tests::DnsFailure(probe::Reason::kDnsNotFound);
  ProbeResult gone = tests::RefusedResult();
  gone.failure = expansion.places[2].unresolved;
  targets.Put(0, expansion,
              {tests::Shared(TlsResult()),
               tests::Shared(tests::RefusedResult()), tests::Shared(gone)},
              tests::MomentAt(tests::kNow));
  const std::string report = Report(targets, {.columns = 200});
  CHECK(
      report.starts_with("example.org:25 (domain, smtp): WARNING\n\n"
                         "  WARNING   Backup mail servers are down: "
                         "b.example.org, c.example.org\n"));
  CHECK(Contains(report,
                 "  WARNING   The connection was refused "
                 "[b.example.org 192.0.2.2]\n"));
  CHECK(Contains(report,
                 "  WARNING   The name does not exist in DNS "
                 "[c.example.org]\n"));
  CHECK(Contains(report, "\n  a.example.org 192.0.2.1\n"));
  CHECK(Contains(report, "\n  c.example.org no address\n"));
}

TEST_CASE("what a server without much to say shows") {
  ProbeResult result = tests::GoodResult();
  result.clear = probe::smtp::Capabilities{};
  result.banner->text = "first\nsecond";
  result.handshake = tests::MakeHandshake();
  result.handshake->certificate.reset();
  result.handshake->verdict.reset();
  TestedTargets targets(1);
  PutHost(targets, 0, NamedTarget("mx1.example.com"), result);
  const std::string report = Report(targets);
  CHECK(
      Contains(report, "\n    greeting     first\n                 second\n"));
  CHECK(Contains(report, "\n    before TLS   only HELO, no extensions\n"));
  CHECK(Contains(report, "\n    certificate  none\n"));
}

TEST_CASE("an expired certificate for many names") {
  ProbeResult result = TlsResult();
  result.handshake->certificate->not_after =
      tests::kNow - std::chrono::hours(5);
  result.handshake->certificate->names = {"a.example", "b.example"};
  result.handshake->certificate->more_names = 7;
  TestedTargets targets(1);
  PutHost(targets, 0, NamedTarget("mx1.example.com"), result);
  const std::string report = Report(targets, {.columns = 200});
  CHECK(Contains(report, " for a.example, b.example and 7 more\n"));
  CHECK(Contains(report, "2026-11-23T05:00:00Z, expired 5 hours ago\n"));

  // Another one is to blame.
  result.handshake->certificate->not_after =
      tests::kNow + std::chrono::days(60);
  result.handshake->verdict->chain_not_after =
      tests::kNow - std::chrono::days(3);
  TestedTargets chain(1);
  PutHost(chain, 0, NamedTarget("mx1.example.com"), result);
  const std::string blames = Report(chain, {.columns = 200});
  CHECK(Contains(blames, " to 2027-01-22T10:00:00Z\n"));
  CHECK(Contains(blames,
                 "depends on a certificate valid to 2026-11-20T10:00:00Z, "
                 "expired 3 days ago\n"));
}

}  // namespace
}  // namespace exporter::check
