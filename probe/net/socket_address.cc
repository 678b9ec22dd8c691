#include "probe/net/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstring>

namespace probe::net {

SocketAddress::SocketAddress(const IpAddress& address, std::uint16_t port) {
  if (address.is_ip6()) {
    sockaddr_in6 ip6{};
    ip6.sin6_family = AF_INET6;
    ip6.sin6_port = htons(port);
    std::memcpy(&ip6.sin6_addr, address.bytes().data(), sizeof(ip6.sin6_addr));
    std::memcpy(&storage_, &ip6, sizeof(ip6));
    size_ = sizeof(ip6);
  } else {
    sockaddr_in ip4{};
    ip4.sin_family = AF_INET;
    ip4.sin_port = htons(port);
    std::memcpy(&ip4.sin_addr, address.bytes().data(), sizeof(ip4.sin_addr));
    std::memcpy(&storage_, &ip4, sizeof(ip4));
    size_ = sizeof(ip4);
  }
}

std::optional<IpAddress> SocketAddress::AddressOf(const sockaddr* raw) {
  if (raw == nullptr) return std::nullopt;
  if (raw->sa_family == AF_INET) {
    sockaddr_in ip4{};
    std::memcpy(&ip4, raw, sizeof(ip4));
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &ip4.sin_addr, bytes.size());
    return IpAddress::FromIp4(bytes);
  }
  if (raw->sa_family == AF_INET6) {
    sockaddr_in6 ip6{};
    std::memcpy(&ip6, raw, sizeof(ip6));
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), &ip6.sin6_addr, bytes.size());
    return IpAddress::FromIp6(bytes);
  }
  return std::nullopt;
}

}  // namespace probe::net
