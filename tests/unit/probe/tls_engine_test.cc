// Handshakes with a willing and an unwilling server. What comes after them is
// in tls_stream_test.cc, certificates are in tls_verdict_test.cc, floods in
// tls_hostile_test.cc.
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "probe/tls/engine.h"
#include "tests/support/catch.h"
#include "tests/support/pki.h"
#include "tests/support/tls_connection.h"
#include "tests/support/tls_peer.h"

using probe::IpAddress;
using probe::WallTime;
using probe::tls::Context;
using probe::tls::ContextSettings;
using probe::tls::Engine;
using probe::tls::Error;
using probe::tls::ServerName;
using probe::tls::Version;
using tests::TestPki;
using tests::TlsConnection;
using tests::TlsPeerContext;
using tests::TlsPeerSettings;
using tests::TlsRange;
using Kind = probe::tls::Error::Kind;

namespace {

constexpr std::array kRanges = {TlsRange::kTls10Only, TlsRange::kTls11Only,
                                TlsRange::kTls12Only, TlsRange::kTls13Only};

WallTime Now() { return std::chrono::system_clock::now(); }

ServerName Mx() { return {"mx.example.com", std::nullopt}; }

const std::shared_ptr<const Context>& PlainContext() {
  static const std::shared_ptr<const Context> context = tests::TlsContext();
  return context;
}

TlsPeerSettings Good(TlsRange versions = TlsRange::kAny) {
  TlsPeerSettings settings;
  settings.identities = {TestPki().Get("good")};
  settings.versions = versions;
  return settings;
}

std::string Alert(int level, int number) {
  return {0x15,
          0x03,
          0x03,
          0,
          2,
          static_cast<char>(level),
          static_cast<char>(number)};
}

Error ErrorOf(const Engine& engine) {
  REQUIRE(engine.error());
  return *engine.error();
}

}  // namespace

