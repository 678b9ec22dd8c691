// The listener through TLS.
#include <atomic>
#include <csignal>
#include <string>
#include <vector>

#include "exporter/http/server.h"
#include "exporter/http/server_tls.h"
#include "tests/support/catch.h"
#include "tests/support/pki.h"
#include "tests/unit/http/client.h"
#include "tests/unit/http/server_on_loop.h"
#include "tests/unit/http/tls_client.h"

namespace exporter::http {
namespace {

using probe::tls::Version;

WebTls Settings(const std::string& identity = "good") {
  WebTls settings;
  settings.certificate = tests::TestPki().Get(identity).chain;
  settings.key = tests::TestPki().Get(identity).key;
  return settings;
}

std::shared_ptr<const ServerTls> Make(const WebTls& settings) {
  auto tls = ServerTls::Create(settings);
  if (!tls) FAIL(tls.error());
  return *tls;
}

void Fine(const Request& request, const Respond& respond) {
  if (request.path != "/large") return respond({.body = "fine"});
  respond({.source = [left = 200](std::string& piece) mutable {
    piece.assign(100'000, 'x');
    return left-- > 0;
  }});
}

// A server that offers `current`, which a test may change.
class TlsServer {
 public:
  explicit TlsServer(const WebTls& settings, const Limits& limits = Limits())
      : current(Make(settings)),
        server_(&Fine, limits, "127.0.0.1:0", [this] { return current; }) {
    // As main() does.
    std::signal(SIGPIPE, SIG_IGN);
  }
  ServerOnLoop* operator->() { return &server_; }

  std::shared_ptr<const ServerTls> current;

 private:
  ServerOnLoop server_;
};

// "fine", or why not.
std::string Ask(const std::string& address, const TlsClientSettings& settings) {
  TlsClient client(address, settings);
  const std::string answer = client.Get("/");
  if (answer.ends_with("\r\n\r\nfine")) return "fine";
  return client.error().empty() ? "nothing" : client.error();
}

TEST_CASE("requests are answered through TLS") {
  for (const char* const identity : {"good", "good-rsa"}) {
    TlsServer server(Settings(identity));
    std::string small;
    std::string large;
    std::string version;
    server->Run([&] {
      TlsClient client(server->address());
      version = client.version();
      small = client.Get("/");
      large = TlsClient(server->address()).Get("/large");
    });
    CHECK(version == "TLSv1.3");
    CHECK(small.ends_with("\r\n\r\nfine"));
    CHECK(large.size() > 20'000'000);
    CHECK(large.ends_with("\r\n0\r\n\r\n"));
  }
}

TEST_CASE("versions and ciphers are those that are allowed") {
  struct Row {
    std::string name;
    Version least;
    Version most;
    std::optional<std::vector<std::string>> ciphers;
    TlsClientSettings client;
    std::string want;
  };
  const std::string old = "tlsv1 alert protocol version";
  const std::string failure = "sslv3 alert handshake failure";
  const std::vector<Row> rows = {
      {"default", Version::kTls12, Version::kTls13, {}, {}, "fine"},
      {"1.2 is allowed",
       Version::kTls12,
       Version::kTls13,
       {},
       {.max_version = TLS1_2_VERSION},
       "fine"},
      {"1.1 is too old",
       Version::kTls12,
       Version::kTls13,
       {},
       {.max_version = TLS1_1_VERSION},
       old},
      {"1.2 is too old",
       Version::kTls13,
       Version::kTls13,
       {},
       {.max_version = TLS1_2_VERSION},
       old},
      {"1.0 is allowed",
       Version::kTls10,
       Version::kTls13,
       {},
       {.max_version = TLS1_VERSION},
       "fine"},
      {"1.3 is too new",
       Version::kTls12,
       Version::kTls12,
       {},
       {.min_version = TLS1_3_VERSION},
       old},
      {"a cipher that is listed",
       Version::kTls12,
       Version::kTls13,
       {{"ECDHE-ECDSA-AES256-GCM-SHA384"}},
       {.max_version = TLS1_2_VERSION,
        .ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"},
       "fine"},
      {"a cipher that is not",
       Version::kTls12,
       Version::kTls13,
       {{"ECDHE-ECDSA-AES256-GCM-SHA384"}},
       {.max_version = TLS1_2_VERSION,
        .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"},
       failure},
      {"ciphers of TLS 1.3 only",
       Version::kTls12,
       Version::kTls13,
       std::vector<std::string>(),
       {.max_version = TLS1_2_VERSION},
       old},
      {"the list is not for TLS 1.3",
       Version::kTls12,
       Version::kTls13,
       {{"ECDHE-ECDSA-AES256-GCM-SHA384"}},
       {},
       "fine"},
      {"no forward secrecy",
       Version::kTls12,
       Version::kTls13,
       {},
       {.max_version = TLS1_2_VERSION, .ciphers = "kRSA:@SECLEVEL=0"},
       failure},
  };
  for (const Row& row : rows) {
    WebTls settings = Settings();
    settings.min_version = row.least;
    settings.max_version = row.most;
    settings.cipher_suites = row.ciphers;
    TlsServer server(settings);
    std::string got;
    server->Run([&] { got = Ask(server->address(), row.client); });
    INFO(row.name);
    CHECK(got == row.want);
  }
}

TEST_CASE("our order of ciphers and curves counts") {
  WebTls settings = Settings();
  settings.cipher_suites = {"ECDHE-ECDSA-AES256-GCM-SHA384",
                            "ECDHE-ECDSA-AES128-GCM-SHA256"};
  settings.curves = {"P-384"};
  const TlsClientSettings other_order{
      .max_version = TLS1_2_VERSION,
      .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"};
  std::vector<std::string> ciphers;
  int curve = 0;
  std::string refused;
  for (const bool ours : {true, false}) {
    settings.prefers_own_cipher_order = ours;
    TlsServer server(settings);
    server->Run([&] {
      TlsClient client(server->address(), other_order);
      ciphers.push_back(client.cipher());
      curve = SSL_get_negotiated_group(client.ssl());
      refused = Ask(server->address(), {.groups = "X25519"});
    });
  }
  CHECK(ciphers == std::vector<std::string>{"ECDHE-ECDSA-AES256-GCM-SHA384",
                                            "ECDHE-ECDSA-AES128-GCM-SHA256"});
  CHECK(curve == NID_secp384r1);
  CHECK(refused == "sslv3 alert handshake failure");
}

TEST_CASE("client certificates are judged as the type says") {
  using enum ClientAuth;
  const std::string none = "tlsv13 alert certificate required";
  const std::string unknown = "tlsv1 alert unknown ca";
  const std::string expired = "sslv3 alert certificate expired";
  struct Row {
    ClientAuth type;
    std::string identity;
    std::string want;
  };
  const std::vector<Row> rows = {
      {kNoClientCert, "", "fine"},
      {kNoClientCert, "self-signed", "fine"},
      {kRequestClientCert, "", "fine"},
      {kRequestClientCert, "self-signed", "fine"},
      {kRequireAnyClientCert, "", none},
      {kRequireAnyClientCert, "self-signed", "fine"},
      {kRequireAnyClientCert, "expired-client", "fine"},
      {kVerifyClientCertIfGiven, "", "fine"},
      {kVerifyClientCertIfGiven, "client", "fine"},
      {kVerifyClientCertIfGiven, "self-signed", unknown},
      {kVerifyClientCertIfGiven, "expired-client", expired},
      {kRequireAndVerifyClientCert, "", none},
      {kRequireAndVerifyClientCert, "client", "fine"},
      {kRequireAndVerifyClientCert, "self-signed", unknown},
      {kRequireAndVerifyClientCert, "expired-client", expired},
      // It is for servers.
      {kRequireAndVerifyClientCert, "good",
       "sslv3 alert unsupported certificate"},
  };
  for (const Row& row : rows) {
    WebTls settings = Settings();
    settings.client_auth = row.type;
    settings.client_roots = tests::TestPki().roots();
    TlsServer server(settings);
    std::string got;
    server->Run(
        [&] { got = Ask(server->address(), {.identity = row.identity}); });
    INFO(static_cast<int>(row.type) << " " << row.identity);
    CHECK(got == row.want);
  }
}

TEST_CASE("a client's name is one that is allowed, exactly") {
  using enum ClientAuth;
  const std::string refused = "sslv3 alert handshake failure";
  struct Row {
    ClientAuth type;
    std::vector<std::string> allowed;
    std::string identity;
    std::string want;
  };
  const std::vector<Row> rows = {
      {kRequireAndVerifyClientCert, {"scraper.example.com"}, "scraper", "fine"},
      {kRequireAndVerifyClientCert,
       {"x", "ops@example.com"},
       "scraper",
       "fine"},
      {kRequireAndVerifyClientCert, {"192.0.2.7"}, "scraper", "fine"},
      {kRequireAndVerifyClientCert, {"2001:db8::7"}, "scraper", "fine"},
      {kRequireAndVerifyClientCert,
       {"spiffe://example.com/prometheus"},
       "scraper",
       "fine"},
      {kRequireAndVerifyClientCert, {"example.com"}, "scraper", refused},
      {kRequireAndVerifyClientCert, {"*.example.com"}, "scraper", refused},
      {kRequireAndVerifyClientCert,
       {"Scraper.example.com"},
       "scraper",
       refused},
      {kRequireAndVerifyClientCert, {"scraper.example.co"}, "scraper", refused},
      // The common name does not count.
      {kRequireAndVerifyClientCert, {"scraper"}, "scraper", refused},
      {kRequireAndVerifyClientCert, {""}, "scraper", refused},
      {kRequireAndVerifyClientCert, {}, "scraper", refused},
      // The right name of a wrong authority.
      {kRequireAndVerifyClientCert,
       {"mx.example.com"},
       "self-signed",
       "tlsv1 alert unknown ca"},
      {kVerifyClientCertIfGiven, {"scraper.example.com"}, "scraper", "fine"},
      {kVerifyClientCertIfGiven, {"scraper.example.com"}, "client", refused},
      {kVerifyClientCertIfGiven,
       {"scraper.example.com"},
       "",
       "tlsv13 alert certificate required"},
      {kRequestClientCert, {"mx.example.com"}, "self-signed", "fine"},
      {kRequireAnyClientCert, {"other"}, "self-signed", refused},
  };
  for (const Row& row : rows) {
    WebTls settings = Settings();
    settings.client_auth = row.type;
    settings.client_roots = tests::TestPki().roots();
    settings.client_allowed_sans = row.allowed;
    TlsServer server(settings);
    std::string got;
    server->Run(
        [&] { got = Ask(server->address(), {.identity = row.identity}); });
    INFO(row.allowed.size() << " " << row.identity);
    CHECK(got == row.want);
  }
}

TEST_CASE("what counts is what is set when the handshake begins") {
  TlsServer server(Settings("good"));
  std::vector<std::string> got;
  server->Run([&] {
    TlsClient kept(server->address());
    const auto key = [](TlsClient& client) {
      return std::string(EVP_PKEY_get0_type_name(
          X509_get0_pubkey(SSL_get0_peer_certificate(client.ssl()))));
    };
    got.push_back(key(kept));
    server->Call([&] { server.current = Make(Settings("good-rsa")); });
    TlsClient next(server->address());
    got.push_back(key(next));
    server->Call([&] { server.current = nullptr; });
    got.push_back(Ask(server->address(), {}));
    // Who is inside stays.
    got.push_back(kept.Get("/").ends_with("fine") ? "fine" : "gone");
  });
  CHECK(got[0] == "EC");
  CHECK(got[1] == "RSA");
  CHECK(got[2] != "fine");
  CHECK(got[3] == "fine");
}

TEST_CASE("sessions are not resumed") {
  TlsServer server(Settings());
  bool has_ticket = true;
  std::string outcome;
  server->Run([&] {
    TlsClient client(server->address(), {.max_version = TLS1_2_VERSION});
    has_ticket = SSL_SESSION_has_ticket(SSL_get_session(client.ssl())) != 0 ||
                 SSL_SESSION_is_resumable(SSL_get_session(client.ssl())) != 0;
    outcome = client.Get("/");
  });
  CHECK_FALSE(has_ticket);
  CHECK(outcome.ends_with("fine"));
}

TEST_CASE("HTTP/1.1 is chosen where the client offers it") {
  TlsServer server(Settings());
  std::vector<std::string> chosen;
  server->Run([&] {
    for (const std::string& offer : {std::string("\x02h2\x08http/1.1"),
                                     std::string("\x02h2"), std::string()}) {
      TlsClient client(server->address(), {.alpn = offer});
      const unsigned char* protocol = nullptr;
      unsigned length = 0;
      SSL_get0_alpn_selected(client.ssl(), &protocol, &length);
      chosen.emplace_back(reinterpret_cast<const char*>(protocol), length);
      client.Get("/");
    }
  });
  CHECK(chosen == std::vector<std::string>{"http/1.1", "", ""});
}

TEST_CASE("clients that do not shake hands end") {
  TlsServer server(Settings(), {.head_seconds = 1, .linger_seconds = 1});
  std::string in_clear;
  std::string silent = "unread";
  std::string half = "unread";
  std::string garbage;
  std::string after;
  server->Run([&] {
    Client plain(server->address());
    plain.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    in_clear = plain.ReadToEnd();
    silent = Client(server->address()).ReadToEnd();
    Client begun(server->address());
    begun.Send(std::string("\x16\x03\x01\x00\xc8\x01\x00", 7));
    half = begun.ReadToEnd();
    Client odd(server->address());
    odd.Send(std::string(1000, '\x16'));
    garbage = odd.ReadToEnd();
    after = Ask(server->address(), {});
  });
  CHECK(in_clear ==
        "HTTP/1.0 400 Bad Request\r\n\r\n"
        "Client sent an HTTP request to an HTTPS server.\n");
  CHECK(silent.empty());
  CHECK(half.empty());
  CHECK(garbage.size() < 100);  // An alert.
  CHECK(after == "fine");
}

TEST_CASE("renegotiation is refused") {
  TlsServer server(Settings());
  int again = 1;
  std::string after;
  server->Run([&] {
    TlsClient client(server->address(), {.max_version = TLS1_2_VERSION});
    SSL_renegotiate(client.ssl());
    again = SSL_do_handshake(client.ssl());
    char byte = 0;
    if (again == 1) again = SSL_read(client.ssl(), &byte, 1);
    ERR_clear_error();
    after = Ask(server->address(), {});
  });
  CHECK(again <= 0);
  CHECK(after == "fine");
}

TEST_CASE("what OpenSSL does not take is an error") {
  WebTls settings = Settings();
  settings.curves = {"P-1000"};
  CHECK_FALSE(ServerTls::Create(settings).has_value());
  settings = Settings();
  settings.key = tests::TestPki().Get("good-rsa").key;
  CHECK_FALSE(ServerTls::Create(settings).has_value());
  settings = Settings();
  settings.client_auth = ClientAuth::kRequireAndVerifyClientCert;
  CHECK_FALSE(ServerTls::Create(settings).has_value());
}

}  // namespace
}  // namespace exporter::http
