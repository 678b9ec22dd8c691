#include "exporter/http/client_address.h"

#include <netinet/in.h>
#include <uv.h>

#include <array>
#include <cstddef>

namespace exporter::http {
namespace {

constexpr std::size_t kPrefixBytes = 8;

std::string Bytes(const void* from, std::size_t size) {
  return {static_cast<const char*>(from), size};
}

// The four bytes of an IPv4 address or the sixteen of an IPv6 one.
std::string AddressBytes(const sockaddr* peer) {
  if (peer->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(peer);
    return Bytes(&v4->sin_addr, sizeof(v4->sin_addr));
  }
  if (peer->sa_family != AF_INET6) return {};
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6*>(peer)->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return Bytes(&v6.s6_addr[12], 4);
  return Bytes(&v6, sizeof(v6));
}

}  // namespace

std::string ClientAddress(const sockaddr* peer) {
  const std::string bytes = AddressBytes(peer);
  if (bytes.empty()) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  uv_inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(),
               text.data(), text.size());
  return text.data();
}

std::string ClientShare(const sockaddr* peer) {
  std::string bytes = AddressBytes(peer);
  if (bytes.size() > kPrefixBytes) bytes.resize(kPrefixBytes);
  return bytes;
}

}  // namespace exporter::http
