#include "exporter/http/listen_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <system_error>

#include "exporter/http/unix_socket.h"

namespace exporter::http {
namespace {

struct HostAndPort {
  std::string host;  // Without brackets; "" for all addresses.
  std::uint16_t port = 0;
};

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

socklen_t Length(const SocketAddress& address) {
  return address.any.sa_family == AF_INET6 ? sizeof(address.v6)
                                           : sizeof(address.v4);
}

std::string ErrnoText(int error) {
  return uv_strerror(uv_translate_sys_error(error));
}

std::expected<HostAndPort, std::string> Split(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) {
    return std::unexpected("a port is missing, as in \":10125\"");
  }
  std::string_view host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']') && host.size() > 2) {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos) {
      return std::unexpected("only an IPv6 address stands in brackets");
    }
  } else if (host.find_first_of("[]:") != std::string_view::npos) {
    return std::unexpected(
        "an IPv6 address must stand in brackets, as in \"[::1]:10125\"");
  }
  const std::string_view digits = address.substr(colon + 1);
  HostAndPort split{.host = std::string(host)};
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), split.port);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return std::unexpected("port \"" + std::string(digits) +
                           "\" is not a number from 0 to 65535");
  }
  return split;
}

// One address of a name, as Go's net.Listen chooses it: IPv4 before IPv6.
std::expected<SocketAddress, std::string> LookUp(uv_loop_t* loop,
                                                 const HostAndPort& from) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  uv_getaddrinfo_t request;
  // Without a callback it is synchronous.
  const int error = uv_getaddrinfo(loop, &request, nullptr, from.host.c_str(),
                                   nullptr, &hints);
  if (error != 0) return std::unexpected(uv_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&uv_freeaddrinfo)> found(
      request.addrinfo, &uv_freeaddrinfo);
  for (const int family : {AF_INET, AF_INET6}) {
    for (const addrinfo* one = found.get(); one != nullptr;
         one = one->ai_next) {
      if (one->ai_family != family) continue;
      SocketAddress address{};
      std::memcpy(&address, one->ai_addr, one->ai_addrlen);
      // Both families have the port at the same place.
      address.v4.sin_port = htons(from.port);
      return address;
    }
  }
  return std::unexpected("the name has no address");
}

std::expected<SocketAddress, std::string> Resolve(uv_loop_t* loop,
                                                  const HostAndPort& from) {
  SocketAddress address{};
  if (uv_ip4_addr(from.host.c_str(), from.port, &address.v4) == 0 ||
      uv_ip6_addr(from.host.c_str(), from.port, &address.v6) == 0) {
    return address;
  }
  return LookUp(loop, from);
}

// The error is an errno.
std::expected<ListenSocket, int> Open(const SocketAddress& address) {
  Descriptor fd(socket(address.any.sa_family,
                       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return std::unexpected(errno);
  // A restart must not wait for the TIME_WAITs of the connections before.
  const int on = 1;
  const int off = 0;
  if (setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
    return std::unexpected(errno);
  }
  // [::] takes IPv4 too, whatever net.ipv6.bindv6only says.
  if (address.any.sa_family == AF_INET6 &&
      setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0) {
    return std::unexpected(errno);
  }
  if (bind(fd.get(), &address.any, Length(address)) != 0 ||
      listen(fd.get(), SOMAXCONN) != 0) {
    return std::unexpected(errno);
  }
  std::string name = NameOfSocket(fd.get());
  return ListenSocket{.fd = std::move(fd), .address = std::move(name)};
}

// All addresses: [::] with IPv4 in it, or 0.0.0.0 where IPv6 is switched off.
std::expected<ListenSocket, int> OpenAny(std::uint16_t port) {
  SocketAddress address{};
  uv_ip6_addr("::", port, &address.v6);
  auto socket = Open(address);
  if (socket ||
      (socket.error() != EAFNOSUPPORT && socket.error() != EADDRNOTAVAIL)) {
    return socket;
  }
  uv_ip4_addr("0.0.0.0", port, &address.v4);
  return Open(address);
}

}  // namespace

std::string NameOfSocket(int fd) {
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un local;
  } address{};
  socklen_t length = sizeof(address);
  if (getsockname(fd, &address.any, &length) != 0) return {};
  if (address.any.sa_family == AF_UNIX) {
    return std::string("unix:") + address.local.sun_path;
  }
  const bool is_v6 = address.any.sa_family == AF_INET6;
  if (!is_v6 && address.any.sa_family != AF_INET) return {};
  std::array<char, INET6_ADDRSTRLEN> host{};
  uv_ip_name(&address.any, host.data(), host.size());
  // Both families have the port at the same place.
  const std::string port = std::to_string(ntohs(address.v4.sin_port));
  std::string name = is_v6 ? "[" : "";
  return name.append(host.data()).append(is_v6 ? "]:" : ":").append(port);
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

std::expected<ListenSocket, std::string> OpenListenSocket(
    uv_loop_t* loop, const std::string& address) {
  const std::string intention = "listen on " + address + ": ";
  constexpr std::string_view kUnix = "unix:";
  if (address.starts_with(kUnix)) {
    auto local = OpenUnixSocket(address.substr(kUnix.size()));
    if (!local) return std::unexpected(intention + local.error());
    return local;
  }
  const auto split = Split(address);
  if (!split) return std::unexpected(intention + split.error());
  std::expected<ListenSocket, int> socket;
  if (split->host.empty()) {
    socket = OpenAny(split->port);
  } else {
    const auto resolved = Resolve(loop, *split);
    if (!resolved) return std::unexpected(intention + resolved.error());
    socket = Open(*resolved);
  }
  if (!socket) return std::unexpected(intention + ErrnoText(socket.error()));
  return *std::move(socket);
}

}  // namespace exporter::http
