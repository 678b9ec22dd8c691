#include "probe/net/routes.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "probe/net/socket_address.h"

namespace probe::net {

// Connecting a UDP socket looks up the route and the source address and sends
// no packet.
bool HasRoute(const IpAddress& address) {
  constexpr std::uint16_t kAnyPort = 25;
  const SocketAddress peer(address, kAnyPort);
  const int descriptor =
      socket(peer.family(), SOCK_DGRAM | SOCK_CLOEXEC, /*protocol=*/0);
  if (descriptor < 0) return errno != EAFNOSUPPORT;
  const bool routed = connect(descriptor, peer.get(), peer.size()) == 0;
  const int error = errno;
  close(descriptor);
  // Anything else (a broadcast address) is for the probe to tell.
  return routed || (error != ENETUNREACH && error != EHOSTUNREACH &&
                    error != EADDRNOTAVAIL && error != EAFNOSUPPORT);
}

}  // namespace probe::net
