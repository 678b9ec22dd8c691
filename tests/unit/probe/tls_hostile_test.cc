// A server that finishes the handshake and then does its worst, or whose
// handshake asks for too much: what tests::TlsPeer would not do.
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "probe/tls/engine.h"
#include "probe/tls/openssl_ptr.h"
#include "probe/tls/pem.h"
#include "tests/support/catch.h"
#include "tests/support/pki.h"
#include "tests/support/tls_peer.h"

using probe::tls::Context;
using probe::tls::ContextSettings;
using probe::tls::Engine;
using probe::tls::KeyPtr;
using probe::tls::OpensslFree;
using probe::tls::Roots;
using probe::tls::SslPtr;
using tests::Identity;
using tests::TestPki;
using Kind = probe::tls::Error::Kind;

namespace {

using SslContextPtr = std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>>;

std::unique_ptr<Engine> NewEngine() {
  ContextSettings settings;
  settings.roots = Roots::None();
  const auto context = Context::Create(settings);
  REQUIRE(context);
  return std::make_unique<Engine>(
      *context, probe::tls::ServerName{"mx.example.com", std::nullopt},
      std::chrono::system_clock::now());
}

SslContextPtr ServerContext(int version, std::string_view identity) {
  SslContextPtr made(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const context = made.get();
  SSL_CTX_set_security_level(context, 0);
  // Anything goes, the smallest groups too.
  SSL_CTX_set_security_callback(
      context, [](const SSL*, const SSL_CTX*, int, int, int, void*, void*) {
        return 1;
      });
  SSL_CTX_set_min_proto_version(context, version);
  SSL_CTX_set_max_proto_version(context, version);
  const Identity& shown = TestPki().Get(identity);
  const auto chain = probe::tls::ReadCertificates(shown.chain);
  const auto key = probe::tls::ReadPrivateKey(shown.key);
  REQUIRE(SSL_CTX_use_certificate(context, chain->front().get()) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey(context, key->get()) == 1);
  return made;
}

// A server whose every word the test chooses.
struct Server {
  explicit Server(const SslContextPtr& context) : ssl(SSL_new(context.get())) {
    in = BIO_new(BIO_s_mem());
    out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl.get(), in, out);
    SSL_set_accept_state(ssl.get());
  }

  std::string Take() {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out, &bytes);
    std::string taken(bytes, static_cast<std::size_t>(size));
    (void)BIO_reset(out);
    return taken;
  }

  void Shake(Engine& engine) {
    for (int flight = 0; flight < 4; ++flight) {
      const std::string bytes = engine.TakeCiphertext();
      BIO_write(in, bytes.data(), static_cast<int>(bytes.size()));
      SSL_do_handshake(ssl.get());
      engine.Feed(Take());
    }
  }

  SslPtr ssl;
  BIO* in = nullptr;
  BIO* out = nullptr;
};

// Rounds of `annoy` until the engine gives up; what it wanted to answer is
// never taken.
template <typename Annoy>
void Flood(Server& server, Engine& engine, const Annoy& annoy) {
  constexpr std::size_t kEnough = 2 * 1024 * 1024;
  std::size_t fed = 0;
  while (fed < kEnough && !engine.error()) {
    annoy();
    const std::string bytes = server.Take();
    REQUIRE_FALSE(bytes.empty());
    fed += bytes.size();
    engine.Feed(bytes);
  }
  REQUIRE(engine.error());
  CHECK(engine.error()->kind == Kind::kProtocol);
  CHECK(engine.TakeCleartext().empty());
  CHECK(engine.TakeCiphertext().size() < 512 * 1024);
}

