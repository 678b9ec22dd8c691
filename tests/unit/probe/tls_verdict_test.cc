// What a finished handshake says of every certificate of the test PKI.
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "probe/tls/engine.h"
#include "probe/tls/openssl_ptr.h"
#include "probe/tls/pem.h"
#include "probe/tls/x509_time.h"
#include "tests/support/catch.h"
#include "tests/support/pki.h"
#include "tests/support/tls_peer.h"

using namespace std::chrono_literals;
using probe::IpAddress;
using probe::WallTime;
using probe::tls::Certificate;
using probe::tls::Context;
using probe::tls::ContextSettings;
using probe::tls::Engine;
using probe::tls::Handshake;
using probe::tls::KeyType;
using probe::tls::Roots;
using probe::tls::ServerName;
using probe::tls::Verdict;
using probe::tls::Version;
using tests::Identity;
using tests::TestPki;
using tests::TlsPeer;
using tests::TlsPeerContext;
using tests::TlsPeerSettings;
using tests::TlsRange;

namespace {

constexpr auto kDay = 24h;

// The PKI is made from the clock; the engine is told.
WallTime Now() { return std::chrono::system_clock::now(); }

ServerName Mx() { return {"mx.example.com", std::nullopt}; }

std::shared_ptr<const Roots> Trusting(std::string_view pem,
                                      bool partial_chain = false) {
  const auto roots = Roots::Parse(pem, partial_chain);
  REQUIRE(roots);
  return *roots;
}

ContextSettings Settings() {
  ContextSettings settings;
  settings.roots = Trusting(TestPki().roots());
  return settings;
}

// With a server that presents these identities; none: it failed.
std::optional<Handshake> Shake(const ContextSettings& settings,
                               const TlsPeerSettings& peer_settings,
                               const ServerName& server, WallTime now) {
  const auto context = Context::Create(settings);
  REQUIRE(context);
  const TlsPeerContext peer_context(peer_settings);
  TlsPeer peer(peer_context);
  Engine engine(*context, server, now);
  for (int flight = 0; flight < 4; ++flight) {
    peer.Feed(engine.TakeCiphertext());
    engine.Feed(peer.TakeCiphertext());
  }
  if (!engine.open() || engine.error()) return std::nullopt;
  CHECK(peer.open());
  return *engine.handshake();
}

Handshake Finish(const ContextSettings& settings, std::string_view identity,
                 const ServerName& server, WallTime now) {
  TlsPeerSettings peer;
  peer.identities = {TestPki().Get(identity)};
  const std::optional<Handshake> handshake = Shake(settings, peer, server, now);
  REQUIRE(handshake);
  REQUIRE(handshake->certificate);
  REQUIRE(handshake->verdict);
  return *handshake;
}

WallTime EarliestEnd(std::string_view pem) {
  const auto certificates = probe::tls::ReadCertificates(pem);
  REQUIRE(certificates);
  WallTime earliest = WallTime::max();
  for (const probe::tls::X509Ptr& certificate : *certificates) {
    const WallTime end =
        probe::tls::ReadTime(X509_get0_notAfter(certificate.get()));
    earliest = std::min(earliest, end);
  }
  return earliest;
}

using probe::tls::BioPtr;
using probe::tls::KeyPtr;
using probe::tls::X509Ptr;

X509Ptr Unsigned(const char* name, const char* issuer, EVP_PKEY* key) {
  X509Ptr made(X509_new());
  X509_set_version(made.get(), X509_VERSION_1);
  X509_set_pubkey(made.get(), key);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  const auto set = [](X509_NAME* part, const char* text) {
    X509_NAME_add_entry_by_txt(part, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(text), -1,
                               -1, 0);
  };
  set(X509_get_subject_name(made.get()), name);
  X509_NAME* const by = X509_NAME_new();
  set(by, issuer);
  X509_set_issuer_name(made.get(), by);
  X509_NAME_free(by);
  return made;
}

std::string Take(BIO* out) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(out, &text);
  std::string taken(text, static_cast<std::size_t>(size));
  (void)BIO_reset(out);
  return taken;
}

struct Issued {
  std::string root;
  Identity leaf;
};

