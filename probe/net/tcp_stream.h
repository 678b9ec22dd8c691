// One outgoing TCP connection on a libuv loop: bytes in, bytes out, errors as
// values. Knows nothing of SMTP or time.
//
// libuv writes with plain sendmsg(2): the program must ignore SIGPIPE, or a
// write to a connection that the peer has reset ends the process.
#ifndef PROBE_NET_TCP_STREAM_H_
#define PROBE_NET_TCP_STREAM_H_

#include <uv.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "probe/ip_address.h"
#include "probe/net/timer.h"
#include "probe/net/uv_handle.h"
#include "probe/result.h"

namespace probe::net {

// What libuv's error code means as a probe's reason: refused, unreachable,
// reset, timeout, internal (EMFILE, ENOMEM ...).
Reason ReasonOf(int uv_error);

class TcpStream {
 public:
  // Gets the events of a stream, never inside a call to the stream. It may
  // destroy the stream in any of them.
  class Events {
   public:
    virtual void OnConnected() = 0;
    // `bytes` are valid during the call.
    virtual void OnBytes(std::string_view bytes) = 0;
    // The peer has closed its side. Nothing follows.
    virtual void OnEof() = 0;
    // Connecting or reading failed with libuv's code. Nothing follows.
    virtual void OnError(int uv_error) = 0;

   protected:
    ~Events() = default;
  };

  // `loop` and `events` must outlive the stream.
  TcpStream(uv_loop_t* loop, Events* events);
  TcpStream(const TcpStream&) = delete;
  TcpStream& operator=(const TcpStream&) = delete;

  // Once. A failure to start (no descriptors) comes as OnError, later.
  void Connect(const IpAddress& address, std::uint16_t port,
               const std::optional<IpAddress>& source);
  // Queues bytes; the stream keeps a copy. A failure to write is not reported:
  // the reason stands in what the peer sent before, or comes as OnError or
  // OnEof of the reading side (case: 421 and reset).
  void Write(std::string bytes);
  // Bytes have arrived that OnBytes has not delivered yet.
  bool HasUnread() const;

 private:
  // Returns libuv's code.
  int Start(const IpAddress& address, std::uint16_t port,
            const std::optional<IpAddress>& source);
  static void OnConnect(uv_connect_t* request, int status);
  static void OnRead(uv_stream_t* handle, ssize_t count,
                     const uv_buf_t* buffer);

  uv_loop_t* const loop_;
  Events* const events_;
  Handle<uv_tcp_t> handle_;
  std::unique_ptr<Timer> failed_;  // Delivers a failure to start.
  // Of the first write that failed: it took the connection's error, which the
  // read would else have reported.
  int write_error_ = 0;
};

}  // namespace probe::net

#endif  // PROBE_NET_TCP_STREAM_H_