KeyPtr DhGroup(BIGNUM* prime) {
  BIGNUM* const generator = BN_new();
  BN_set_word(generator, 2);
  OSSL_PARAM_BLD* const parts = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_FFC_P, prime);
  OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_FFC_G, generator);
  OSSL_PARAM* const parameters = OSSL_PARAM_BLD_to_param(parts);
  EVP_PKEY_CTX* const context =
      EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr);
  EVP_PKEY* group = nullptr;
  EVP_PKEY_fromdata_init(context);
  REQUIRE(EVP_PKEY_fromdata(context, &group, EVP_PKEY_KEY_PARAMETERS,
                            parameters) == 1);
  EVP_PKEY_CTX_free(context);
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(parts);
  BN_free(generator);
  BN_free(prime);
  return KeyPtr(group);
}

}  // namespace

TEST_CASE("Endless key updates come to an end") {
  const SslContextPtr context = ServerContext(TLS1_3_VERSION, "good");
  const auto engine = NewEngine();
  Server server(context);
  server.Shake(*engine);
  REQUIRE(engine->open());
  Flood(server, *engine, [&server] {
    SSL_key_update(server.ssl.get(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(server.ssl.get());
  });
  CHECK(engine->open());
}

TEST_CASE("Words between them do not make endless key updates bearable") {
  const SslContextPtr context = ServerContext(TLS1_3_VERSION, "good");
  const auto engine = NewEngine();
  Server server(context);
  server.Shake(*engine);
  std::size_t updates = 0;
  while (!engine->error() && updates < 100'000) {
    for (int i = 0; i < 20; ++i, ++updates) {
      SSL_key_update(server.ssl.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
      SSL_do_handshake(server.ssl.get());
    }
    SSL_write(server.ssl.get(), "x", 1);
    engine->Feed(server.Take());
  }
  REQUIRE(engine->error());
  CHECK(engine->error()->kind == Kind::kProtocol);
  CHECK(updates < 20'000);
}

TEST_CASE("Endless session tickets come to an end") {
  const SslContextPtr context = ServerContext(TLS1_3_VERSION, "good");
  const auto engine = NewEngine();
  Server server(context);
  server.Shake(*engine);
  REQUIRE(engine->open());
  Flood(server, *engine, [&server] {
    SSL_new_session_ticket(server.ssl.get());
    SSL_do_handshake(server.ssl.get());
  });
}

TEST_CASE("Session tickets and key updates between words do no harm") {
  const SslContextPtr context = ServerContext(TLS1_3_VERSION, "good");
  const auto engine = NewEngine();
  Server server(context);
  server.Shake(*engine);
  for (int i = 0; i < 200; ++i) {
    SSL_new_session_ticket(server.ssl.get());
    SSL_do_handshake(server.ssl.get());
    SSL_key_update(server.ssl.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
    SSL_write(server.ssl.get(), "word", 4);
    engine->Feed(server.Take());
    REQUIRE_FALSE(engine->error());
    REQUIRE(engine->TakeCleartext() == "word");
  }
}

TEST_CASE("What is said over half a session ticket is said after it") {
  const SslContextPtr context = ServerContext(TLS1_3_VERSION, "good");
  const auto engine = NewEngine();
  Server server(context);
  server.Shake(*engine);
  // In several records, the ticket: its message lies in all of them.
  SSL_set_max_send_fragment(server.ssl.get(), 512);
  std::string data(3000, 'x');
  SSL_SESSION_set1_ticket_appdata(SSL_get0_session(server.ssl.get()),
                                  data.data(), data.size());
  SSL_new_session_ticket(server.ssl.get());
  SSL_do_handshake(server.ssl.get());
  const std::string ticket = server.Take();
  REQUIRE(ticket.size() > 1500);
  engine->TakeCiphertext();
  engine->Feed(std::string_view(ticket).substr(0, 700));
  engine->Write("EHLO monitor.example.net\r\n");
  CHECK_FALSE(engine->error());
  engine->Feed(std::string_view(ticket).substr(700));
  CHECK_FALSE(engine->error());
  const std::string bytes = engine->TakeCiphertext();
  BIO_write(server.in, bytes.data(), static_cast<int>(bytes.size()));
  char heard[64];
  CHECK(SSL_read(server.ssl.get(), heard, sizeof heard) == 26);
  CHECK(std::string_view(heard, 26) == "EHLO monitor.example.net\r\n");
}

TEST_CASE("Renegotiation is refused") {
  const SslContextPtr context = ServerContext(TLS1_2_VERSION, "good");
  const auto engine = NewEngine();
  Server server(context);
  server.Shake(*engine);
  REQUIRE(engine->open());
  SSL_renegotiate(server.ssl.get());
  SSL_do_handshake(server.ssl.get());
  engine->Feed(server.Take());
  CHECK_FALSE(engine->error());
  // The answer is a warning; the connection lives on.
  const std::string answer = engine->TakeCiphertext();
  REQUIRE_FALSE(answer.empty());
  CHECK(answer[0] == 0x15);
}

TEST_CASE("Groups of Diffie-Hellman") {
  struct Row {
    BIGNUM* prime;
    const char* refused;
  };
  const Row rows[] = {
      {BN_get_rfc2409_prime_768(nullptr), "dh key too small"},
      {BN_get_rfc2409_prime_1024(nullptr), nullptr},
      {BN_get_rfc3526_prime_4096(nullptr), nullptr},
      {BN_get_rfc3526_prime_6144(nullptr), "modulus too large"},
  };
  for (const Row& row : rows) {
    CAPTURE(BN_num_bits(row.prime));
    const SslContextPtr context = ServerContext(TLS1_2_VERSION, "good-rsa");
    SSL_CTX_set_cipher_list(context.get(), "DHE:@SECLEVEL=0");
    REQUIRE(SSL_CTX_set0_tmp_dh_pkey(context.get(),
                                     DhGroup(row.prime).release()) == 1);
    const auto engine = NewEngine();
    Server server(context);
    server.Shake(*engine);
    CHECK(engine->open() == (row.refused == nullptr));
    if (row.refused == nullptr) continue;
    REQUIRE(engine->error());
    CHECK(engine->error()->kind == Kind::kLocalPolicy);
    CHECK(engine->error()->detail == row.refused);
  }
}

TEST_CASE("A chain beyond the limit is refused") {
  for (const bool too_long : {false, true}) {
    Identity identity = TestPki().Get("good-rsa");
    const std::string one = identity.chain;
    // About 1,100 bytes each time.
    for (int i = 0; i < (too_long ? 100 : 30); ++i) identity.chain += one;
    tests::TlsPeerSettings settings;
    settings.identities = {identity};
    const tests::TlsPeerContext context(settings);
    tests::TlsPeer peer(context);
    const auto engine = NewEngine();
    for (int flight = 0; flight < 4; ++flight) {
      peer.Feed(engine->TakeCiphertext());
      engine->Feed(peer.TakeCiphertext());
    }
    CHECK(engine->open() == !too_long);
    if (!too_long) continue;
    REQUIRE(engine->error());
    CHECK(engine->error()->kind == Kind::kProtocol);
    CHECK(engine->error()->detail == "excessive message size");
  }
}

TEST_CASE("A certificate that cannot be read breaks the handshake") {
  // TLS 1.2 shows its certificate in clear, where it can be spoilt.
  const SslContextPtr context = ServerContext(TLS1_2_VERSION, "good");
  const auto engine = NewEngine();
  Server server(context);
  const std::string hello = engine->TakeCiphertext();
  BIO_write(server.in, hello.data(), static_cast<int>(hello.size()));
  SSL_do_handshake(server.ssl.get());
  std::string flight = server.Take();
  // The first INTEGER of the certificate, its serial number.
  const std::size_t at = flight.find(std::string("\xA0\x03\x02\x01\x02", 5));
  REQUIRE(at != std::string::npos);
  flight[at + 5] ^= 0x40;
  engine->Feed(flight);
  REQUIRE(engine->error());
  CHECK_FALSE(engine->open());
  CHECK(engine->error()->kind == Kind::kProtocol);
  CHECK_FALSE(engine->TakeCiphertext().empty());
}