TEST_CASE("Every version finishes and is told") {
  struct Row {
    TlsRange range;
    Version version;
    const char* of_peer;
    const char* cipher;
  };
  const Row rows[] = {
      {TlsRange::kTls10Only, Version::kTls10, "TLSv1",
       "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
      {TlsRange::kTls11Only, Version::kTls11, "TLSv1.1",
       "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
      {TlsRange::kTls12Only, Version::kTls12, "TLSv1.2",
       "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
      {TlsRange::kTls13Only, Version::kTls13, "TLSv1.3",
       "TLS_AES_256_GCM_SHA384"},
      {TlsRange::kAny, Version::kTls13, "TLSv1.3", "TLS_AES_256_GCM_SHA384"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.of_peer);
    const TlsPeerContext context(Good(row.range));
    TlsConnection connection(context, PlainContext());
    CHECK_FALSE(connection.engine.open());
    CHECK(connection.engine.handshake() == nullptr);
    connection.Exchange();
    REQUIRE(connection.engine.open());
    CHECK_FALSE(connection.engine.error());
    CHECK(connection.engine.handshake()->version == row.version);
    CHECK(connection.engine.handshake()->cipher == row.cipher);
    CHECK(connection.engine.handshake()->group == "x25519");
    CHECK(connection.peer.version() == row.of_peer);
  }
}

TEST_CASE("Key exchange without a group") {
  TlsPeerSettings settings = Good(TlsRange::kTls12Only);
  settings.identities = {TestPki().Get("good-rsa")};
  for (const char* const cipher : {"AES128-SHA", "DHE-RSA-AES128-SHA"}) {
    settings.ciphers = cipher;
    const TlsPeerContext context(settings);
    TlsConnection connection(context, PlainContext());
    connection.Exchange();
    REQUIRE(connection.engine.open());
    CHECK(connection.engine.handshake()->group == "");
  }
}

TEST_CASE("An anonymous cipher is never used") {
  TlsPeerSettings settings = Good(TlsRange::kTls12Only);
  settings.ciphers = "aNULL";
  const TlsPeerContext anonymous_only(settings);
  TlsConnection refused(anonymous_only, PlainContext());
  refused.Exchange();
  CHECK(ErrorOf(refused.engine).detail == "handshake_failure (40)");
  settings.ciphers = "aNULL:ALL";
  const TlsPeerContext preferred(settings);
  TlsConnection connection(preferred, PlainContext());
  connection.Exchange();
  REQUIRE(connection.engine.open());
  CHECK(connection.engine.handshake()->certificate);
}

TEST_CASE("The highest version is as the context has it") {
  const TlsPeerContext any(Good());
  for (const Version version :
       {Version::kTls10, Version::kTls11, Version::kTls12, Version::kTls13}) {
    ContextSettings settings;
    settings.max_version = version;
    TlsConnection connection(any, tests::TlsContext(settings));
    connection.Exchange();
    REQUIRE(connection.engine.open());
    CHECK(connection.engine.handshake()->version == version);
  }
  ContextSettings old;
  old.max_version = Version::kTls12;
  const TlsPeerContext new_only(Good(TlsRange::kTls13Only));
  TlsConnection connection(new_only, tests::TlsContext(old));
  connection.Exchange();
  CHECK_FALSE(connection.engine.open());
  CHECK(ErrorOf(connection.engine).kind == Kind::kAlert);
  CHECK(ErrorOf(connection.engine).detail == "protocol_version (70)");
}

TEST_CASE("The server's name is sent, an address is not") {
  struct Row {
    ServerName server;
    std::string want;
  };
  const std::string longest = "a." + std::string(253, 'b');
  const Row rows[] = {
      {Mx(), "mx.example.com"},
      {{"localhost", std::nullopt}, "localhost"},
      {{"", IpAddress::Parse("127.0.0.1")}, ""},
      {{"", IpAddress::Parse("::1")}, ""},
      {{"", std::nullopt}, ""},
      {{longest, std::nullopt}, longest},
      {{longest + "c", std::nullopt}, ""},
      {{std::string(100'000, 'x'), std::nullopt}, ""},
      {{std::string("a\0b", 3), std::nullopt}, ""},
  };
  const TlsPeerContext context(Good());
  for (const Row& row : rows) {
    TlsConnection connection(context, PlainContext(), row.server);
    connection.Exchange();
    CHECK(connection.engine.open());
    CHECK(connection.peer.sni() == row.want);
  }
}

TEST_CASE("A server that does not know the name says so") {
  for (const TlsRange range : {TlsRange::kTls12Only, TlsRange::kTls13Only}) {
    TlsPeerSettings settings = Good(range);
    settings.only_sni = "mx.example.net";
    const TlsPeerContext context(settings);
    TlsConnection connection(context, PlainContext());
    connection.Exchange();
    CHECK_FALSE(connection.engine.open());
    CHECK(ErrorOf(connection.engine).kind == Kind::kAlert);
    CHECK(ErrorOf(connection.engine).detail == "unrecognized_name (112)");
  }
}

TEST_CASE("A server that demands a certificate") {
  const tests::Identity& client = TestPki().Get("client");
  ContextSettings known;
  known.certificate = client.chain;
  known.key = client.key;
  for (const TlsRange range : kRanges) {
    CAPTURE(range);
    TlsPeerSettings settings = Good(range);
    settings.client_roots = TestPki().roots();

    const TlsPeerContext asking(settings);
    TlsConnection unknown(asking, PlainContext());
    unknown.Exchange();
    CHECK(unknown.engine.open());
    CHECK_FALSE(unknown.engine.error());

    settings.client_certificate_required = true;
    const TlsPeerContext demanding(settings);
    TlsConnection accepted(demanding, tests::TlsContext(known));
    accepted.Exchange();
    CHECK(accepted.engine.open());
    CHECK_FALSE(accepted.engine.error());
    CHECK(accepted.peer.client_subject() == "CN=monitor.example.net");

    TlsConnection refused(demanding, PlainContext());
    refused.Exchange();
    CHECK(ErrorOf(refused.engine).kind == Kind::kAlert);
    // TLS 1.3: our side is done before the server has looked.
    const bool late = range == TlsRange::kTls13Only;
    CHECK(refused.engine.open() == late);
    CHECK((refused.engine.handshake() != nullptr) == late);
    CHECK(ErrorOf(refused.engine).detail ==
          (late ? "certificate_required (116)" : "handshake_failure (40)"));
  }
}

TEST_CASE("Alerts have names") {
  struct Row {
    int number;
    const char* detail;
  };
  const Row rows[] = {
      {0, "close_notify (0)"},          {40, "handshake_failure (40)"},
      {70, "protocol_version (70)"},    {80, "internal_error (80)"},
      {112, "unrecognized_name (112)"}, {200, "unknown (200)"},
      {255, "unknown (255)"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.number);
    Engine engine(PlainContext(), Mx(), Now());
    engine.TakeCiphertext();
    for (const char byte : Alert(2, row.number)) engine.Feed({&byte, 1});
    CHECK_FALSE(engine.open());
    CHECK(ErrorOf(engine).kind == Kind::kAlert);
    CHECK(ErrorOf(engine).detail == row.detail);
    // It knows; nobody answers an alert.
    CHECK(engine.TakeCiphertext().empty());
  }
}

TEST_CASE("A warning ends nothing, close_notify ends a handshake") {
  Engine engine(PlainContext(), Mx(), Now());
  engine.Feed(Alert(1, 112));
  CHECK_FALSE(engine.error());
  for (const char byte : Alert(1, 0)) engine.Feed({&byte, 1});
  CHECK(ErrorOf(engine).kind == Kind::kAlert);
  CHECK(ErrorOf(engine).detail == "close_notify (0)");
}

TEST_CASE("A server that does not speak TLS") {
  struct Row {
    std::string said;
    std::string detail;
  };
  const Row rows[] = {
      {"220 mx.example.com ESMTP\r\n250 x\r\n", "220 mx.example.com ESMTP"},
      {"501 SSL attempted over a non-SSL socket\r\n",
       "501 SSL attempted over a non-SSL socket"},
      {"2", "2"},
      {"\r\n220 mx\r\n", ""},
      {"\x1B[31m\n", "\\x1b[31m"},
      {std::string("\x80\x2E\x01", 3), "\\x80.\\x01"},
      {std::string("\0", 1), "\\x00"},
      {std::string(1'000'000, 'y'), std::string(197, 'y') + "..."},
  };
  for (const Row& row : rows) {
    Engine engine(PlainContext(), Mx(), Now());
    engine.TakeCiphertext();
    engine.Feed(row.said);
    CHECK(ErrorOf(engine).kind == Kind::kNotTls);
    CHECK(ErrorOf(engine).detail == row.detail);
    CHECK(engine.TakeCiphertext().empty());
    // Once and for all.
    engine.Feed(Alert(2, 40));
    CHECK(ErrorOf(engine).kind == Kind::kNotTls);
  }
}

TEST_CASE("A server that breaks TLS is told so") {
  const std::string rows[] = {
      std::string("\x17\x03\x03\0\x01x", 6),
      std::string("\x14\x03\x03\0\x01\x02", 6),
      std::string("\x16\x03\x03\xFF\xFF", 5),
      std::string("\x16\x03\x03\0\x04\x02\xFF\xFF\xFF", 9),
      // A ClientHello of its own.
      std::string("\x16\x03\x03\0\x04\x01\0\0\0", 9),
      // "Hello done" at once.
      std::string("\x16\x03\x03\0\x04\x0E\0\0\0", 9),
  };
  for (const std::string& said : rows) {
    Engine engine(PlainContext(), Mx(), Now());
    engine.TakeCiphertext();
    engine.Feed(said);
    CHECK_FALSE(engine.open());
    CHECK(ErrorOf(engine).kind == Kind::kProtocol);
    CHECK_FALSE(ErrorOf(engine).detail.empty());
    const std::string alert = engine.TakeCiphertext();
    REQUIRE(alert.size() == 7);
    CHECK(alert[0] == 0x15);
    CHECK(alert[5] == 2);
  }
  // Here OpenSSL finds nobody who would understand an alert.
  Engine engine(PlainContext(), Mx(), Now());
  engine.Feed("\x16garbage");
  CHECK(ErrorOf(engine).kind == Kind::kProtocol);
  CHECK(ErrorOf(engine).detail == "wrong version number");
}

TEST_CASE("A version that we do not speak is our policy") {
  // A ServerHello of SSL 3.0 with one of its ciphers.
  std::string hello("\x16\x03\x00\0\x2A\x02\0\0\x26\x03\x00", 11);
  hello += std::string(32, 'r') + std::string("\0\0\x2F\0", 4);
  Engine engine(PlainContext(), Mx(), Now());
  engine.TakeCiphertext();
  engine.Feed(hello);
  CHECK(ErrorOf(engine).kind == Kind::kLocalPolicy);
  CHECK(ErrorOf(engine).detail == "unsupported protocol");
  // protocol_version goes out before the connection is closed.
  CHECK(engine.TakeCiphertext().ends_with("\x02\x46"));
}

TEST_CASE("The asked type is the server's, not that of our own certificate") {
  const tests::Pki& pki = tests::TestPki();
  tests::TlsPeerSettings settings;
  settings.identities = {pki.Get("good"), pki.Get("good-rsa")};
  settings.client_roots = pki.roots();
  settings.client_certificate_required = true;
  for (const auto range :
       {tests::TlsRange::kTls12Only, tests::TlsRange::kTls13Only}) {
    INFO(static_cast<int>(range));
    settings.versions = range;
    const tests::TlsPeerContext peer(settings);
    // Ours is an ECDSA one.
    tests::TlsConnection connection(
        peer, tests::TlsContext({.roots = nullptr,
                                 .certificate = pki.Get("client").chain,
                                 .key = pki.Get("client").key,
                                 .key_type = probe::tls::KeyType::kRsa}));
    connection.Exchange();
    CHECK_FALSE(connection.engine.error());
    REQUIRE(connection.engine.open());
    CHECK(connection.engine.handshake()->certificate->key == "rsa2048");
    CHECK_FALSE(connection.peer.client_subject().empty());
  }
}
