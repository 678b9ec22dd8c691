// Which addresses of a name are probed, and in which order. Pure.
#ifndef PROBE_PLAN_ADDRESSES_H_
#define PROBE_PLAN_ADDRESSES_H_

#include <cstddef>
#include <vector>

#include "probe/ip_address.h"
#include "probe/target.h"

namespace probe::plan {

// Addresses probed per name; the rest is left out and leaves a quirk.
inline constexpr std::size_t kMaxAddresses = 20;

// Which families this host has a route to the Internet for.
struct Routes {
  bool ip4 = true;
  bool ip6 = true;
};

struct Selection {
  std::vector<IpAddress> addresses;  // Sorted: IPv6 first, then by bytes, so
                                     // that the answer's rotation is no change.
  bool truncated = false;            // kAll, and more than kMaxAddresses.
  bool no_route = false;  // Nothing is left only because of missing routes.
};

// `found` is what DNS said. `kAuto` leaves out families without a route, but
// for loopback and private addresses, which need none; kIp4/kIp6 keep only
// theirs, with or without a route. `kFirst` keeps one: the first of the sorted
// list, so that it stays the same while DNS does.
Selection SelectAddresses(std::vector<IpAddress> found, IpProtocol protocol,
                          AddressChoice choice, const Routes& routes);

}  // namespace probe::plan

#endif  // PROBE_PLAN_ADDRESSES_H_
