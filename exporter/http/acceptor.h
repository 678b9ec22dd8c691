// Accepts connections from listening sockets on a libuv loop.
#ifndef EXPORTER_HTTP_ACCEPTOR_H_
#define EXPORTER_HTTP_ACCEPTOR_H_

#include <sys/socket.h>
#include <uv.h>

#include <expected>
#include <string>
#include <vector>

#include "exporter/http/listen_socket.h"
#include "probe/net/uv_handle.h"

namespace exporter::http {

class Acceptor {
 public:
  // Where accepted connections go. Called on the loop; must not destroy the
  // acceptor.
  class Sink {
   public:
    virtual ~Sink() = default;
    // False leaves further clients in the sockets' backlogs for a moment.
    virtual bool HasRoom() = 0;
    // The process has no descriptors left: false if none could be freed.
    virtual bool FreeDescriptor() = 0;
    // `fd` is non-blocking.
    virtual void OnAccepted(Descriptor fd, const sockaddr* peer) = 0;
  };

  // `loop` and `sink` must outlive the acceptor.
  Acceptor(uv_loop_t* loop, Sink& sink);
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
  Sink& sink_;
  std::vector<Listener> listeners_;
  probe::net::Handle<uv_timer_t> pause_;
};

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_ACCEPTOR_H_
