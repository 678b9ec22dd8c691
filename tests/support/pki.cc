#include "tests/support/pki.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <memory>
#include <utility>

#include "tests/support/ssl_ptr.h"

namespace tests {
namespace {

// In days from now.
struct Span {
  int from = -30;
  int to = 60;
};
constexpr Span kIssuerSpan{-1000, 3000};
constexpr Span kExpiredSpan{-90, -1};

enum class Use { kIssuer, kServer, kClient };

struct Wish {
  std::string name;       // The common name; "" for an empty subject.
  std::string alt_names;  // As OpenSSL's configuration has it; "" for none.
  Span span;
  Use use = Use::kServer;
};

struct Authority {
  X509Ptr certificate;
  KeyPtr key;
};

KeyPtr NewEcdsaKey() {
  KeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  Must(key != nullptr, "EVP_PKEY_Q_keygen");
  return key;
}

KeyPtr NewRsaKey() {
  KeyPtr key(EVP_RSA_gen(2048));
  Must(key != nullptr, "EVP_RSA_gen");
  return key;
}

void SetSerial(X509* certificate) {
  const std::unique_ptr<BIGNUM, probe::tls::OpensslFree<BN_free>> number(
      BN_new());
  // 20 octets at most, positive (RFC 5280 section 4.1.2.2).
  Must(number &&
           BN_rand(number.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)),
       "the serial number");
}

void AddExtension(X509* certificate, const X509* issuer, int nid,
                  const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, const_cast<X509*>(issuer), certificate, nullptr,
                 nullptr, 0);
  const std::unique_ptr<X509_EXTENSION,
                        probe::tls::OpensslFree<X509_EXTENSION_free>>
      extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  Must(extension && X509_add_ext(certificate, extension.get(), -1) == 1,
       value.c_str());
}

// Null for `issuer`: signed by itself.
X509Ptr Issue(const Wish& wish, EVP_PKEY* key, const Authority* issuer) {
  X509Ptr made(X509_new());
  X509* const certificate = made.get();
  Must(certificate && X509_set_version(certificate, X509_VERSION_3) == 1 &&
           X509_set_pubkey(certificate, key) == 1,
       "X509_new");
  SetSerial(certificate);
  X509_time_adj_ex(X509_getm_notBefore(certificate), wish.span.from, 0,
                   nullptr);
  X509_time_adj_ex(X509_getm_notAfter(certificate), wish.span.to, 0, nullptr);
  X509_NAME* const subject = X509_get_subject_name(certificate);
  Must(X509_NAME_add_entry_by_txt(
           subject, "CN", MBSTRING_UTF8,
           reinterpret_cast<const unsigned char*>(wish.name.c_str()), -1, -1,
           0) == 1,
       "the subject");
  const X509* const by = issuer ? issuer->certificate.get() : certificate;
  X509_set_issuer_name(certificate, X509_get_subject_name(by));

  const bool ca = wish.use == Use::kIssuer;
  AddExtension(certificate, by, NID_basic_constraints,
               ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  AddExtension(certificate, by, NID_key_usage,
               ca                          ? "critical,keyCertSign,cRLSign"
               : EVP_PKEY_is_a(key, "RSA") ? "digitalSignature,keyEncipherment"
                                           : "digitalSignature");
  AddExtension(certificate, by, NID_subject_key_identifier, "hash");
  if (issuer) {
    AddExtension(certificate, by, NID_authority_key_identifier, "keyid");
  }
  if (!ca) {
    AddExtension(certificate, by, NID_ext_key_usage,
                 wish.use == Use::kClient ? "clientAuth" : "serverAuth");
  }
  if (!wish.alt_names.empty()) {
    AddExtension(certificate, by, NID_subject_alt_name, wish.alt_names);
  }
  Must(X509_sign(certificate, issuer ? issuer->key.get() : key, EVP_sha256()) !=
           0,
       "X509_sign");
  return made;
}

std::string Pem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  Must(bio && PEM_write_bio_X509(bio.get(), certificate) == 1,
       "PEM_write_bio_X509");
  return TakeAll(bio.get());
}

std::string Pem(const EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  Must(bio && PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0,
                                       nullptr, nullptr) == 1,
       "PEM_write_bio_PrivateKey");
  return TakeAll(bio.get());
}

