// Accepts connections from listening sockets on a libuv loop. We accept, and
// not libmicrohttpd, for two reasons: it keeps its limits per listening socket,
// ours are over all of them; and when the process has no descriptors left, it
// tries again at once and for ever, which would take a whole core.
#ifndef EXPORTER_HTTP_ACCEPTOR_H_
#define EXPORTER_HTTP_ACCEPTOR_H_

#include <sys/socket.h>
#include <uv.h>

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "exporter/http/listen_socket.h"
#include "probe/net/uv_handle.h"

namespace exporter::http {

class Acceptor {
 public:
  // False leaves further clients in the sockets' backlogs for a moment.
  using HasRoom = std::function<bool()>;
  // Gets a non-blocking connection and owns it.
  using Accepted =
      std::function<void(int fd, const sockaddr* peer, socklen_t peer_length)>;

  // `loop` must outlive the acceptor. The functions are called on it, and must
  // neither throw nor destroy the acceptor.
  Acceptor(uv_loop_t* loop, HasRoom has_room, Accepted accepted);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // The error is libuv's.
  std::expected<void, int> Add(ListenSocket socket);
  std::vector<std::string> addresses() const;

 private:
  struct Listener {
    ListenSocket socket;
    probe::net::Handle<uv_poll_t> poll;  // Closed before the socket.
  };

  static void OnReadable(uv_poll_t* poll, int status, int events);
  void AcceptSome(int fd);
  void Resume();
  void Pause();

  uv_loop_t* const loop_;
  const HasRoom has_room_;
  const Accepted accepted_;
  std::vector<Listener> listeners_;
  probe::net::Handle<uv_timer_t> pause_;
};

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_ACCEPTOR_H_
