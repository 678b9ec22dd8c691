// What a peer says inside TLS, its end, and how bytes arrive.
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

using probe::WallTime;
using probe::tls::Context;
using probe::tls::Handshake;
using tests::TlsConnection;
using tests::TlsPeerContext;
using tests::TlsPeerSettings;
using tests::TlsRange;
using Kind = probe::tls::Error::Kind;

namespace {

constexpr std::array kRanges = {TlsRange::kTls10Only, TlsRange::kTls11Only,
                                TlsRange::kTls12Only, TlsRange::kTls13Only};

const std::shared_ptr<const Context>& PlainContext() {
  static const std::shared_ptr<const Context> context = tests::TlsContext();
  return context;
}

TlsPeerSettings Good(TlsRange versions) {
  TlsPeerSettings settings;
  settings.identities = {tests::TestPki().Get("good")};
  settings.versions = versions;
  return settings;
}

}  // namespace

TEST_CASE("Cleartext goes both ways") {
  for (const TlsRange range : kRanges) {
    const TlsPeerContext context(Good(range));
    TlsConnection connection(context, PlainContext());
    connection.Exchange();
    connection.peer.Write("220 mx.example.com ESMTP\r\n");
    connection.Exchange();
    CHECK(connection.engine.TakeCleartext() == "220 mx.example.com ESMTP\r\n");
    CHECK(connection.engine.TakeCleartext().empty());
    connection.engine.Write("");
    CHECK(connection.engine.TakeCiphertext().empty());
    const std::string large(100'000, 'z');
    connection.engine.Write(large);
    connection.Exchange();
    CHECK(connection.peer.TakeCleartext() == large);
    connection.peer.Write(large);
    connection.Exchange();
    CHECK(connection.engine.TakeCleartext() == large);
    CHECK_FALSE(connection.engine.error());
  }
}

TEST_CASE("close_notify from the server") {
  for (const TlsRange range : kRanges) {
    const TlsPeerContext context(Good(range));
    TlsConnection connection(context, PlainContext());
    connection.Exchange();
    connection.peer.Write("221 bye\r\n");
    connection.peer.Close();
    CHECK_FALSE(connection.engine.closed());
    connection.Exchange();
    CHECK(connection.engine.closed());
    CHECK_FALSE(connection.engine.error());
    CHECK(connection.engine.TakeCleartext() == "221 bye\r\n");
    connection.engine.Feed("what comes behind it is thrown away");
    CHECK_FALSE(connection.engine.error());
    CHECK(connection.engine.TakeCleartext().empty());
    connection.engine.Close();
    connection.Exchange();
    CHECK(connection.peer.closed());
  }
}

TEST_CASE("close_notify from us, once") {
  for (const TlsRange range : kRanges) {
    const TlsPeerContext context(Good(range));
    TlsConnection connection(context, PlainContext());
    connection.engine.Close();
    connection.Exchange();
    REQUIRE(connection.engine.open());
    CHECK_FALSE(connection.peer.closed());
    connection.engine.Close();
    connection.engine.Close();
    const std::string said = connection.engine.TakeCiphertext();
    CHECK(said.size() < 100);
    connection.peer.Feed(said);
    CHECK(connection.peer.closed());
    CHECK_FALSE(connection.peer.failed());
    CHECK_FALSE(connection.engine.closed());
    // The server may still have something to say.
    connection.peer.Write("221 bye\r\n");
    connection.Exchange();
    CHECK(connection.engine.TakeCleartext() == "221 bye\r\n");
  }
}

TEST_CASE("What was read before an error remains") {
  for (const TlsRange range : kRanges) {
    const TlsPeerContext context(Good(range));
    TlsConnection connection(context, PlainContext());
    connection.Exchange();
    connection.peer.Write("250 first\r\n");
    std::string said = connection.peer.TakeCiphertext();
    connection.peer.Write("250 second\r\n");
    said += connection.peer.TakeCiphertext();
    said.back() ^= 1;
    connection.engine.Feed(said);
    REQUIRE(connection.engine.error());
    CHECK(connection.engine.error()->kind == Kind::kProtocol);
    CHECK(connection.engine.error()->detail ==
          "decryption failed or bad record mac");
    CHECK(connection.engine.open());
    CHECK(connection.engine.TakeCleartext() == "250 first\r\n");
    // The alert is there, and close_notify does not follow it.
    connection.engine.Close();
    connection.peer.Feed(connection.engine.TakeCiphertext());
    CHECK(connection.peer.failed());
  }
}

TEST_CASE("Nothing depends on how bytes were cut") {
  for (const TlsRange range : kRanges) {
    const TlsPeerContext context(Good(range));
    const WallTime now = std::chrono::system_clock::now();
    std::optional<Handshake> whole;
    const auto run = [&](std::size_t cut) {
      TlsConnection connection(context, PlainContext(), {"mx.example.com", {}},
                               now);
      connection.Exchange(cut);
      REQUIRE(connection.engine.open());
      connection.peer.Write("250-mx.example.com\r\n");
      connection.Exchange(cut);
      connection.peer.Write("250 STARTTLS\r\n");
      connection.peer.Close();
      connection.Exchange(cut);
      CHECK_FALSE(connection.engine.error());
      CHECK(connection.engine.closed());
      CHECK(connection.engine.TakeCleartext() ==
            "250-mx.example.com\r\n250 STARTTLS\r\n");
      if (!whole) whole = *connection.engine.handshake();
      CHECK(*connection.engine.handshake() == *whole);
      return connection.sent;
    };
    const std::size_t bytes = run(TlsConnection::kUncut);
    REQUIRE(bytes > 500);
    run(TlsConnection::kBytes);
    // The old versions differ from TLS 1.2 in nothing that has to do with it.
    if (range == TlsRange::kTls10Only || range == TlsRange::kTls11Only)
      continue;
    for (std::size_t cut = 1; cut < bytes; ++cut) run(cut);
  }
}

TEST_CASE("Half a handshake is neither an error nor open") {
  for (const TlsRange range : kRanges) {
    const TlsPeerContext context(Good(range));
    TlsConnection connection(context, PlainContext());
    connection.peer.Feed(connection.engine.TakeCiphertext());
    const std::string flight = connection.peer.TakeCiphertext();
    for (const char byte :
         std::string_view(flight).substr(0, flight.size() - 1)) {
      connection.engine.Feed({&byte, 1});
      REQUIRE_FALSE(connection.engine.error());
      REQUIRE_FALSE(connection.engine.open());
    }
    CHECK(connection.engine.TakeCleartext().empty());
  }
}
