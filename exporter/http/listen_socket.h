// From "host:port" as the user writes it to a listening TCP socket.
#ifndef EXPORTER_HTTP_LISTEN_SOCKET_H_
#define EXPORTER_HTTP_LISTEN_SOCKET_H_

#include <expected>
#include <string>
#include <utility>

struct uv_loop_s;

namespace exporter::http {

// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();

  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

struct ListenSocket {
  Descriptor fd;        // Listening, non-blocking, close-on-exec.
  std::string address;  // "127.0.0.1:10125", "[::]:10125"; the port it got.
};

// The forms that Server::Listen documents. Looks a name up and blocks
// meanwhile; `loop` is for that only and is not run.
std::expected<ListenSocket, std::string> OpenListenSocket(
    uv_loop_s* loop, const std::string& address);

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_LISTEN_SOCKET_H_