// A leaf that its root signed with this digest.
Issued Issue(const EVP_MD* digest) {
  const KeyPtr root_key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const KeyPtr leaf_key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const X509Ptr root = Unsigned("Old Root", "Old Root", root_key.get());
  REQUIRE(X509_sign(root.get(), root_key.get(), EVP_sha256()) != 0);
  const X509Ptr leaf = Unsigned("mx.example.com", "Old Root", leaf_key.get());
  REQUIRE(X509_sign(leaf.get(), root_key.get(), digest) != 0);
  const BioPtr out(BIO_new(BIO_s_mem()));
  Issued issued;
  PEM_write_bio_X509(out.get(), root.get());
  issued.root = Take(out.get());
  PEM_write_bio_X509(out.get(), leaf.get());
  issued.leaf.chain = Take(out.get());
  PEM_write_bio_PrivateKey(out.get(), leaf_key.get(), nullptr, nullptr, 0,
                           nullptr, nullptr);
  issued.leaf.key = Take(out.get());
  return issued;
}

}  // namespace

TEST_CASE("Every certificate ends in a finished handshake and its verdict") {
  struct Row {
    const char* identity;
    const char* reason;
    bool name_match;
  };
  const Row rows[] = {
      {"good", "ok", true},
      {"good-rsa", "ok", true},
      {"expired", "cert_has_expired", true},
      {"not-yet-valid", "cert_not_yet_valid", true},
      {"self-signed", "depth_zero_self_signed_cert", true},
      {"wrong-name", "ok", false},
      {"wildcard", "ok", true},
      {"common-name", "ok", true},
      {"ip", "ok", false},
      {"missing-intermediate", "unable_to_get_issuer_cert_locally", true},
      {"expired-intermediate", "cert_has_expired", true},
      {"expiring", "ok", true},
      {"client", "invalid_purpose", false},
  };
  for (const Row& row : rows) {
    for (const TlsRange range : {TlsRange::kTls12Only, TlsRange::kTls13Only}) {
      CAPTURE(row.identity, range);
      TlsPeerSettings peer;
      peer.identities = {TestPki().Get(row.identity)};
      peer.versions = range;
      const auto handshake = Shake(Settings(), peer, Mx(), Now());
      REQUIRE(handshake);
      const Verdict& verdict = *handshake->verdict;
      CHECK(verdict.reason == row.reason);
      CHECK(verdict.trusted == (verdict.code == 0));
      CHECK(verdict.trusted == (verdict.reason == "ok"));
      CHECK(verdict.name_match == row.name_match);
      CHECK(handshake->certificate->not_after ==
            probe::tls::ReadTime(X509_get0_notAfter(
                probe::tls::ReadCertificates(TestPki().Get(row.identity).chain)
                    ->front()
                    .get())));
    }
  }
}

TEST_CASE("All faults of a certificate are told") {
  const Handshake handshake =
      Finish(Settings(), "expired", {"mx.example.org", std::nullopt}, Now());
  CHECK(handshake.verdict->reason == "cert_has_expired");
  CHECK_FALSE(handshake.verdict->trusted);
  CHECK_FALSE(handshake.verdict->name_match);
  CHECK(handshake.certificate->not_after < Now());
  CHECK(handshake.certificate->subject == "CN=mx.example.com");
}

TEST_CASE("A server by its address is named by the address") {
  for (const std::string_view address : {"127.0.0.1", "::1", "127.0.0.2"}) {
    CAPTURE(address);
    const ServerName server{"", IpAddress::Parse(address)};
    const Verdict verdict = *Finish(Settings(), "ip", server, Now()).verdict;
    CHECK(verdict.trusted);
    CHECK(verdict.name_match == (address != "127.0.0.2"));
    CHECK_FALSE(Finish(Settings(), "good", server, Now()).verdict->name_match);
  }
}

TEST_CASE("The moment comes from outside") {
  struct Row {
    std::chrono::hours from_now;
    const char* reason;
  };
  const Row rows[] = {
      {0h, "ok"},
      {6 * kDay, "cert_has_expired"},
      {365 * kDay * 100, "cert_has_expired"},
      {-365 * kDay * 50, "cert_not_yet_valid"},
      {-365 * kDay * 100, "cert_not_yet_valid"},  // Before the epoch.
  };
  for (const Row& row : rows) {
    CAPTURE(row.from_now.count());
    const Handshake handshake =
        Finish(Settings(), "expiring", Mx(), Now() + row.from_now);
    CHECK(handshake.verdict->reason == row.reason);
  }
  CHECK(Finish(Settings(), "expired", Mx(), Now() - 3 * kDay).verdict->trusted);
}

