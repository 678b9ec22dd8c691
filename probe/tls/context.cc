#include "probe/tls/context.h"

#include <openssl/dh.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "probe/tls/hexadecimal.h"
#include "probe/tls/openssl_ptr.h"
#include "probe/tls/pem.h"
#include "probe/tls/protocol_number.h"

namespace probe::tls {
namespace {

// A forged MD5 or SHA-1 signature is cheap: such a chain is not trusted, as
// with OpenSSL's own default. That says nothing about the handshake, which
// takes everything.
constexpr int kChainSecurityLevel = 1;

// Never anonymous ciphers: Postfix prefers them and then shows no certificate.
// A server that has two certificates chooses by these and by the signatures.
constexpr const char* kCiphers = "ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0";
constexpr const char* kEcdsaCiphers = "aECDSA:!eNULL:!PSK:!SRP:@SECLEVEL=0";
constexpr const char* kRsaCiphers = "aRSA:!eNULL:!PSK:!SRP:@SECLEVEL=0";
constexpr const char* kTls13Ciphers =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
    "TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256";

// OpenSSL's own list and order, with SHA-1.
constexpr const char* kSignatures =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:"
    "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"
    "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512:"
    "ECDSA+SHA224:ECDSA+SHA1:RSA+SHA224:RSA+SHA1:"
    "DSA+SHA224:DSA+SHA1:DSA+SHA256:DSA+SHA384:DSA+SHA512";
// With RSA's PKCS #1, for an ECDSA certificate is often signed by an RSA one
// and some servers look. Nobody can answer with an RSA certificate: TLS 1.3
// allows these for signatures in certificates only (RFC 8446 section 4.2.3),
// and before TLS 1.3 the ciphers decide.
constexpr const char* kEcdsaSignatures =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ECDSA+SHA224:ECDSA+SHA1:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA224:RSA+SHA1";
constexpr const char* kRsaSignatures =
    "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"
    "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA224:RSA+SHA1";

// OpenSSL's own, X25519 first: its share of the key exchange is the one that is
// sent with the ClientHello. Post-quantum ones are there since OpenSSL 3.5.
constexpr const char* kNewGroups =
    "X25519:X25519MLKEM768:P-256:X448:P-521:P-384:"
    "ffdhe2048:ffdhe3072:ffdhe4096";
constexpr const char* kGroups =
    "X25519:P-256:X448:P-521:P-384:ffdhe2048:ffdhe3072:ffdhe4096";

// A Diffie-Hellman group of the server's own making keeps the loop busy for
// 50 ms with 4096 bits, and for more than a second with OpenSSL's limit of
// 10,000.
constexpr int kMaxDhBits = 4096;
// OpenSSL's own limit at security level 0, in bits of security: about 1024.
constexpr int kMinDhSecurity = 80;

// In place of OpenSSL's callback, which allows the same at security level 0
// except for the upper limit.
int Allow(const SSL*, const SSL_CTX*, int operation, int security, int,
          void* other, void*) {
  if (operation != SSL_SECOP_TMP_DH) return 1;
  if (security < kMinDhSecurity) return 0;
  if (EVP_PKEY_get_bits(static_cast<EVP_PKEY*>(other)) <= kMaxDhBits) return 1;
  // What OpenSSL says next is that the key is too small.
  ERR_raise(ERR_LIB_DH, DH_R_MODULUS_TOO_LARGE);
  return 0;
}

const char* Ciphers(KeyType type) {
  switch (type) {
    case KeyType::kAny:
      return kCiphers;
    case KeyType::kEcdsa:
      return kEcdsaCiphers;
    case KeyType::kRsa:
      return kRsaCiphers;
  }
  std::unreachable();
}

const char* Signatures(KeyType type) {
  switch (type) {
    case KeyType::kAny:
      return kSignatures;
    case KeyType::kEcdsa:
      return kEcdsaSignatures;
    case KeyType::kRsa:
      return kRsaSignatures;
  }
  std::unreachable();
}

// SHA-256 of the texts, each with its length before it, in hexadecimal.
std::string Digest(const std::vector<std::string_view>& texts) {
  std::string all;
  for (const std::string_view text : texts) {
    all += std::to_string(text.size()) + ':';
    all += text;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  EVP_Digest(all.data(), all.size(), bytes.data(), &size, EVP_sha256(),
             nullptr);
  return Hexadecimal(bytes.data(), size);
}

// All that the system's openssl.cnf may have narrowed is said again.
bool ShapeClientHello(SSL_CTX* context, const ContextSettings& settings) {
  SSL_CTX_clear_options(context, SSL_CTX_get_options(context));
  SSL_CTX_set_options(context, SSL_OP_ALL | SSL_OP_ENABLE_MIDDLEBOX_COMPAT |
                                   SSL_OP_LEGACY_SERVER_CONNECT |
                                   SSL_OP_NO_COMPRESSION |
                                   SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  // OpenSSL's macros do not promise that they leave the texts alone.
  std::string signatures = Signatures(settings.key_type);
  std::string own_signatures = kSignatures;
  std::string new_groups = kNewGroups;
  std::string groups = kGroups;
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_security_callback(context, Allow);
  return SSL_CTX_set_min_proto_version(context, TLS1_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(
             context, ProtocolNumber(settings.max_version)) == 1 &&
         SSL_CTX_set_cipher_list(context, Ciphers(settings.key_type)) == 1 &&
         SSL_CTX_set_ciphersuites(context, kTls13Ciphers) == 1 &&
         SSL_CTX_set1_sigalgs_list(context, signatures.data()) == 1 &&
         // The type that is asked for is the server's, not that of our own
         // certificate.
         SSL_CTX_set1_client_sigalgs_list(context, own_signatures.data()) ==
             1 &&
         (SSL_CTX_set1_groups_list(context, new_groups.data()) == 1 ||
          SSL_CTX_set1_groups_list(context, groups.data()) == 1);
}

void ShapeConnection(SSL_CTX* context, const Roots& roots) {
  // What the certificate is worth is asked after the handshake.
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_verify_depth(context, kMaxChainDepth);
  X509_VERIFY_PARAM_set_auth_level(SSL_CTX_get0_param(context),
                                   kChainSecurityLevel);
  SSL_CTX_set1_cert_store(context, roots.get());
  SSL_CTX_set_max_cert_list(context, static_cast<long>(kMaxChainBytes));
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  // Between two records a connection needs no 34 KB of buffers. We show of our
  // certificates what the text holds, not what could be built from the roots.
  // What is said again after a wait may lie elsewhere by then.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

std::expected<void, ContextError> UseIdentity(SSL_CTX* context,
                                              const ContextSettings& settings) {
  using Part = ContextError::Part;
  if (settings.certificate.empty() && settings.key.empty()) return {};
  auto certificates = ReadCertificates(settings.certificate);
  if (!certificates) {
    return std::unexpected(
        ContextError{Part::kCertificate, std::move(certificates.error())});
  }
  auto key = ReadPrivateKey(settings.key);
  if (!key) {
    return std::unexpected(ContextError{Part::kKey, std::move(key.error())});
  }
  if (X509_check_private_key(certificates->front().get(), key->get()) != 1) {
    return std::unexpected(
        ContextError{Part::kKey, "does not belong to the certificate"});
  }
  bool used =
      SSL_CTX_use_certificate(context, certificates->front().get()) == 1 &&
      SSL_CTX_use_PrivateKey(context, key->get()) == 1;
  for (std::size_t i = 1; i < certificates->size(); ++i) {
    used = used && SSL_CTX_add1_chain_cert(context, (*certificates)[i].get());
  }
  if (!used) {
    return std::unexpected(
        ContextError{Part::kCertificate, "cannot be used for TLS"});
  }
  return {};
}

}  // namespace

std::expected<std::shared_ptr<const Roots>, std::string> Roots::Parse(
    std::string_view pem, bool partial_chain) {
  const auto certificates = ReadCertificates(pem);
  if (!certificates) return std::unexpected(certificates.error());
  std::shared_ptr<Roots> roots(new Roots);
  roots->store_ = X509_STORE_new();
  bool made = roots->store_ != nullptr;
  for (const X509Ptr& certificate : *certificates) {
    // Reads its extensions, which OpenSSL would else do, and note in it, when
    // the first of our threads verifies with it.
    X509_check_purpose(certificate.get(), -1, 0);
    made = made && X509_STORE_add_cert(roots->store_, certificate.get()) == 1;
  }
  if (made && partial_chain) {
    X509_STORE_set_flags(roots->store_, X509_V_FLAG_PARTIAL_CHAIN);
  }
  ERR_clear_error();
  if (!made) return std::unexpected("has more than there is memory for");
  roots->size_ = certificates->size();
  roots->digest_ = Digest({pem, partial_chain ? "partial" : ""});
  return roots;
}

std::shared_ptr<const Roots> Roots::None() {
  std::shared_ptr<Roots> roots(new Roots);
  roots->store_ = X509_STORE_new();
  roots->digest_ = Digest({});
  return roots;
}

Roots::~Roots() { X509_STORE_free(store_); }

std::expected<std::shared_ptr<const Context>, ContextError> Context::Create(
    const ContextSettings& settings) {
  const ContextError failed{ContextError::Part::kLibrary,
                            "OpenSSL refuses the settings"};
  std::shared_ptr<Context> context(new Context);
  context->roots_ = settings.roots;
  context->context_ = SSL_CTX_new(TLS_client_method());
  if (context->context_ == nullptr) return std::unexpected(failed);
  const bool shaped = ShapeClientHello(context->context_, settings);
  ShapeConnection(context->context_, *settings.roots);
  const auto used = UseIdentity(context->context_, settings);
  ERR_clear_error();
  if (!shaped) return std::unexpected(failed);
  if (!used) return std::unexpected(used.error());
  context->digest_ =
      Digest({settings.roots->digest(), settings.certificate, settings.key,
              Name(settings.max_version), Signatures(settings.key_type)});
  return context;
}

Context::~Context() { SSL_CTX_free(context_); }

}  // namespace probe::tls
