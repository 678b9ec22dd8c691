// The bytes of a client's connection, in clear or through TLS. Never blocks.
#ifndef EXPORTER_HTTP_TRANSPORT_H_
#define EXPORTER_HTTP_TRANSPORT_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "exporter/http/handshake_pace.h"
#include "exporter/http/server_tls.h"

namespace exporter::http {

// What came of an attempt to read or write.
struct Transfer {
  enum class Outcome {
    kDone,
    kBlocked,  // Try again when the descriptor has `events`.
    kRefused,  // The client broke the rules of TLS and was told, and may want
               // to read it.
    kEnded,    // By the client or an error.
  };
  Outcome outcome = Outcome::kEnded;
  std::size_t bytes = 0;  // kDone: how many, at least one.
  int events = 0;         // UV_READABLE or UV_WRITABLE.
};

class Transport {
 public:
  Transport() = default;
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // `to` has room for 16 KB, what one record of TLS may hold.
  virtual Transfer Read(std::span<char> to) = 0;
  // `bytes` is not empty. When it was blocked, the next call begins with the
  // same bytes.
  virtual Transfer Write(std::string_view bytes) = 0;
  // Tells the client that nothing follows.
  virtual void EndWriting() = 0;
};

// Neither owns `fd`, which is non-blocking and outlives it.
std::unique_ptr<Transport> MakeClearTransport(int fd);
// The first Read() begins the handshake with what `tls` gives then. The process
// must ignore SIGPIPE, because OpenSSL cannot be told to.
std::unique_ptr<Transport> MakeTlsTransport(int fd, const CurrentTls& tls,
                                            HandshakePace& pace);

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_TRANSPORT_H_
