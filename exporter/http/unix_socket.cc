#include "exporter/http/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace exporter::http {
namespace {

std::unexpected<std::string> ErrnoText(int error) {
  return std::unexpected<std::string>(
      uv_strerror(uv_translate_sys_error(error)));
}

Descriptor NewSocket() {
  return Descriptor(
      socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

const sockaddr* Any(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// Makes the path free if what is there is a socket without a listener.
std::expected<void, std::string> RemoveStale(const sockaddr_un& address) {
  struct stat status {};
  if (lstat(address.sun_path, &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) {
    return std::unexpected("there is a file that is no socket");
  }
  const Descriptor probe = NewSocket();
  if (probe.get() < 0) return ErrnoText(errno);
  if (connect(probe.get(), Any(address), sizeof(address)) == 0 ||
      errno == EAGAIN) {
    return ErrnoText(EADDRINUSE);
  }
  if (errno != ECONNREFUSED) return ErrnoText(errno);
  if (unlink(address.sun_path) != 0 && errno != ENOENT) return ErrnoText(errno);
  return {};
}

}  // namespace

SocketFile::SocketFile(std::string path) : path_(std::move(path)) {
  struct stat status {};
  if (lstat(path_.c_str(), &status) != 0) return;
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

SocketFile::~SocketFile() {
  struct stat status {};
  // Another process may have put its own there.
  if (!path_.empty() && lstat(path_.c_str(), &status) == 0 &&
      status.st_dev == device_ && status.st_ino == inode_) {
    unlink(path_.c_str());
  }
}

std::expected<ListenSocket, std::string> OpenUnixSocket(
    const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty()) return std::unexpected("a path is missing");
  if (path.size() >= sizeof(address.sun_path)) {
    return std::unexpected("the path is longer than " +
                           std::to_string(sizeof(address.sun_path) - 1) +
                           " bytes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  if (const auto removed = RemoveStale(address); !removed) {
    return std::unexpected(removed.error());
  }
  Descriptor fd = NewSocket();
  if (fd.get() < 0 || bind(fd.get(), Any(address), sizeof(address)) != 0) {
    return ErrnoText(errno);
  }
  SocketFile file(path);
  // Nobody can connect before listen().
  if (chmod(path.c_str(), kUnixSocketMode) != 0 ||
      listen(fd.get(), SOMAXCONN) != 0) {
    return ErrnoText(errno);
  }
  return ListenSocket{
      .fd = std::move(fd), .address = "unix:" + path, .file = std::move(file)};
}

}  // namespace exporter::http
