// The client's side of one TLS connection without I/O: ciphertext of the peer
// and cleartext of ours come in, ciphertext for the peer and its cleartext go
// out. OpenSSL on memory BIOs.
//
// A handshake is always finished: an expired, self-signed or wrong-name
// certificate is a fact in handshake(), not an error. No session resumption,
// so that the certificate is always seen; no renegotiation.
#ifndef PROBE_TLS_ENGINE_H_
#define PROBE_TLS_ENGINE_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "probe/clock.h"
#include "probe/tls/certificate.h"
#include "probe/tls/context.h"
#include "probe/tls/handshake.h"

namespace probe::tls {

// Why TLS came to an end: the first cause.
struct Error {
  enum class Kind {
    kNotTls,       // The first byte from the peer belongs to no TLS record.
    kAlert,        // The peer sent a fatal alert.
    kLocalPolicy,  // Our library refuses what the peer wants or has: a version
                   // out of range, a key too small, an old signature.
    kProtocol,     // The peer broke TLS, before or after the handshake.
    kInternal,     // Out of memory.
  };
  Kind kind = Kind::kProtocol;
  // One line of printable UTF-8: "handshake_failure (40)" for an alert, by its
  // name in RFC 8446 section 6; the library's words; for kNotTls the first
  // line of what came, as far as it has arrived.
  std::string detail;
};

class Engine {
 public:
  // The ClientHello waits in TakeCiphertext() at once. `now` decides what is
  // expired.
  Engine(std::shared_ptr<const Context> context, ServerName server,
         WallTime now);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Bytes from the peer, cut anywhere. After an error or close_notify they are
  // thrown away.
  void Feed(std::string_view ciphertext);
  // Bytes for the peer; "" for none. After an error an alert may wait here.
  std::string TakeCiphertext();

  // What the peer said inside TLS since the last call; "" for nothing.
  std::string TakeCleartext();
  // Says something inside TLS; only when open() and no error().
  void Write(std::string_view cleartext);
  // Says close_notify, once, if the handshake is finished and nothing failed.
  void Close();

  // The handshake is finished; stays true.
  bool open() const;
  // The peer said close_notify: nothing more will come.
  bool closed() const;
  // Null until open().
  const Handshake* handshake() const;
  // Set once and for all; what was read before it remains in TakeCleartext().
  const std::optional<Error>& error() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace probe::tls

#endif  // PROBE_TLS_ENGINE_H_
