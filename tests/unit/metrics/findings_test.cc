// What is found about one place, from what was and was not observed there.
#include "exporter/findings.h"

#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/metrics/findings_stage.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter {
namespace {

using probe::Phase;
using probe::ProbeResult;
using probe::Reason;
using probe::Target;
using probe::TlsMode;
using probe::smtp::Quirk;
using std::chrono::days;
using std::chrono::hours;
using tests::Codes;
using tests::Contains;
using tests::Find;
using tests::FindingsStage;
using tests::kNow;
using tests::MakeTarget;
using tests::minutes;
using tests::seconds;
using tests::TlsResult;

Target TlsTarget() { return MakeTarget(TlsMode::kOpportunistic); }

Target SubmissionTarget() {
  Target target = MakeTarget(TlsMode::kRequired);
  target.role = probe::Role::kSubmission;
  return target;
}

ProbeResult FailedResult(Phase phase, Reason reason,
                         const std::string& detail = "what came") {
  ProbeResult result;
  result.finished = tests::MomentAt(kNow);
  result.interval = seconds(60);
  result.failure = probe::Failure{phase, reason, detail};
  return result;
}

std::vector<Finding> Found(const Target& target, const ProbeResult& result) {
  return FindingsStage(target).Put(1, result).Place();
}

TEST_CASE("a server that does everything well gets only good news") {
  const auto found = Found(TlsTarget(), TlsResult());
  CHECK(Codes(found, Level::kOk) == "");
  std::string titles;
  for (const Finding& finding : found) titles += finding.title + "\n";
  CHECK(titles ==
        "The server answers, in 250 ms\n"
        "STARTTLS works: TLS1.3, TLS_AES_256_GCM_SHA384\n"
        "The certificate is good for 45 more days\n"
        "The greeting names the expected host, mx1.example.com\n"
        "AUTH is not offered where other servers deliver\n"
        "Takes mail up to 50 MiB\n");
  CHECK(found[0].address == "192.0.2.1");
  CHECK(found[0].mx == "");
}

TEST_CASE("before the first result nothing is said but that") {
  const FindingsStage stage{TlsTarget()};
  const auto found = stage.Place();
  REQUIRE(found.size() == 1);
  CHECK(found[0].code == "not_tested");
  CHECK(stage.PlaceStatus() == Status::kUnknown);
}

TEST_CASE("a failure says nothing of what it kept from being observed") {
  const auto found = Found(
      TlsTarget(),
      FailedResult(Phase::kConnect, Reason::kRefused, "connection refused"));
  CHECK(Codes(found) == "critical refused, info not_observed");
  CHECK(found.size() == 2);
  CHECK(found[0].title == "The connection was refused");
  CHECK(found[0].advice.starts_with("Connecting: connection refused. "));
  CHECK(found[1].title == "Nothing is known of STARTTLS, AUTH and SIZE");
}

TEST_CASE("a busy server keeps its facts, with their age") {
  FindingsStage stage(TlsTarget(), kNow + minutes(4));
  stage.Put(1, TlsResult(kNow));
  stage.Put(1, tests::BusyResult(kNow + minutes(4)));
  const auto found = stage.Place();
  CHECK(Codes(found) ==
        "warning service_closing, info backing_off, info not_observed");
  CHECK(Find(found, "backing_off")->title ==
        "Tested only every 2 minutes for now");
  CHECK(Find(found, "not_observed")->title ==
        "STARTTLS, AUTH and SIZE were last observed 4 minutes ago");
  // What was good then is no news now.
  CHECK(found.size() == 3);
  CHECK(stage.PlaceStatus() == Status::kWarning);
}

TEST_CASE("what was wrong with the last known certificate is still wrong") {
  ProbeResult result = TlsResult(kNow);
  result.handshake->certificate->not_after = kNow + days(2);
  FindingsStage stage(TlsTarget(), kNow + minutes(1));
  stage.Put(1, result).Put(1, tests::BusyResult(kNow + minutes(1)));
  CHECK(Codes(stage.Place()) ==
        "critical certificate_expires_soon, warning service_closing, info "
        "backing_off, info not_observed");
}

TEST_CASE("facts that are too old are not judged") {
  ProbeResult result = TlsResult(kNow);
  result.handshake->verdict->name_match = false;
  FindingsStage stage(TlsTarget(), kNow + minutes(6));
  stage.Put(1, result).Put(1, tests::BusyResult(kNow + minutes(6)));
  CHECK(Codes(stage.Place()) ==
        "warning service_closing, info backing_off, info not_observed");
}

TEST_CASE("our own trouble is no verdict on the server") {
  FindingsStage stage{TlsTarget()};
  stage.Put(1, FailedResult(Phase::kConnect, Reason::kInternal, "EMFILE"));
  CHECK(Codes(stage.Place()) == "warning internal, info not_observed");
  CHECK(stage.PlaceStatus() == Status::kUnknown);
  CHECK(stage.Summary().status == Status::kUnknown);
  CHECK(stage.Summary().headline ==
        "The test failed here and not at the server");
}

TEST_CASE("a result that is overdue is stale") {
  for (const auto& [age, stale] :
       {std::pair(seconds(180), false), std::pair(seconds(181), true)}) {
    FindingsStage stage(TlsTarget(), kNow + age);
    const Finding* const found =
        Find(stage.Put(1, TlsResult(kNow)).Place(), "stale");
    CHECK((found != nullptr) == stale);
  }
}

TEST_CASE("a long greeting is named") {
  ProbeResult result = TlsResult();
  tests::PhaseDuration(result, Phase::kGreeting) = tests::milliseconds(4900);
  CHECK(Find(Found(TlsTarget(), result), "greeting_slow") == nullptr);
  tests::PhaseDuration(result, Phase::kGreeting) = tests::milliseconds(6100);
  const auto found = Found(TlsTarget(), result);
  REQUIRE(Find(found, "greeting_slow") != nullptr);
  CHECK(Find(found, "greeting_slow")->title == "The greeting took 6.1 s");
  // A greeting that never came was not slow.
  result = FailedResult(Phase::kGreeting, Reason::kTimeout);
  tests::PhaseDuration(result, Phase::kGreeting) = seconds(20);
  CHECK(Find(Found(TlsTarget(), result), "greeting_slow") == nullptr);
}

TEST_CASE("the five of a classic SMTP test") {
  SECTION("STARTTLS is not offered") {
    ProbeResult result = tests::GoodResult();
    result.clear->starttls = false;
    result.clear->keywords = {"8BITMIME", "SIZE"};
    CHECK(Codes(Found(TlsTarget(), result)) == "critical starttls_missing");
    // Who does not ask for TLS is only told.
    CHECK(Codes(Found(MakeTarget(), result)) == "warning starttls_missing");
    Target target = TlsTarget();
    target.expect.starttls = false;
    CHECK(Codes(Found(target, result)) == "");
    target = MakeTarget();
    target.expect.starttls = true;
    CHECK(Codes(Found(target, result)) == "critical starttls_missing");
    // Demanded: the failure and the fact are one finding.
    result.failure = probe::Failure{
        Phase::kStarttls, Reason::kStarttlsNotAdvertised, "not in the answer"};
    const auto found = Found(MakeTarget(TlsMode::kRequired), result);
    CHECK(Codes(found) == "critical starttls_missing");
    CHECK(Contains(found[0].advice, "not in the answer"));
  }
  SECTION("behind a firewall that hides it") {
    ProbeResult result = tests::GoodResult();
    result.clear->starttls = false;
    result.clear->quirks.Add(Quirk::kMiddleboxMasked);
    const auto found = Found(TlsTarget(), result);
    CHECK(Codes(found) ==
          "critical starttls_missing, warning middlebox_masked");
    CHECK(Contains(found[0].advice, "A firewall rewrites"));
  }
  SECTION("the greeting names another host") {
    ProbeResult result = TlsResult();
    result.banner = tests::MakeBanner("other.example.net");
    const auto found = Found(TlsTarget(), result);
    CHECK(Codes(found) == "info banner_mismatch");
    CHECK(found[0].title ==
          "The greeting names other.example.net, not mx1.example.com");
    Target target = TlsTarget();
    target.expect.banner = "mail.example.com";
    CHECK(Codes(Found(target, result)) == "warning banner_mismatch");
    result.banner = tests::MakeBanner("");
    CHECK(Found(target, result)[0].title ==
          "The greeting names no host, not mail.example.com");
  }
  SECTION("AUTH on port 25") {
    ProbeResult result = TlsResult();
    result.inside->auth = true;
    result.inside->auth_mechanisms = {"LOGIN", "PLAIN"};
    CHECK(Codes(Found(TlsTarget(), result)) == "warning auth_on_25");
    result.clear->auth = true;
    CHECK(Codes(Found(TlsTarget(), result)) ==
          "warning auth_in_clear, warning auth_on_25");
    // Kerberos shows no password.
    result.clear->auth_mechanisms = {"GSSAPI"};
    CHECK(Codes(Found(TlsTarget(), result)) == "warning auth_on_25");
    Target target = TlsTarget();
    target.expect.auth = true;
    CHECK(Codes(Found(target, result)) == "");
  }
  SECTION("SIZE lower than expected") {
    Target target = TlsTarget();
    target.expect.size_at_least = 100.0 * 1024 * 1024;
    const auto found = Found(target, TlsResult());
    CHECK(Codes(found) == "warning size_too_small");
    CHECK(found[0].title ==
          "Takes mail only up to 50 MiB, and 100 MiB are expected");
    ProbeResult result = TlsResult();
    result.inside->size_limit = std::numeric_limits<double>::infinity();
    CHECK(Find(Found(target, result), "size_limit")->title ==
          "Declares no limit on the size of mail");
    result.inside->size_limit.reset();
    CHECK(Codes(Found(target, result)) == "info size_unknown");
  }
}

TEST_CASE("AUTH of a server for users") {
  ProbeResult result = TlsResult();
  CHECK(Codes(Found(SubmissionTarget(), result)) == "warning auth_missing");
  Target target = SubmissionTarget();
  target.expect.auth = true;
  CHECK(Codes(Found(target, result)) == "critical auth_missing");
  result.inside->auth = true;
  result.inside->auth_mechanisms = {"LOGIN", "PLAIN"};
  const auto found = Found(target, result);
  CHECK(Codes(found) == "");
  CHECK(Find(found, "auth_right")->title == "AUTH is offered: LOGIN PLAIN");
  CHECK(Find(found, "expectations_met")->title ==
        "All is as expected: 1 point");
  target.expect.auth = false;
  CHECK(Codes(Found(target, result)) == "warning auth_unexpected");
  // Unknown is not missing.
  ProbeResult broken = tests::GoodResult();
  broken.starttls_success = false;
  broken.failure = probe::Failure{Phase::kTls, Reason::kClosed, "closed"};
  CHECK(Codes(Found(target, broken)) == "critical closed");
}

TEST_CASE("each expectation that is not met is a finding") {
  struct Case {
    const char* name;
    void (*expect)(probe::Expectations& expect);
    std::string want;
  };
  const Case cases[] = {
      {"banner", [](auto& e) { e.banner = "/nothing like it/"; },
       "warning banner_mismatch"},
      {"starttls", [](auto& e) { e.starttls = false; },
       "warning starttls_unexpected"},
      {"auth", [](auto& e) { e.auth = true; }, "critical auth_missing"},
      {"size", [](auto& e) { e.size_at_least = 1e9; },
       "warning size_too_small"},
      {"capabilities",
       [](auto& e) {
         e.capabilities = {"8BITMIME", "CHUNKING", "STARTTLS"};
       },
       "warning capability_missing"},
      {"version",
       [](auto& e) { e.tls_min_version = probe::tls::Version::kTls13; },
       "warning tls_version_old"},
      {"certificate", [](auto& e) { e.certificate_days = 46; },
       "warning certificate_expires_soon"},
  };
  ProbeResult result = TlsResult();
  result.handshake->version = probe::tls::Version::kTls12;
  for (const Case& c : cases) {
    INFO(c.name);
    Target target = TlsTarget();
    c.expect(target.expect);
    const auto found = Found(target, result);
    CHECK(Codes(found) == c.want);
    CHECK(Find(found, "expectations_met") == nullptr);
  }
  Target target = TlsTarget();
  cases[4].expect(target.expect);
  CHECK(Found(target, result)[0].title ==
        "Not offered, and expected: CHUNKING");
}

TEST_CASE("the days of a certificate") {
  struct Case {
    const char* name;
    probe::Duration left;
    probe::Duration life;
    std::optional<int> expected;
    std::string want;
  };
  const Case cases[] = {
      {"long", days(63), days(90), {}, ""},
      {"21 days", days(21), days(90), {}, ""},
      {"less",
       days(21) - seconds(1),
       days(90),
       {},
       "warning certificate_expires_soon"},
      {"3 days", days(3), days(90), {}, "warning certificate_expires_soon"},
      {"less than 3",
       days(3) - seconds(1),
       days(90),
       {},
       "critical certificate_expires_soon"},
      {"over", seconds(0), days(90), {}, "critical certificate_expired"},
      {"long over", -days(400), days(90), {}, "critical certificate_expired"},
      {"of a week, young", days(5), days(7), {}, ""},
      {"of a week, due",
       days(2),
       days(7),
       {},
       "warning certificate_expires_soon"},
      {"of a week, late",
       hours(15),
       days(7),
       {},
       "critical certificate_expires_soon"},
      {"fewer are expected", days(15), days(90), 14, ""},
      {"more are expected", days(63), days(90), 64,
       "warning certificate_expires_soon"},
      {"none are expected", days(2), days(90), 0, ""},
      {"one is expected, two are left", days(2), days(90), 1, ""},
      {"one is expected, less is left", hours(23), days(90), 1,
       "critical certificate_expires_soon"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    ProbeResult result = TlsResult();
    probe::tls::Certificate& certificate = *result.handshake->certificate;
    certificate.not_after = kNow + c.left;
    certificate.not_before = certificate.not_after - c.life;
    result.handshake->verdict->chain_not_after = certificate.not_after;
    if (c.left <= seconds(0)) {
      result.handshake->verdict->trusted = false;
      result.handshake->verdict->reason = "cert_has_expired";
      result.handshake->verdict->code = 10;
    }
    Target target = TlsTarget();
    target.expect.certificate_days = c.expected;
    CHECK(Codes(Found(target, result)) == c.want);
  }
}

TEST_CASE("dates of a certificate in words") {
  ProbeResult result = TlsResult();
  probe::tls::Certificate& certificate = *result.handshake->certificate;
  certificate.not_after = kNow + days(2) + hours(3);
  CHECK(Found(TlsTarget(), result)[0].title ==
        "The certificate expires in 2 days");
  certificate.not_after = kNow - days(3);
  CHECK(Found(TlsTarget(), result)[0].title ==
        "The certificate expired 3 days ago");
  certificate.not_after = kNow + days(30);
  result.handshake->verdict->chain_not_after = kNow - hours(5);
  CHECK(Found(TlsTarget(), result)[0].title ==
        "A certificate that the server's depends on expired 5 hours ago");
  certificate.not_before = kNow + hours(1);
  const auto found = Found(TlsTarget(), result);
  CHECK(Codes(found) == "critical certificate_not_yet_valid");
  // The last moment that the clock can hold.
  certificate.not_before = kNow - days(1);
  certificate.not_after = probe::WallTime::max();
  result.handshake->verdict->chain_not_after = probe::WallTime::max();
  CHECK(Codes(Found(TlsTarget(), result)) == "");
  certificate.not_after = probe::WallTime::min();
  CHECK(Codes(Found(TlsTarget(), result)) == "critical certificate_expired");
}

TEST_CASE("trust and name are judged apart") {
  ProbeResult result = TlsResult();
  result.handshake->verdict->trusted = false;
  result.handshake->verdict->code = 20;
  result.handshake->verdict->reason = "unable_to_get_issuer_cert_locally";
  auto found = Found(TlsTarget(), result);
  CHECK(Codes(found) == "warning certificate_untrusted");
  CHECK(found[0].title ==
        "The certificate is not trusted (unable_to_get_issuer_cert_locally)");
  CHECK(Contains(found[0].advice, "fullchain.pem"));
  result.handshake->verdict->name_match = false;
  result.handshake->certificate->names = {"a.example", "b.example", "c.example",
                                          "d.example"};
  result.handshake->certificate->more_names = 2;
  found = Found(TlsTarget(), result);
  CHECK(Codes(found) ==
        "warning certificate_untrusted, warning certificate_name");
  CHECK(found[1].title == "The certificate does not name 192.0.2.1");
  CHECK(Contains(found[1].advice,
                 "It names a.example, b.example, c.example and 3 more."));
  // Users' clients refuse it.
  result.inside->auth = true;
  CHECK(Codes(Found(SubmissionTarget(), result)) ==
        "critical certificate_untrusted, critical certificate_name");
  // A host without roots cannot tell.
  result.inside->auth = false;
  result.handshake->verdict->trust_known = false;
  result.handshake->verdict->name_match = true;
  CHECK(Codes(Found(TlsTarget(), result)) == "info trust_unknown");
}

TEST_CASE("a certificate that fails the probe is told once") {
  ProbeResult result = TlsResult();
  result.handshake->verdict->trusted = false;
  result.handshake->verdict->reason = "depth_zero_self_signed_cert";
  result.failure = probe::Failure{Phase::kTls, Reason::kCertificateUntrusted,
                                  "depth_zero_self_signed_cert (18)"};
  Target target = TlsTarget();
  auto conversation =
      std::make_shared<probe::Conversation>(*target.conversation);
  conversation->tls.verify = true;
  target.conversation = conversation;
  CHECK(Codes(Found(target, result)) == "critical certificate_untrusted");
  // Without one the failure has to tell.
  result.handshake->certificate.reset();
  result.handshake->verdict.reset();
  CHECK(Codes(Found(target, result)) ==
        "critical certificate_untrusted, critical certificate_missing");
}

TEST_CASE("TLS that goes wrong") {
  SECTION("in the handshake") {
    ProbeResult result = tests::GoodResult();
    result.starttls_success = false;
    result.plaintext_after_starttls = false;
    result.failure =
        probe::Failure{Phase::kTls, Reason::kTlsAlert,
                       "the server sent the alert handshake_failure (40)"};
    const auto found = Found(TlsTarget(), result);
    CHECK(Codes(found) == "critical tls_alert");
    CHECK(Contains(found[0].advice, "handshake_failure (40)"));
  }
  SECTION("when it was last tried") {
    ProbeResult result = tests::GoodResult();
    result.starttls_success = false;
    FindingsStage stage(TlsTarget(), kNow + minutes(1));
    stage.Put(1, result).Put(1, tests::BusyResult(kNow + minutes(1)));
    CHECK(Codes(stage.Place()) ==
          "critical starttls_failed, warning service_closing, info "
          "backing_off, info not_observed");
  }
  SECTION("by clear text in between") {
    ProbeResult result = tests::GoodResult();
    result.plaintext_after_starttls = true;
    result.starttls_success = false;
    result.failure = probe::Failure{Phase::kTls, Reason::kPlaintextInjection,
                                    "250 injected"};
    CHECK(Codes(Found(TlsTarget(), result)) == "critical plaintext_injection");
  }
  SECTION("by an old version") {
    ProbeResult result = TlsResult();
    result.handshake->version = probe::tls::Version::kTls10;
    CHECK(Codes(Found(TlsTarget(), result)) == "warning tls_version_old");
    result.failure = probe::Failure{Phase::kTls, Reason::kTlsLocalPolicy,
                                    "TLS1.0 is below TLS1.2"};
    CHECK(Codes(Found(TlsTarget(), result)) == "critical tls_local_policy");
  }
  SECTION("from the first byte on") {
    const auto found =
        Found(MakeTarget(TlsMode::kImplicit), tests::ImplicitResult());
    CHECK(Codes(found) == "");
    CHECK(Find(found, "tls_works")->title ==
          "TLS works: TLS1.3, TLS_AES_256_GCM_SHA384");
  }
}

TEST_CASE("what is lost inside TLS") {
  ProbeResult result = TlsResult();
  result.clear->keywords = {"8BITMIME", "AUTH", "DSN", "SIZE", "STARTTLS"};
  result.clear->auth = true;
  result.clear->auth_mechanisms = {"GSSAPI"};
  result.clear->size_limit = 104857600;
  const auto found = Found(TlsTarget(), result);
  CHECK(Codes(found) ==
        "warning auth_on_25, info size_smaller_in_tls, info "
        "capability_lost_in_tls");
  CHECK(found[1].title ==
        "Takes smaller mail inside TLS (50 MiB) than in clear (100 MiB)");
  CHECK(found[2].title == "Offered in clear and not inside TLS: DSN");
}

TEST_CASE("oddities and reverse names") {
  ProbeResult result = TlsResult();
  result.banner->quirks.Add(Quirk::kBareLf);
  result.clear->quirks.Add(Quirk::kNonupperKeyword);
  result.inside->quirks.Add(Quirk::kStarttlsInsideTls);
  result.quirks.Add(Quirk::kMixedCodes);
  CHECK(Codes(Found(TlsTarget(), result)) ==
        "warning nonupper_keyword, info mixed_codes, info bare_lf, info "
        "starttls_inside_tls");

  const auto with = [](std::optional<bool> match,
                       std::vector<std::string> names,
                       const std::string& address = "11.0.0.1") {
    probe::Place place = tests::MakePlace(tests::MakeEndpoint(1, address));
    place.reverse = tests::MakeReverse(match, std::move(names));
    return FindingsStage(tests::MakeExpansion(TlsTarget(), {place}))
        .Put(1, TlsResult())
        .Place();
  };
  CHECK(Codes(with(std::nullopt, {})) == "");
  CHECK(Find(with(true, {"mx1.example.com"}), "reverse_dns_match") != nullptr);
  CHECK(with(false, {})[0].title == "The address has no reverse name (PTR)");
  CHECK(Codes(with(false, {"other.example"})) == "info reverse_dns_mismatch");
  // Nobody elsewhere ever sees such an address.
  CHECK(Codes(with(false, {}, "10.0.0.1")) == "");
}

TEST_CASE("further certificates of a server") {
  Target target = TlsTarget();
  target.certificate_conversations = {
      tests::MakeConversation(TlsMode::kOpportunistic,
                              probe::tls::KeyType::kEcdsa),
      tests::MakeConversation(TlsMode::kOpportunistic,
                              probe::tls::KeyType::kRsa)};
  FindingsStage stage(tests::MakeExpansion(
      target, {tests::MakePlace(tests::MakeEndpoint(1, "192.0.2.1")),
               tests::MakePlace(tests::MakeEndpoint(
                   2, "192.0.2.1", probe::tls::KeyType::kEcdsa)),
               tests::MakePlace(tests::MakeEndpoint(
                   3, "192.0.2.1", probe::tls::KeyType::kRsa))}));
  ProbeResult old = TlsResult();
  old.handshake->certificate->not_after = kNow + days(2);
  stage.Put(1, TlsResult()).Put(3, old);
  ProbeResult refused = tests::GoodResult();
  refused.failure = probe::Failure{Phase::kTls, Reason::kTlsAlert,
                                   "the alert handshake_failure (40)"};
  stage.Put(2, refused);
  CHECK(Codes(stage.Place(0)) == "");
  CHECK(Find(stage.Place(0), "certificate_valid") == nullptr);
  CHECK(stage.Place(1)[0].title == "The server has no ECDSA certificate");
  CHECK(stage.Place(2)[0].title == "The rsa2048 certificate expires in 2 days");
  CHECK(Codes(stage.Target()) ==
        "critical certificate_expires_soon, info certificate_type_missing");
  // Whatever else keeps it from being seen is told by the main conversation.
  stage.Put(2, FailedResult(Phase::kConnect, Reason::kRefused));
  CHECK(stage.Place(1).empty());
}

}  // namespace
}  // namespace exporter
