#include "exporter/http/transport.h"

#include <sys/socket.h>
#include <uv.h>

#include <cerrno>

namespace exporter::http {
namespace {

class ClearTransport : public Transport {
 public:
  explicit ClearTransport(int fd) : fd_(fd) {}

  Transfer Read(std::span<char> to) override {
    return Result(recv(fd_, to.data(), to.size(), 0), UV_READABLE);
  }
  Transfer Write(std::string_view bytes) override {
    return Result(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  UV_WRITABLE);
  }
  void EndWriting() override { shutdown(fd_, SHUT_WR); }

 private:
  static Transfer Result(ssize_t bytes, int events) {
    using enum Transfer::Outcome;
    if (bytes > 0) {
      return {.outcome = kDone, .bytes = static_cast<std::size_t>(bytes)};
    }
    const bool again = bytes < 0 && (errno == EAGAIN || errno == EINTR);
    if (again) return {.outcome = kBlocked, .events = events};
    return {.outcome = kEnded};
  }

  const int fd_;
};

}  // namespace

std::unique_ptr<Transport> MakeClearTransport(int fd) {
  return std::make_unique<ClearTransport>(fd);
}

}  // namespace exporter::http
