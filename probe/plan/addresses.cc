#include "probe/plan/addresses.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace probe::plan {
namespace {

// True for addresses that a host can reach without a route to the Internet:
// loopback, and the private ranges (RFC 1918, RFC 4193), which may well be on
// a local network. Whether such a one answers is for the probe to say.
bool NeedsNoGlobalRoute(const IpAddress& address) {
  const auto& bytes = address.bytes();
  if (address.is_ip6()) {
    return address == *IpAddress::Parse("::1") || (bytes[0] & 0xfe) == 0xfc;
  }
  return bytes[0] == 127 || bytes[0] == 10 ||
         (bytes[0] == 172 && (bytes[1] & 0xf0) == 16) ||
         (bytes[0] == 192 && bytes[1] == 168);
}

bool IsWanted(const IpAddress& address, IpProtocol protocol) {
  switch (protocol) {
    case IpProtocol::kAuto:
      return true;
    case IpProtocol::kIp4:
      return !address.is_ip6();
    case IpProtocol::kIp6:
      return address.is_ip6();
  }
  return false;
}

bool Before(const IpAddress& left, const IpAddress& right) {
  if (left.is_ip6() != right.is_ip6()) return left.is_ip6();
  return left.bytes() < right.bytes();
}

}  // namespace

Selection SelectAddresses(std::vector<IpAddress> found, IpProtocol protocol,
                          AddressChoice choice, const Routes& routes) {
  Selection selection;
  std::vector<IpAddress>& kept = selection.addresses;
  kept = std::move(found);
  std::sort(kept.begin(), kept.end(), Before);
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  std::erase_if(kept, [protocol](const IpAddress& address) {
    return !IsWanted(address, protocol);
  });

  // Who asks for one family by name gets it, and the probe says what happens.
  if (protocol == IpProtocol::kAuto) {
    const bool any = !kept.empty();
    std::erase_if(kept, [&routes](const IpAddress& address) {
      const bool routed = address.is_ip6() ? routes.ip6 : routes.ip4;
      return !routed && !NeedsNoGlobalRoute(address);
    });
    selection.no_route = any && kept.empty();
  }

  if (choice == AddressChoice::kFirst) {
    if (kept.size() > 1) kept.erase(kept.begin() + 1, kept.end());
  } else if (kept.size() > kMaxAddresses) {
    selection.truncated = true;
    kept.erase(kept.begin() + kMaxAddresses, kept.end());
  }
  return selection;
}

}  // namespace probe::plan
