#include "exporter/verdict_log.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/result_store.h"
#include "tests/support/catch.h"
#include "tests/unit/exporter/stderr.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter {
namespace {

using probe::ProbeResult;
using probe::tls::KeyType;
using tests::BusyResult;
using tests::kNow;
using tests::TlsResult;

// Level, message and further fields of each line, without what all share.
std::string Logged(const ResultStore::Transition& transition,
                   KeyType key_type = KeyType::kAny) {
  probe::Endpoint endpoint = tests::MakeEndpoint(1, "192.0.2.1", key_type);
  endpoint.server_name = "mx1.example.com";
  std::string text =
      tests::Stderr([&] { LogTransition(endpoint, transition); });
  const std::string_view common =
      " server=mx1.example.com:25 address=192.0.2.1";
  std::string lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    std::string line = text.substr(at, end - at);
    at = end + 1;
    line.erase(0, line.find("level="));
    const std::size_t found = line.find(common);
    REQUIRE(found != std::string::npos);
    lines += line.erase(found, common.size()) + "\n";
  }
  return lines;
}

// What is logged of the last of `results`.
std::string LoggedLast(const std::vector<ProbeResult>& results,
                       KeyType key_type = KeyType::kAny) {
  ResultStore store;
  store.Add(1);
  std::optional<ResultStore::Transition> last;
  for (const ProbeResult& result : results) last = store.Put(1, result);
  REQUIRE(last);
  return Logged(*last, key_type);
}

ProbeResult Untrusted(int code = 10,
                      std::string_view reason = "cert_has_expired") {
  ProbeResult result = TlsResult();
  result.handshake->verdict->trusted = false;
  result.handshake->verdict->code = code;
  result.handshake->verdict->reason = reason;
  return result;
}

ProbeResult WrongName(std::vector<std::string> names) {
  ProbeResult result = TlsResult();
  result.handshake->verdict->name_match = false;
  result.handshake->certificate->names = std::move(names);
  return result;
}

ProbeResult Version(probe::tls::Version version) {
  ProbeResult result = TlsResult();
  result.handshake->version = version;
  return result;
}

ProbeResult Renewed() {
  ProbeResult result = TlsResult();
  result.handshake->certificate->fingerprint_sha256 = std::string(64, 'b');
  // 2027-02-21 10:00:00 UTC.
  result.handshake->certificate->not_after = kNow + std::chrono::days(90);
  return result;
}

ProbeResult WithoutStarttls() {
  ProbeResult result = tests::GoodResult();
  result.clear->starttls = false;
  return result;
}

ProbeResult Anonymous() {
  ProbeResult result = TlsResult();
  result.handshake->certificate.reset();
  result.handshake->verdict.reset();
  return result;
}

ProbeResult Auth() {
  ProbeResult result = TlsResult();
  result.clear->auth = true;
  return result;
}

