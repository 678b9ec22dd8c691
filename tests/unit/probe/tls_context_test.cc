#include <openssl/evp.h>
#include <openssl/pem.h>

#include <string>

#include "probe/tls/context.h"
#include "probe/tls/openssl_ptr.h"
#include "tests/support/catch.h"
#include "tests/support/pki.h"

using probe::tls::Context;
using probe::tls::ContextError;
using probe::tls::ContextSettings;
using probe::tls::KeyType;
using probe::tls::Roots;
using probe::tls::Version;
using tests::Identity;
using tests::TestPki;

namespace {

std::string ErrorOf(std::string_view pem) {
  const auto roots = Roots::Parse(pem, /*partial_chain=*/false);
  return roots ? "" : roots.error();
}

std::string ProtectedKey() {
  const probe::tls::KeyPtr key(
      EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const probe::tls::BioPtr out(BIO_new(BIO_s_mem()));
  const unsigned char passphrase[] = {'s', 'e', 's', 'a', 'm', 'e'};
  REQUIRE(
      PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(),
                                    reinterpret_cast<const char*>(passphrase),
                                    sizeof passphrase, nullptr, nullptr) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

ContextSettings With(std::string certificate, std::string key) {
  ContextSettings settings;
  settings.roots = Roots::None();
  settings.certificate = std::move(certificate);
  settings.key = std::move(key);
  return settings;
}

std::string DigestOf(const ContextSettings& settings) {
  const auto context = Context::Create(settings);
  REQUIRE(context);
  return (*context)->digest();
}

const std::string kBroken =
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

}  // namespace

TEST_CASE("Roots are all certificates of a text") {
  const std::string& root = TestPki().roots();
  const auto one = Roots::Parse(root, false);
  REQUIRE(one);
  CHECK((*one)->size() == 1);
  const auto commented =
      Roots::Parse("# ours\n" + root + "\nText.\n" + TestPki().Get("good").key +
                       TestPki().Get("self-signed").chain,
                   false);
  REQUIRE(commented);
  CHECK((*commented)->size() == 2);
  // As in a bundle that was made from two.
  REQUIRE(Roots::Parse(root + root, false));
  CHECK(Roots::None()->size() == 0);
}

TEST_CASE("Texts that are no roots") {
  const std::string& root = TestPki().roots();
  CHECK(ErrorOf("") == "holds no certificate");
  CHECK(ErrorOf("hello") == "holds no certificate");
  CHECK(ErrorOf(std::string(1000, '\0')) == "holds no certificate");
  CHECK(ErrorOf(TestPki().Get("good").key) == "holds no certificate");
  CHECK(ErrorOf(kBroken) == "has a certificate that cannot be read (number 1)");
  CHECK(ErrorOf(root + kBroken + root) ==
        "has a certificate that cannot be read (number 2)");
  CHECK(ErrorOf(root.substr(0, root.size() / 2)) ==
        "has a certificate that cannot be read (number 1)");
}

TEST_CASE("Equal roots have equal digests") {
  const std::string& root = TestPki().roots();
  const std::string digest = (*Roots::Parse(root, false))->digest();
  CHECK(digest == (*Roots::Parse(root, false))->digest());
  CHECK(digest != (*Roots::Parse(root, true))->digest());
  CHECK(digest != (*Roots::Parse(root + root, false))->digest());
  CHECK(digest != Roots::None()->digest());
  CHECK(Roots::None()->digest() == Roots::None()->digest());
}

TEST_CASE("A context with and without a client certificate") {
  const Identity& client = TestPki().Get("client");
  CHECK(Context::Create(With("", "")));
  CHECK(Context::Create(With(client.chain, client.key)));
  // Both in one file.
  const std::string both = client.key + client.chain;
  CHECK(Context::Create(With(both, both)));
  const Identity& rsa = TestPki().Get("good-rsa");
  CHECK(Context::Create(With(rsa.chain, rsa.key)));
}

TEST_CASE("Client certificates that cannot be used") {
  using Part = ContextError::Part;
  const Identity& client = TestPki().Get("client");
  const Identity& rsa = TestPki().Get("good-rsa");
  struct Row {
    std::string certificate;
    std::string key;
    Part part;
    const char* sentence;
  };
  const Row rows[] = {
      {client.chain, "", Part::kKey, "holds no private key"},
      {client.chain, "hello", Part::kKey, "holds no private key"},
      {client.chain, client.chain, Part::kKey, "holds no private key"},
      {client.chain, client.key.substr(0, 60) + "\n", Part::kKey,
       "has a private key that cannot be read"},
      {client.chain, ProtectedKey(), Part::kKey,
       "is protected by a passphrase"},
      {client.chain, TestPki().Get("good").key, Part::kKey,
       "does not belong to the certificate"},
      {client.chain, rsa.key, Part::kKey, "does not belong to the certificate"},
      {"", client.key, Part::kCertificate, "holds no certificate"},
      {client.key, client.key, Part::kCertificate, "holds no certificate"},
      {client.chain + kBroken, client.key, Part::kCertificate,
       "has a certificate that cannot be read (number 3)"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.sentence);
    const auto context = Context::Create(With(row.certificate, row.key));
    REQUIRE_FALSE(context);
    CHECK(context.error().part == row.part);
    CHECK(context.error().sentence == row.sentence);
  }
}

TEST_CASE("Equal settings have equal digests") {
  const Identity& client = TestPki().Get("client");
  const ContextSettings plain = With("", "");
  const std::string digest = DigestOf(plain);
  CHECK(digest == DigestOf(plain));

  ContextSettings other = plain;
  other.max_version = Version::kTls12;
  CHECK(DigestOf(other) != digest);
  other = plain;
  other.key_type = KeyType::kRsa;
  const std::string rsa = DigestOf(other);
  CHECK(rsa != digest);
  other.key_type = KeyType::kEcdsa;
  CHECK(DigestOf(other) != digest);
  CHECK(DigestOf(other) != rsa);
  other = plain;
  other.roots = *Roots::Parse(TestPki().roots(), false);
  CHECK(DigestOf(other) != digest);
  const std::string known = DigestOf(With(client.chain, client.key));
  CHECK(known != digest);
  CHECK(known != DigestOf(With(client.chain + " ", client.key)));
}