// `sent`: what follows the certificate in its chain, PEM.
Identity Leaf(const Wish& wish, const Authority* issuer, KeyPtr key,
              const std::string& sent) {
  const X509Ptr certificate = Issue(wish, key.get(), issuer);
  return {.chain = Pem(certificate.get()) + sent, .key = Pem(key.get())};
}

}  // namespace

Pki::Pki() {
  const std::string host = "mx.example.com";
  const std::string names = "DNS:mx.example.com";
  const auto issuer_wish = [](const char* name, Span span) {
    return Wish{name, "", span, Use::kIssuer};
  };

  Authority root{nullptr, NewEcdsaKey()};
  root.certificate =
      Issue(issuer_wish("Test Root", kIssuerSpan), root.key.get(), nullptr);
  roots_ = Pem(root.certificate.get());

  Authority intermediate{nullptr, NewEcdsaKey()};
  intermediate.certificate =
      Issue(issuer_wish("Test Intermediate", kIssuerSpan),
            intermediate.key.get(), &root);
  const std::string sent = Pem(intermediate.certificate.get());

  // One name and one key, twice: as a root, and signed by the other root, as
  // in 2021 Let's Encrypt's when the root that had signed it expired.
  Authority crossed{nullptr, NewEcdsaKey()};
  crossed.certificate = Issue(issuer_wish("Test Crossed Root", kIssuerSpan),
                              crossed.key.get(), nullptr);
  const X509Ptr expired = Issue(issuer_wish("Test Crossed Root", kExpiredSpan),
                                crossed.key.get(), &root);
  const std::string sent_expired = Pem(expired.get());
  cross_roots_ = roots_ + Pem(crossed.certificate.get());

  const auto add = [&](const char* name, const Wish& wish) {
    identities_[name] = Leaf(wish, &intermediate, NewEcdsaKey(), sent);
  };
  add("good", {.name = host, .alt_names = names, .span = {}});
  add("expired", {.name = host, .alt_names = names, .span = kExpiredSpan});
  add("not-yet-valid", {.name = host, .alt_names = names, .span = {1, 60}});
  add("wrong-name", {.name = "other.example.net",
                     .alt_names = "DNS:other.example.net",
                     .span = {}});
  add("wildcard",
      {.name = "*.example.com", .alt_names = "DNS:*.example.com", .span = {}});
  add("common-name", {.name = host, .alt_names = "", .span = {}});
  // Its common name is none that a server has: with no DNS name among the
  // alternative ones it would count.
  add("ip", {.name = "Test Addresses",
             .alt_names = "IP:127.0.0.1,IP:::1",
             .span = {}});
  add("expiring", {.name = host, .alt_names = names, .span = {-30, 5}});
  add("client", {.name = "monitor.example.net",
                 .alt_names = "DNS:monitor.example.net",
                 .span = {},
                 .use = Use::kClient});

  add("scraper", {.name = "scraper",
                  .alt_names = "DNS:scraper.example.com,email:ops@example.com,"
                               "IP:192.0.2.7,IP:2001:db8::7,"
                               "URI:spiffe://example.com/prometheus",
                  .span = {},
                  .use = Use::kClient});
  add("expired-client", {.name = "monitor.example.net",
                         .alt_names = "DNS:monitor.example.net",
                         .span = kExpiredSpan,
                         .use = Use::kClient});

  const Wish good{.name = host, .alt_names = names, .span = {}};
  identities_["good-rsa"] = Leaf(good, &intermediate, NewRsaKey(), sent);
  identities_["self-signed"] = Leaf(good, nullptr, NewEcdsaKey(), "");
  identities_["missing-intermediate"] =
      Leaf(good, &intermediate, NewEcdsaKey(), "");
  for (const char* const name : {"cross-signed", "expired-intermediate"}) {
    identities_[name] = Leaf(good, &crossed, NewEcdsaKey(), sent_expired);
  }
}

const Identity& Pki::Get(std::string_view name) const {
  const auto found = identities_.find(name);
  Must(found != identities_.end(), std::string(name).c_str());
  return found->second;
}

const Pki& TestPki() {
  static const Pki pki;
  return pki;
}

}  // namespace tests