TEST_CASE("each thing that changed is a line") {
  struct Case {
    const char* name;
    std::vector<ProbeResult> results;
    std::string want;
  };
  const std::string failed =
      "level=WARN msg=\"Probe failed\" phase=greeting reason=service_closing "
      "detail=\"421 4.3.2 too busy\"\n";
  const std::vector<Case> cases = {
      {"a good start", {TlsResult()}, ""},
      {"a bad start", {BusyResult(kNow)}, failed},
      {"an untrusted start", {Untrusted()}, ""},
      {"a start with a wrong name", {WrongName({})}, ""},
      {"nothing", {TlsResult(), TlsResult()}, ""},
      {"a failure", {TlsResult(), BusyResult(kNow)}, failed},
      {"the same failure", {BusyResult(kNow), BusyResult(kNow)}, ""},
      {"a success",
       {BusyResult(kNow), TlsResult()},
       "level=INFO msg=\"Probe succeeds again\"\n"},
      {"STARTTLS gone, and all behind it",
       {TlsResult(), WithoutStarttls()},
       "level=WARN msg=\"STARTTLS is no longer advertised\"\n"},
      {"STARTTLS back, with what is a start again",
       {TlsResult(), WithoutStarttls(), Untrusted()},
       "level=INFO msg=\"STARTTLS is advertised now\"\n"},
      {"AUTH there",
       {TlsResult(), Auth()},
       "level=INFO msg=\"AUTH is offered in clear now\"\n"},
      {"AUTH gone",
       {Auth(), TlsResult()},
       "level=INFO msg=\"AUTH is no longer offered in clear\"\n"},
      {"not trusted",
       {TlsResult(), Untrusted()},
       "level=WARN msg=\"Certificate is not trusted\" reason=cert_has_expired "
       "subject=\"CN=mx1.example.com\"\n"},
      {"not trusted for the same reason", {Untrusted(), Untrusted()}, ""},
      {"not trusted for another reason",
       {Untrusted(18, "self_signed"), Untrusted()},
       "level=WARN msg=\"Certificate is not trusted\" reason=cert_has_expired "
       "subject=\"CN=mx1.example.com\"\n"},
      {"trusted",
       {Untrusted(), TlsResult()},
       "level=INFO msg=\"Certificate is trusted now\" "
       "subject=\"CN=mx1.example.com\"\n"},
      {"trust lost while nobody could see",
       {TlsResult(), BusyResult(kNow), Untrusted()},
       "level=INFO msg=\"Probe succeeds again\"\n"
       "level=WARN msg=\"Certificate is not trusted\" reason=cert_has_expired "
       "subject=\"CN=mx1.example.com\"\n"},
      {"another name",
       {TlsResult(), WrongName({"a", "b"})},
       "level=WARN msg=\"Certificate does not name the server\" "
       "subject=\"CN=mx1.example.com\" names=\"a b\"\n"},
      {"many other names",
       {TlsResult(), WrongName({"a", "b", "c", "d", "e", "f"})},
       "level=WARN msg=\"Certificate does not name the server\" "
       "subject=\"CN=mx1.example.com\" names=\"a b c d e ...\"\n"},
      {"the right name",
       {WrongName({}), TlsResult()},
       "level=INFO msg=\"Certificate names the server now\" "
       "subject=\"CN=mx1.example.com\"\n"},
      {"another certificate",
       {TlsResult(), Renewed()},
       "level=INFO msg=\"Certificate changed\" from=" + std::string(64, 'a') +
           " to=" + std::string(64, 'b') + " not_after=2027-02-21T10:00:00Z\n"},
      {"no certificate", {TlsResult(), Anonymous()}, ""},
      {"a certificate at last", {Anonymous(), Untrusted()}, ""},
      {"another version",
       {TlsResult(), Version(probe::tls::Version::kTls12)},
       "level=INFO msg=\"TLS version changed\" from=TLS1.3 to=TLS1.2\n"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(LoggedLast(c.results) == c.want);
  }
}

TEST_CASE("a further certificate says which, and nothing of the rest") {
  CHECK(LoggedLast({TlsResult(), BusyResult(kNow)}, KeyType::kEcdsa) ==
        "level=WARN msg=\"Probe failed\" certificate_type=ecdsa phase=greeting "
        "reason=service_closing detail=\"421 4.3.2 too busy\"\n");
  CHECK(LoggedLast({TlsResult(), Untrusted()}, KeyType::kRsa) ==
        "level=WARN msg=\"Certificate is not trusted\" certificate_type=rsa "
        "reason=cert_has_expired subject=\"CN=mx1.example.com\"\n");
  for (const ProbeResult& result :
       {Auth(), WithoutStarttls(), Version(probe::tls::Version::kTls12)}) {
    CHECK(LoggedLast({TlsResult(), result}, KeyType::kRsa) == "");
  }
}

TEST_CASE("dates that no calendar of ours has") {
  for (const probe::WallTime date :
       {probe::WallTime::min(), probe::WallTime::max()}) {
    ProbeResult renewed = Renewed();
    renewed.handshake->certificate->not_after = date;
    CHECK(tests::Contains(
        LoggedLast({TlsResult(), renewed}),
        date > kNow ? "not_after=2262-04-11T23:47:16Z" : "not_after=1677-"));
  }
}

}  // namespace
}  // namespace exporter
