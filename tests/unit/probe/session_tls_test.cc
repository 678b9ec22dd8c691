// A session with TLS: dialog, engine and stream together, against the server's
// side of OpenSSL on a loopback port.
#include <uv.h>

#include <memory>
#include <optional>
#include <string>

#include "probe/session.h"
#include "tests/support/catch.h"
#include "tests/support/checked_loop.h"
#include "tests/support/pki.h"
#include "tests/support/scripted_server.h"
#include "tests/support/tls_peer.h"

namespace {

using namespace std::chrono_literals;
using probe::Phase;
using probe::Reason;
using probe::TlsMode;
using tests::ScriptedServer;
using tests::TestPki;
using tests::TlsPeerContext;
using tests::TlsPeerSettings;

using Loop = tests::CheckedLoop;

TlsPeerSettings Presenting(std::string_view name) {
  TlsPeerSettings settings;
  settings.identities = {TestPki().Get(name)};
  return settings;
}

struct Client {
  TlsMode mode = TlsMode::kOpportunistic;
  bool verify = false;
  std::string identity = {};  // "": no client certificate.
};

std::shared_ptr<const probe::Endpoint> MakeEndpoint(std::uint16_t port,
                                                    const Client& client) {
  auto conversation = std::make_shared<probe::Conversation>();
  conversation->ehlo_name = "monitor.example.net";
  conversation->timeouts.greeting = 5s;
  conversation->timeouts.tls = 5s;
  conversation->tls.mode = client.mode;
  conversation->tls.verify = client.verify;
  probe::tls::ContextSettings settings;
  settings.roots = *probe::tls::Roots::Parse(TestPki().roots(), false);
  if (!client.identity.empty()) {
    settings.certificate = TestPki().Get(client.identity).chain;
    settings.key = TestPki().Get(client.identity).key;
  }
  auto context = probe::tls::Context::Create(settings);
  REQUIRE(context.has_value());
  conversation->tls.context = *context;
  auto endpoint = std::make_shared<probe::Endpoint>();
  endpoint->id = 1;
  endpoint->address = probe::IpAddress::Parse("127.0.0.1");
  endpoint->port = port;
  endpoint->server_name = "mx.example.com";
  endpoint->conversation = conversation;
  endpoint->interval = 60s;
  return endpoint;
}

// Different inside TLS, as real servers are.
ScriptedServer::Answer TwoLayers() {
  return [hellos = 0](const std::string& line) mutable -> std::string {
    if (line.starts_with("EHLO ")) {
      return hellos++ == 0
                 ? "250-mx.example.com\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"
                 : "250-mx.example.com\r\n250-SIZE 2000\r\n250 AUTH PLAIN\r\n";
    }
    if (line == "STARTTLS") return "220 go\r\n";
    return line == "QUIT" ? "221 bye\r\n" : "500 what?\r\n";
  };
}

std::string OneLayer(const std::string& line) {
  if (line.starts_with("EHLO ")) return "250-mx\r\n250 SIZE 5\r\n";
  return "221 bye\r\n";
}

probe::ProbeResult Probe(uv_loop_t* loop, std::uint16_t port,
                         const Client& client) {
  std::optional<probe::ProbeResult> result;
  std::unique_ptr<probe::Session> session;
  session = std::make_unique<probe::Session>(
      loop, MakeEndpoint(port, client), [&](probe::ProbeResult ended) {
        REQUIRE_FALSE(result.has_value());
        result = std::move(ended);
        session.reset();
      });
  while (!result) uv_run(loop, UV_RUN_ONCE);
  return std::move(*result);
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("STARTTLS: both layers are asked, TLS ends with close_notify") {
  Loop loop;
  const TlsPeerContext context(Presenting("good"));
  ScriptedServer server(&loop.loop, "220 mx.example.com\r\n", TwoLayers());
  server.UseTls(&context, /*implicit=*/false);
  const auto result = Probe(&loop.loop, server.port(), {.verify = true});
  CHECK(result.success());
  CHECK(result.quit_ok);
  CHECK(result.starttls_success == true);
  CHECK(result.plaintext_after_starttls == false);
  REQUIRE(result.clear);
  CHECK(result.clear->size_limit == 1000.0);
  REQUIRE(result.inside);
  CHECK(result.inside->size_limit == 2000.0);
  CHECK(result.inside->auth);
  REQUIRE(result.handshake);
  CHECK(result.handshake->version == probe::tls::Version::kTls13);
  REQUIRE(result.handshake->verdict);
  CHECK(result.handshake->verdict->trusted);
  CHECK(result.handshake->verdict->name_match);
  CHECK(server.lines() == Lines{"EHLO monitor.example.net", "STARTTLS",
                                "EHLO monitor.example.net", "QUIT"});
  // It may still be on its way to the server.
  while (server.close_notifies() == 0) uv_run(&loop.loop, UV_RUN_ONCE);
  CHECK(server.sni() == "mx.example.com");
}

TEST_CASE("implicit TLS: the handshake, then the greeting") {
  Loop loop;
  const TlsPeerContext context(Presenting("good"));
  ScriptedServer server(&loop.loop, "220 mx.example.com\r\n", OneLayer);
  server.UseTls(&context, /*implicit=*/true);
  const auto result =
      Probe(&loop.loop, server.port(), {.mode = TlsMode::kImplicit});
  CHECK(result.success());
  CHECK(result.reachable);
  CHECK_FALSE(result.clear);
  CHECK(result.inside);
  CHECK_FALSE(result.starttls_success);
  CHECK(server.lines() == Lines{"EHLO monitor.example.net", "QUIT"});
  // It may still be on its way to the server.
  while (server.close_notifies() == 0) uv_run(&loop.loop, UV_RUN_ONCE);
}

TEST_CASE("a bad certificate ends nothing, and yields every fact") {
  const struct {
    const char* identity;
    bool trusted;
    bool name_match;
    Reason reason;
  } kCases[] = {
      {"expired", false, true, Reason::kCertificateUntrusted},
      {"self-signed", false, true, Reason::kCertificateUntrusted},
      {"wrong-name", true, false, Reason::kCertificateName},
      {"missing-intermediate", false, true, Reason::kCertificateUntrusted},
  };
  for (const auto& test : kCases) {
    for (const bool verify : {false, true}) {
      INFO(test.identity << " " << verify);
      Loop loop;
      const TlsPeerContext context(Presenting(test.identity));
      ScriptedServer server(&loop.loop, "220 mx.example.com\r\n", TwoLayers());
      server.UseTls(&context, /*implicit=*/false);
      const auto result = Probe(&loop.loop, server.port(), {.verify = verify});
      REQUIRE(result.handshake);
      REQUIRE(result.handshake->verdict);
      CHECK(result.handshake->verdict->trusted == test.trusted);
      CHECK(result.handshake->verdict->name_match == test.name_match);
      CHECK(result.handshake->certificate->not_after.time_since_epoch() > 0s);
      CHECK(result.inside);
      CHECK(result.quit_ok);
      CHECK(result.success() != verify);
      if (verify) {
        CHECK(result.failure->phase == Phase::kTls);
        CHECK(result.failure->reason == test.reason);
      }
    }
  }
}

TEST_CASE("a client certificate is shown where it is demanded") {
  for (const bool shown : {false, true}) {
    for (const tests::TlsRange range :
         {tests::TlsRange::kTls12Only, tests::TlsRange::kTls13Only}) {
      INFO(shown << " " << static_cast<int>(range));
      Loop loop;
      TlsPeerSettings settings = Presenting("good");
      settings.client_roots = TestPki().roots();
      settings.client_certificate_required = true;
      settings.versions = range;
      const TlsPeerContext context(settings);
      ScriptedServer server(&loop.loop, "220 mx.example.com\r\n", TwoLayers());
      server.UseTls(&context, /*implicit=*/false);
      const auto result =
          Probe(&loop.loop, server.port(), {.identity = shown ? "client" : ""});
      CHECK(result.success() == shown);
      CHECK(result.starttls_success == shown);
      if (shown) continue;
      REQUIRE(result.failure);
      CHECK(result.failure->phase == Phase::kTls);
      CHECK(result.failure->reason == Reason::kTlsAlert);
    }
  }
}

TEST_CASE("TLS where SMTP was due, and the reverse, are named") {
  Loop loop;
  ScriptedServer plain(&loop.loop, "220 mx.example.com\r\n", TwoLayers());
  auto result = Probe(&loop.loop, plain.port(), {.mode = TlsMode::kImplicit});
  REQUIRE(result.failure);
  CHECK(result.failure->phase == Phase::kTls);
  CHECK(result.failure->reason == Reason::kPlainOnTlsPort);

  // A server that speaks TLS waits for a ClientHello, and so do we for words:
  // only an alert, which some send after a while, tells.
  ScriptedServer tls(&loop.loop, std::string("\x15\x03\x01\x00\x02\x02\x50", 7),
                     TwoLayers());
  result = Probe(&loop.loop, tls.port(), {});
  REQUIRE(result.failure);
  CHECK(result.failure->phase == Phase::kGreeting);
  CHECK(result.failure->reason == Reason::kTlsOnPlainPort);
}

TEST_CASE("plaintext behind the 220 to STARTTLS starts no handshake") {
  for (const char* reply : {"220 go\r\n250 injected\r\n", "220 go\r\nEVIL"}) {
    INFO(reply);
    Loop loop;
    const TlsPeerContext context(Presenting("good"));
    ScriptedServer server(
        &loop.loop, "220 mx.example.com\r\n", [reply](const std::string& line) {
          return line == "STARTTLS" ? reply : "250-mx\r\n250 STARTTLS\r\n";
        });
    // In clear: it must not come to a handshake.
    const auto result = Probe(&loop.loop, server.port(), {});
    REQUIRE(result.failure);
    CHECK(result.failure->phase == Phase::kTls);
    CHECK(result.failure->reason == Reason::kPlaintextInjection);
    CHECK(result.plaintext_after_starttls == true);
    CHECK(server.lines() == Lines{"EHLO monitor.example.net", "STARTTLS"});
  }
}

TEST_CASE("a session dropped in the middle of TLS leaves nothing behind") {
  Loop loop;
  const TlsPeerContext context(Presenting("good"));
  ScriptedServer server(
      &loop.loop, "220 mx.example.com\r\n", [](const std::string& line) {
        return line.starts_with("EHLO ") ? "250-mx\r\n250 STARTTLS\r\n"
                                         : "220 go\r\n";
      });
  server.UseTls(&context, /*implicit=*/false);
  auto session = std::make_unique<probe::Session>(
      &loop.loop, MakeEndpoint(server.port(), {}),
      [](probe::ProbeResult) { FAIL("a dropped session has no result"); });
  while (server.lines().size() < 3) uv_run(&loop.loop, UV_RUN_ONCE);
  session.reset();
}
