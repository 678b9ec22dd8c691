// What TLS showed, on the page: the families of TLS, and what TLS changes in
// the others.
#include <string>
#include <vector>

#include "exporter/metrics/families.h"
#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter::metrics {
namespace {

using probe::TlsMode;
using probe::tls::KeyType;
using tests::BusyResult;
using tests::Contains;
using tests::GoodResult;
using tests::ImplicitResult;
using tests::kNow;
using tests::MakeEndpoint;
using tests::MakeTarget;
using tests::minutes;
using tests::OnePage;
using tests::Page;
using tests::seconds;
using tests::Short;
using tests::TlsResult;

// From the first fact on.
std::string FactSamples(const Page& page, probe::WallTime now = kNow) {
  const std::string samples = Short(page.Samples(now));
  const std::size_t facts = samples.find("smtp_observed_timestamp_seconds");
  return facts == std::string::npos ? "" : samples.substr(facts);
}

Page TlsPage(TlsMode mode = TlsMode::kOpportunistic) {
  return OnePage(MakeTarget(mode));
}

TEST_CASE("a target with all its TLS facts, byte by byte") {
  probe::Target target = MakeTarget(TlsMode::kOpportunistic);
  target.expect.tls_min_version = probe::tls::Version::kTls12;
  target.expect.certificate_days = 60;
  probe::ProbeResult result = TlsResult();
  result.clear->auth_mechanisms = {"LOGIN"};
  result.inside->auth = true;
  result.inside->auth_mechanisms = {"PLAIN"};
  CHECK(FactSamples(OnePage(target).Put(1, result)) ==
        R"(smtp_observed_timestamp_seconds{L} 1795428000
smtp_starttls_advertised{L} 1
smtp_auth_on_25{L} 1
smtp_auth_mechanism{L,mechanism="LOGIN",tls="no"} 1
smtp_auth_mechanism{L,mechanism="PLAIN",tls="yes"} 1
smtp_size_limit_bytes{L} 52428800
smtp_banner_match{L} 1
smtp_banner_hostname_info{L,hostname="mx1.example.com"} 1
smtp_capability{L,capability="8BITMIME",tls="no"} 1
smtp_capability{L,capability="SIZE",tls="no"} 1
smtp_capability{L,capability="STARTTLS",tls="no"} 1
smtp_capability{L,capability="8BITMIME",tls="yes"} 1
smtp_capability{L,capability="REQUIRETLS",tls="yes"} 1
smtp_capability{L,capability="SIZE",tls="yes"} 1
smtp_esmtp{L} 1
smtp_starttls_success{L} 1
smtp_plaintext_after_starttls{L} 0
smtp_tls_info{L,version="TLS1.3",cipher="TLS_AES_256_GCM_SHA384"} 1
smtp_tls_certificate_not_after_timestamp_seconds{L,key="rsa2048"} 1800612000
smtp_tls_certificate_not_before_timestamp_seconds{L,key="rsa2048"} 1792836000
smtp_tls_chain_not_after_timestamp_seconds{L,key="rsa2048"} 1799316000
smtp_tls_certificate_trusted{L,key="rsa2048"} 1
smtp_tls_certificate_name_match{L,key="rsa2048"} 1
smtp_tls_verify_info{L,code="0",reason="ok",key="rsa2048"} 1
smtp_tls_certificate_info{L,fingerprint_sha256="aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",subject="CN=mx1.example.com",issuer="CN=Test CA,O=Example",serial="04d2",key="rsa2048"} 1
smtp_expectation_met{L,expectation="tls_min_version"} 1
smtp_expectation_met{L,expectation="certificate_days"} 0
)");
}

TEST_CASE("implicit TLS: everything is from the inside") {
  probe::ProbeResult result = ImplicitResult();
  result.inside->auth = true;
  const std::string facts =
      FactSamples(TlsPage(TlsMode::kImplicit).Put(1, result));
  CHECK(facts.substr(0, facts.find("smtp_tls_certificate_not_after")) ==
        R"(smtp_observed_timestamp_seconds{L} 1795428000
smtp_auth_on_25{L} 1
smtp_size_limit_bytes{L} 52428800
smtp_banner_match{L} 1
smtp_banner_hostname_info{L,hostname="mx1.example.com"} 1
smtp_capability{L,capability="8BITMIME",tls="yes"} 1
smtp_capability{L,capability="REQUIRETLS",tls="yes"} 1
smtp_capability{L,capability="SIZE",tls="yes"} 1
smtp_esmtp{L} 1
smtp_tls_info{L,version="TLS1.3",cipher="TLS_AES_256_GCM_SHA384"} 1
)");
}

TEST_CASE("the verdict on a certificate, each part by itself") {
  struct Case {
    const char* name;
    void (*change)(probe::tls::Handshake&);
    std::vector<std::string> present;
    std::string absent;
  };
  const std::vector<Case> cases = {
      {"expired",
       [](probe::tls::Handshake& h) {
         h.certificate->not_after = kNow - seconds(1);
         h.verdict->chain_not_after = kNow - seconds(1);
         h.verdict->trusted = false;
         h.verdict->code = 10;
         h.verdict->reason = "cert_has_expired";
       },
       {"smtp_tls_certificate_not_after_timestamp_seconds{L,key=\"rsa2048\"} "
        "1795427999\n",
        "smtp_tls_certificate_trusted{L,key=\"rsa2048\"} 0\n",
        "smtp_tls_certificate_name_match{L,key=\"rsa2048\"} 1\n",
        "smtp_tls_verify_info{L,code=\"10\",reason=\"cert_has_expired\","
        "key=\"rsa2048\"} 1\n",
        "smtp_tls_certificate_info{L,fingerprint_sha256=\"aaaa"},
       "reason=\"ok\""},
      {"wrong name",
       [](probe::tls::Handshake& h) { h.verdict->name_match = false; },
       {"smtp_tls_certificate_trusted{L,key=\"rsa2048\"} 1\n",
        "smtp_tls_certificate_name_match{L,key=\"rsa2048\"} 0\n",
        "smtp_tls_verify_info{L,code=\"0\",reason=\"ok\",key=\"rsa2048\"} 1\n"},
       "-"},
      {"no certificate",
       [](probe::tls::Handshake& h) {
         h.certificate.reset();
         h.verdict.reset();
       },
       {"smtp_tls_info{L,version=\"TLS1.3\""},
       "smtp_tls_c"},
      {"an old version",
       [](probe::tls::Handshake& h) {
         h.version = probe::tls::Version::kTls10;
         h.cipher = "TLS_RSA_WITH_AES_128_CBC_SHA";
       },
       {"smtp_tls_info{L,version=\"TLS1.0\","
        "cipher=\"TLS_RSA_WITH_AES_128_CBC_SHA\"} 1\n"},
       "-"},
      {"dates without end stay whole",
       [](probe::tls::Handshake& h) {
         h.certificate->not_before = probe::WallTime::min();
         h.certificate->not_after = probe::WallTime::max();
       },
       {"smtp_tls_certificate_not_after_timestamp_seconds{L,key=\"rsa2048\"} "
        "9223372036\n",
        "smtp_tls_certificate_not_before_timestamp_seconds{L,key=\"rsa2048\"} "
        "-9223372037\n"},
       "-"},
      {"hostile words",
       [](probe::tls::Handshake& h) {
         h.certificate->subject = "CN=a\"} 1\nx{b=\"\xff\x1b";
         h.certificate->issuer = std::string(300, 'X');
       },
       {"subject=\"CN=a\\\"} 1\\nx{b=\\\"��\",issuer=\"X"},
       std::string(257, 'X')},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    probe::ProbeResult result = TlsResult();
    c.change(*result.handshake);
    const std::string text = Short(TlsPage().Put(1, result).Samples());
    for (const std::string& part : c.present) CHECK(Contains(text, part));
    if (c.absent != "-") CHECK_FALSE(Contains(text, c.absent));
  }
}

TEST_CASE("AUTH on 25 on either layer, and unknown is not absent") {
  struct Case {
    const char* name;
    TlsMode mode;
    void (*change)(probe::ProbeResult&);
    std::string want;  // The value; "" for absent.
  };
  const std::vector<Case> cases = {
      {"neither", TlsMode::kOpportunistic, [](probe::ProbeResult&) {}, "0"},
      {"in clear", TlsMode::kOpportunistic,
       [](probe::ProbeResult& r) { r.clear->auth = true; }, "1"},
      {"inside", TlsMode::kRequired,
       [](probe::ProbeResult& r) { r.inside->auth = true; }, "1"},
      {"inside unknown", TlsMode::kOpportunistic,
       [](probe::ProbeResult& r) { r.inside.reset(); }, ""},
      {"inside unknown, in clear", TlsMode::kOpportunistic,
       [](probe::ProbeResult& r) { r.inside.reset(), r.clear->auth = true; },
       "1"},
      {"no inside", TlsMode::kOpportunistic,
       [](probe::ProbeResult& r) {
         r = GoodResult();
         r.clear->starttls = false;
       },
       "0"},
      {"no TLS wanted", TlsMode::kNone,
       [](probe::ProbeResult& r) { r = GoodResult(); }, "0"},
      {"implicit", TlsMode::kImplicit,
       [](probe::ProbeResult& r) { r = ImplicitResult(); }, "0"},
      {"implicit, inside unknown", TlsMode::kImplicit,
       [](probe::ProbeResult& r) {
         r = ImplicitResult();
         r.inside.reset();
       },
       ""},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    probe::ProbeResult result = TlsResult();
    c.change(result);
    const std::string text = Short(TlsPage(c.mode).Put(1, result).Samples());
    const std::string sample = "smtp_auth_on_25{L} ";
    CHECK(Contains(text, sample) == !c.want.empty());
    if (!c.want.empty()) CHECK(Contains(text, sample + c.want + "\n"));
  }
}

TEST_CASE("SIZE inside TLS wins, also when there is none") {
  probe::ProbeResult result = TlsResult();
  result.inside->size_limit.reset();
  CHECK_FALSE(
      Contains(TlsPage().Put(1, result).Samples(), "smtp_size_limit_bytes"));
  result.inside.reset();
  CHECK(Contains(Short(TlsPage().Put(1, result).Samples()),
                 "smtp_size_limit_bytes{L} 10240000\n"));
}

TEST_CASE("STARTTLS refused, STARTTLS injected into, quirks inside") {
  probe::ProbeResult refused = GoodResult();
  refused.starttls_success = false;
  const std::string text = Short(TlsPage().Put(1, refused).Samples());
  CHECK(Contains(text, "smtp_starttls_success{L} 0\n"));
  CHECK_FALSE(Contains(text, "smtp_plaintext_after_starttls"));
  CHECK_FALSE(Contains(text, "smtp_tls"));

  probe::ProbeResult injected = GoodResult();
  injected.plaintext_after_starttls = true;
  CHECK(Contains(Short(TlsPage().Put(1, injected).Samples()),
                 "smtp_plaintext_after_starttls{L} 1\n"));

  probe::ProbeResult odd = TlsResult();
  odd.inside->quirks.Add(probe::smtp::Quirk::kStarttlsInsideTls);
  CHECK(Contains(Short(TlsPage().Put(1, odd).Samples()),
                 "smtp_quirk{L,quirk=\"starttls_inside_tls\"} 1\n"));
}

TEST_CASE("TLS facts outlast a busy server, not their age, nor their end") {
  Page page = TlsPage();
  page.Put(1, TlsResult());
  const std::string good = FactSamples(page);
  page.Put(1, BusyResult(kNow + minutes(1)));
  CHECK(FactSamples(page, kNow + minutes(5)) == good);

  // STARTTLS is refused for a while: the facts of clear text are younger.
  probe::ProbeResult refused = GoodResult(kNow + minutes(4));
  refused.starttls_success = false;
  page.Put(1, refused);
  CHECK(Contains(page.Samples(kNow + minutes(5)), "smtp_tls_info"));
  const std::string later = Short(page.Samples(kNow + minutes(6)));
  CHECK(Contains(later, "smtp_starttls_advertised{L} 1\n"));
  CHECK(Contains(later, "smtp_starttls_success{L} 0\n"));
  CHECK(Contains(later, "smtp_size_limit_bytes{L} 10240000\n"));
  for (const std::string_view gone :
       {"smtp_tls", "tls=\"yes\"", "smtp_auth_on_25",
        "smtp_plaintext_after_starttls"}) {
    INFO(gone);
    CHECK_FALSE(Contains(later, gone));
  }

  // STARTTLS has disappeared: at once.
  Page ended = TlsPage();
  ended.Put(1, TlsResult());
  probe::ProbeResult without = GoodResult(kNow + seconds(60));
  without.clear->starttls = false;
  ended.Put(1, without);
  const std::string text = Short(ended.Samples(kNow + seconds(60)));
  CHECK(Contains(text, "smtp_starttls_advertised{L} 0\n"));
  CHECK(Contains(text, "smtp_auth_on_25{L} 0\n"));
  CHECK_FALSE(Contains(text, "smtp_tls"));
  CHECK_FALSE(Contains(text, "smtp_starttls_success"));
}

TEST_CASE("days that are left are counted from the scrape") {
  probe::Target target = MakeTarget(TlsMode::kOpportunistic);
  target.stale_after = std::chrono::hours(1000);
  target.expect.certificate_days = 44;
  const Page page = OnePage(target).Put(1, TlsResult());
  const std::string sample =
      "smtp_expectation_met{L,expectation=\"certificate_days\"} ";
  const auto day = std::chrono::days(1);
  CHECK(Contains(Short(page.Samples(kNow + day)), sample + "1\n"));
  CHECK(Contains(Short(page.Samples(kNow + day + seconds(1))), sample + "0\n"));
}

// A server with two certificates: its own endpoint presents the ECDSA one.
Page TwoCertificates(const std::string& ecdsa_key, const std::string& rsa_key) {
  probe::Target target = MakeTarget(TlsMode::kOpportunistic);
  target.expect.certificate_days = 14;
  for (const KeyType type : {KeyType::kEcdsa, KeyType::kRsa}) {
    target.certificate_conversations.push_back(
        tests::MakeConversation(TlsMode::kOpportunistic, type));
  }
  Page page;
  page.Add(target, MakeEndpoint(1, "192.0.2.1"));
  page.Add(target, MakeEndpoint(2, "192.0.2.1", KeyType::kEcdsa));
  page.Add(target, MakeEndpoint(3, "192.0.2.1", KeyType::kRsa));
  probe::ProbeResult result = TlsResult();
  result.handshake->certificate->key = ecdsa_key;
  page.Put(1, result).Put(2, result);
  result.handshake->certificate->key = rsa_key;
  result.handshake->verdict->trusted = false;
  result.handshake->certificate->not_after = kNow + std::chrono::days(1);
  return page.Put(3, result);
}

std::size_t Count(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos;
       at += part.size()) {
    ++count;
  }
  return count;
}

