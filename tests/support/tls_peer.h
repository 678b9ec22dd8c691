// The server's side of one TLS connection without I/O, for unit tests and for
// the simulator: what the prober meets. OpenSSL on memory BIOs.
#ifndef TESTS_SUPPORT_TLS_PEER_H_
#define TESTS_SUPPORT_TLS_PEER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/pki.h"

namespace tests {

enum class TlsRange { kAny, kTls10Only, kTls11Only, kTls12Only, kTls13Only };

struct TlsPeerSettings {
  // Presented as the client's signature algorithms ask: one, or an RSA and an
  // ECDSA one.
  std::vector<Identity> identities;
  TlsRange versions = TlsRange::kAny;
  // Demand a certificate from the client, signed by one of these (PEM); "":
  // none is asked for.
  std::string client_roots;
  bool client_certificate_required = false;
  // Aborts with unrecognized_name unless the client names this host; "": any.
  std::string only_sni;
  // Ciphers of TLS 1.2 and before, in OpenSSL's words; "": all, weak ones too.
  std::string ciphers;
};

// What many connections share. Any thread.
class TlsPeerContext {
 public:
  // Asserts on settings that make no sense: they are a test's own.
  explicit TlsPeerContext(const TlsPeerSettings& settings);
  // Whether TlsPeerSettings may have them: one at least is a cipher of OpenSSL.
  static bool KnowsCiphers(const std::string& ciphers);
  ~TlsPeerContext();
  TlsPeerContext(const TlsPeerContext&) = delete;
  TlsPeerContext& operator=(const TlsPeerContext&) = delete;

  struct Impl;
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

class TlsPeer {
 public:
  // `context` must outlive the peer.
  explicit TlsPeer(const TlsPeerContext& context);
  ~TlsPeer();
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  // Bytes from the client, and for it. After a failure an alert may wait.
  void Feed(std::string_view ciphertext);
  std::string TakeCiphertext();
  // What the client said inside TLS since the last call.
  std::string TakeCleartext();
  // Only when open() and not failed().
  void Write(std::string_view cleartext);
  void Close();  // close_notify.

  bool open() const;
  bool failed() const;
  bool closed() const;  // The client said close_notify.
  // What the client named, known as soon as it did, in a handshake that fails
  // as well; the version ("TLSv1.3"), and the subject of the certificate that
  // the client showed, both "" until open().
  std::string sni() const;
  std::string version() const;
  std::string client_subject() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tests

#endif  // TESTS_SUPPORT_TLS_PEER_H_
