// From an address as the user writes it to a listening socket.
#ifndef EXPORTER_HTTP_LISTEN_SOCKET_H_
#define EXPORTER_HTTP_LISTEN_SOCKET_H_

#include <sys/types.h>

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

// The file of a Unix socket, removed with this object unless it has become
// somebody else's.
class SocketFile {
 public:
  SocketFile() = default;  // None.
  // `path` is a socket of ours.
  explicit SocketFile(std::string path);
  SocketFile(SocketFile&& other) noexcept
      : path_(std::exchange(other.path_, {})),
        device_(other.device_),
        inode_(other.inode_) {}
  SocketFile& operator=(SocketFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
    return *this;
  }
  ~SocketFile();

 private:
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

struct ListenSocket {
  Descriptor fd;  // Listening, non-blocking, close-on-exec.
  // "127.0.0.1:10125", "[::]:10125", "unix:/run/x.sock"; the port it got.
  std::string address;
  SocketFile file = {};
};

// The address of a bound socket in that form; "" for other families.
std::string NameOfSocket(int fd);

// The forms that Server::Listen documents. Looks a name up and blocks
// meanwhile; `loop` is for that only and is not run.
std::expected<ListenSocket, std::string> OpenListenSocket(
    uv_loop_s* loop, const std::string& address);

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_LISTEN_SOCKET_H_