TEST_CASE("two certificates of one server") {
  const std::string one = Short(OnePage(MakeTarget(TlsMode::kOpportunistic))
                                    .Put(1, TlsResult())
                                    .Samples());
  const std::string two =
      Short(TwoCertificates("ecdsa256", "rsa2048").Samples());
  // All but the certificates as if there were one.
  const std::string first = "smtp_tls_certificate_not_after";
  CHECK(two.substr(0, two.find(first)) == one.substr(0, one.find(first)));
  CHECK(Contains(two,
                 "smtp_tls_certificate_trusted{L,key=\"ecdsa256\"} 1\n"
                 "smtp_tls_certificate_trusted{L,key=\"rsa2048\"} 0\n"
                 "smtp_tls_certificate_name_match"));
  for (const std::string name :
       {"smtp_tls_certificate_not_after_timestamp_seconds",
        "smtp_tls_certificate_not_before_timestamp_seconds",
        "smtp_tls_chain_not_after_timestamp_seconds",
        "smtp_tls_certificate_trusted", "smtp_tls_certificate_name_match",
        "smtp_tls_verify_info", "smtp_tls_certificate_info"}) {
    INFO(name);
    CHECK(Count(two, name + "{") == 2);
    CHECK(Count(one, name + "{") == 1);
  }
}