TEST_CASE("A chain's end is the first of the chain that was built") {
  const auto chain_end = [](std::string_view identity,
                            const ContextSettings& settings) {
    return Finish(settings, identity, Mx(), Now()).verdict->chain_not_after;
  };
  const auto leaf_end = [](std::string_view identity) {
    return Finish(Settings(), identity, Mx(), Now()).certificate->not_after;
  };
  CHECK(chain_end("good", Settings()) ==
        EarliestEnd(TestPki().Get("good").chain + TestPki().roots()));
  CHECK(chain_end("expiring", Settings()) == leaf_end("expiring"));
  CHECK(chain_end("self-signed", Settings()) == leaf_end("self-signed"));
  CHECK(chain_end("missing-intermediate", Settings()) ==
        leaf_end("missing-intermediate"));
  // The leaf is fine: its issuer is not.
  CHECK(chain_end("expired-intermediate", Settings()) < Now());
  CHECK(leaf_end("expired-intermediate") > Now());
  // What is sent but not needed does not count.
  ContextSettings crossed;
  crossed.roots = Trusting(TestPki().cross_roots());
  CHECK(chain_end("cross-signed", crossed) > Now());
}

TEST_CASE("An expired intermediate that another path avoids is no fault") {
  ContextSettings crossed;
  crossed.roots = Trusting(TestPki().cross_roots());
  CHECK(Finish(crossed, "cross-signed", Mx(), Now()).verdict->trusted);
  CHECK(Finish(Settings(), "cross-signed", Mx(), Now()).verdict->reason ==
        "cert_has_expired");
}

TEST_CASE("Whom a context trusts") {
  ContextSettings nobody;
  nobody.roots = Roots::None();
  CHECK(Finish(nobody, "good", Mx(), Now()).verdict->reason ==
        "unable_to_get_issuer_cert_locally");

  // The server's own certificate as the only root.
  const std::string& chain = TestPki().Get("good").chain;
  const std::string leaf = chain.substr(0, chain.find("-----BEGIN", 10));
  ContextSettings own;
  own.roots = Trusting(leaf, /*partial_chain=*/true);
  CHECK(Finish(own, "good", Mx(), Now()).verdict->trusted);
  own.roots = Trusting(leaf, /*partial_chain=*/false);
  CHECK_FALSE(Finish(own, "good", Mx(), Now()).verdict->trusted);
  own.roots = Trusting(TestPki().Get("self-signed").chain);
  CHECK(Finish(own, "self-signed", Mx(), Now()).verdict->trusted);
}

TEST_CASE("A signature that can be forged is not trusted") {
  struct Row {
    const EVP_MD* digest;
    const char* reason;
  };
  for (const Row& row :
       {Row{EVP_sha256(), "ok"}, Row{EVP_sha1(), "ca_md_too_weak"}}) {
    CAPTURE(row.reason);
    const Issued issued = Issue(row.digest);
    ContextSettings settings;
    settings.roots = Trusting(issued.root);
    TlsPeerSettings peer;
    peer.identities = {issued.leaf};
    const auto handshake = Shake(settings, peer, Mx(), Now());
    REQUIRE(handshake);
    CHECK(handshake->verdict->reason == row.reason);
  }
}

TEST_CASE("A server with two certificates shows the one that is asked for") {
  TlsPeerSettings peer;
  peer.identities = {TestPki().Get("good"), TestPki().Get("good-rsa")};
  for (const TlsRange range : {TlsRange::kTls10Only, TlsRange::kTls11Only,
                               TlsRange::kTls12Only, TlsRange::kTls13Only}) {
    peer.versions = range;
    CAPTURE(range);
    ContextSettings settings = Settings();
    settings.key_type = KeyType::kEcdsa;
    const auto ecdsa = Shake(settings, peer, Mx(), Now());
    REQUIRE(ecdsa);
    CHECK(ecdsa->certificate->key == "ecdsa256");
    CHECK(ecdsa->verdict->trusted);
    settings.key_type = KeyType::kRsa;
    const auto rsa = Shake(settings, peer, Mx(), Now());
    REQUIRE(rsa);
    CHECK(rsa->certificate->key == "rsa2048");
    CHECK(rsa->verdict->trusted);
    settings.key_type = KeyType::kAny;
    CHECK(Shake(settings, peer, Mx(), Now()));
  }
}

TEST_CASE("A server without the certificate that is asked for shows none") {
  struct Row {
    const char* identity;
    KeyType type;
  };
  for (const Row& row :
       {Row{"good-rsa", KeyType::kEcdsa}, Row{"good", KeyType::kRsa}}) {
    for (const TlsRange range :
         {TlsRange::kTls10Only, TlsRange::kTls12Only, TlsRange::kTls13Only}) {
      CAPTURE(row.identity, range);
      ContextSettings settings = Settings();
      settings.key_type = row.type;
      TlsPeerSettings peer;
      peer.identities = {TestPki().Get(row.identity)};
      peer.versions = range;
      CHECK_FALSE(Shake(settings, peer, Mx(), Now()));
    }
  }
}
