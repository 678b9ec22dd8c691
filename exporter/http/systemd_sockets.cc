#include "exporter/http/systemd_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <system_error>

namespace exporter::http {
namespace {

// SD_LISTEN_FDS_START.
constexpr int kFirst = 3;
// systemd itself passes no more than a few; a number out of thin air must not
// keep us busy.
constexpr int kMost = 1024;

std::optional<int> NumberIn(const char* variable) {
  const char* const value = std::getenv(variable);
  if (value == nullptr) return std::nullopt;
  const std::string_view text(value);
  int number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

bool IsListeningStream(int fd) {
  const auto option = [fd](int name) {
    int value = 0;
    socklen_t size = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
  };
  return option(SO_TYPE) == SOCK_STREAM && option(SO_ACCEPTCONN) == 1;
}

}  // namespace

std::expected<std::vector<ListenSocket>, std::string> TakeSystemdSockets() {
  const std::optional<int> process = NumberIn("LISTEN_PID");
  const std::optional<int> count = NumberIn("LISTEN_FDS");
  for (const char* const variable :
       {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
    unsetenv(variable);
  }
  if (process != getpid() || !count || *count < 1 || *count > kMost) {
    return std::unexpected("no socket activation file descriptors found");
  }
  std::vector<ListenSocket> sockets;
  for (int fd = kFirst; fd < kFirst + *count; ++fd) {
    // Where there is none it may be one of our own, and not to be closed.
    if (!IsListeningStream(fd) || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) {
      return std::unexpected("socket activation file descriptor " +
                             std::to_string(fd) +
                             " is no listening stream socket");
    }
    sockets.push_back(
        {.fd = Descriptor(fd), .address = NameOfSocket(fd), .file = {}});
  }
  return sockets;
}

}  // namespace exporter::http
