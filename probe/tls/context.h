// What the handshakes of many endpoints share: trusted roots, the client
// certificate, the versions and signature algorithms of the ClientHello. Made
// when the configuration is read, from texts: nothing here reads a file.
//
// The ClientHello is permissive (TLS 1.0 on, security level 0, servers without
// secure renegotiation): a weak server is to be seen and graded, not missed.
// Nothing secret is ever sent. The verdict is stricter: a chain with SHA-1 or
// MD5 signatures or with keys below 80 bits of security is not trusted.
#ifndef PROBE_TLS_CONTEXT_H_
#define PROBE_TLS_CONTEXT_H_

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "probe/tls/version.h"

struct ssl_ctx_st;
struct x509_store_st;

namespace probe::tls {

// A certificate chain from a server may have so many bytes; so many
// intermediate certificates are looked at.
inline constexpr std::size_t kMaxChainBytes = 64 * 1024;
inline constexpr int kMaxChainDepth = 10;

// Trusted certificates. Immutable; any thread.
class Roots {
 public:
  // All certificates of a PEM text. The error is a sentence without the file's
  // name: "holds no certificate", "has a certificate that cannot be read
  // (number 3)". With `partial_chain` a certificate that is no root, such as
  // an intermediate or the server's own, may end a chain as well: for texts
  // that the user wrote, where everything is meant to be trusted.
  static std::expected<std::shared_ptr<const Roots>, std::string> Parse(
      std::string_view pem, bool partial_chain);
  // Trusts nobody: for a host without roots, where trust is not known.
  static std::shared_ptr<const Roots> None();

  ~Roots();
  Roots(const Roots&) = delete;
  Roots& operator=(const Roots&) = delete;

  std::size_t size() const { return size_; }
  // Equal for equal texts.
  const std::string& digest() const { return digest_; }
  x509_store_st* get() const { return store_; }

 private:
  Roots() = default;
  x509_store_st* store_ = nullptr;
  std::size_t size_ = 0;
  std::string digest_;
};

struct ContextSettings {
  std::shared_ptr<const Roots> roots;  // Never null.
  // What we show a server that asks for a certificate: PEM, our own first,
  // then its intermediates; "" for none. `key` is its private key, PEM,
  // without a passphrase.
  std::string certificate;
  std::string key;
  Version max_version = Version::kTls13;
  KeyType key_type = KeyType::kAny;
};

// Why a context cannot be made, and of which text: a sentence without the
// file's name ("holds no certificate", "does not belong to the certificate",
// "is protected by a passphrase").
struct ContextError {
  enum class Part { kCertificate, kKey, kLibrary };
  Part part = Part::kLibrary;
  std::string sentence;
};

// Immutable; any thread.
class Context {
 public:
  static std::expected<std::shared_ptr<const Context>, ContextError> Create(
      const ContextSettings& settings);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // Equal for equal settings, texts included. Shows nothing of the key.
  const std::string& digest() const { return digest_; }
  // Whether there is any certificate to be trusted.
  bool has_roots() const { return roots_->size() > 0; }
  ssl_ctx_st* get() const { return context_; }

 private:
  Context() = default;
  ssl_ctx_st* context_ = nullptr;
  std::shared_ptr<const Roots> roots_;
  std::string digest_;
};

}  // namespace probe::tls

#endif  // PROBE_TLS_CONTEXT_H_
