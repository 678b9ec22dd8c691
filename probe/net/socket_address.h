// An IpAddress and a port in the form that the socket calls take.
#ifndef PROBE_NET_SOCKET_ADDRESS_H_
#define PROBE_NET_SOCKET_ADDRESS_H_

#include <sys/socket.h>

#include <cstdint>
#include <optional>

#include "probe/ip_address.h"

namespace probe::net {

class SocketAddress {
 public:
  SocketAddress(const IpAddress& address, std::uint16_t port);

  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }
  socklen_t size() const { return size_; }
  int family() const { return storage_.ss_family; }

  // The address in `raw`, an AF_INET or AF_INET6 one; nothing for others.
  static std::optional<IpAddress> AddressOf(const sockaddr* raw);

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace probe::net

#endif  // PROBE_NET_SOCKET_ADDRESS_H_