TEST_CASE("a server that ignores which certificate is asked for") {
  struct Case {
    std::string ecdsa_key;  // Presented where ECDSA was asked for.
    std::string rsa_key;
    std::string want;
  };
  const std::vector<Case> cases = {
      {"rsa2048", "rsa2048",
       "smtp_tls_certificate_trusted{L,key=\"rsa2048\"} 0\n"},
      {"ecdsa256", "ecdsa256",
       "smtp_tls_certificate_trusted{L,key=\"ecdsa256\"} 1\n"},
      // Of a type that nobody asked for: the main endpoint has seen it.
      {"ed25519", "ed25519",
       "smtp_tls_certificate_trusted{L,key=\"ed25519\"} 1\n"},
  };
  for (const Case& c : cases) {
    INFO(c.ecdsa_key);
    const std::string text =
        Short(TwoCertificates(c.ecdsa_key, c.rsa_key).Samples());
    CHECK(Count(text, "smtp_tls_certificate_trusted{") == 1);
    CHECK(Contains(text, c.want));
  }
}

TEST_CASE("each of two certificates is to last as long as expected") {
  const std::string text =
      Short(TwoCertificates("ecdsa256", "rsa2048").Samples());
  const std::string head =
      "smtp_expectation_met{L,expectation=\"certificate_days\"";
  CHECK(Contains(text, head + "} 1\n" + head + ",key=\"ecdsa256\"} 1\n" + head +
                           ",key=\"rsa2048\"} 0\n"));
}

TEST_CASE("without any trusted root trust is not known") {
  probe::ProbeResult result = TlsResult();
  result.handshake->verdict->trust_known = false;
  const std::string text = TlsPage().Put(1, result).Samples();
  CHECK_FALSE(Contains(text, "smtp_tls_certificate_trusted"));
  CHECK_FALSE(Contains(text, "smtp_tls_verify_info"));
  CHECK(Contains(text, "smtp_tls_certificate_name_match"));
}

TEST_CASE("a further certificate makes no series before it was seen") {
  probe::Target target = MakeTarget(TlsMode::kOpportunistic);
  target.certificate_conversations.push_back(
      tests::MakeConversation(TlsMode::kOpportunistic, KeyType::kRsa));
  Page page;
  page.Add(target, MakeEndpoint(2, "192.0.2.1", KeyType::kRsa));
  CHECK(page.Samples().empty());
  page.Put(2, BusyResult(kNow));
  CHECK(page.Samples().empty());
}

}  // namespace
}  // namespace exporter::metrics
