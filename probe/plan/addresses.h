// Which addresses of a name are probed, and in which order. Pure.
#ifndef PROBE_PLAN_ADDRESSES_H_
#define PROBE_PLAN_ADDRESSES_H_

#include <cstddef>
#include <functional>
#include <vector>

#include "probe/ip_address.h"
#include "probe/target.h"

namespace probe::plan {

// Addresses probed per name; the rest is left out and leaves a quirk.
inline constexpr std::size_t kMaxAddresses = 20;

// Whether this host has a route to an address.
using HasRoute = std::function<bool(const IpAddress&)>;

// What a target wants of a name's addresses.
struct AddressWish {
  IpProtocol protocol = IpProtocol::kAuto;
  AddressChoice choice = AddressChoice::kAll;
  PrivateAddresses private_addresses = PrivateAddresses::kProbe;
};

struct Selection {
  std::vector<IpAddress> addresses;  // Sorted: IPv6 first, then by bytes, so
                                     // that the answer's rotation is no change.
  bool truncated = false;            // kAll, and more than kMaxAddresses.
  bool has_private = false;          // Of the wanted family, skipped or not.
  // Addresses of this family were left out for want of a route.
  bool no_ip4_route = false;
  bool no_ip6_route = false;
};

// `found` is what DNS said. `kAuto` leaves out addresses without a route;
// kIp4/kIp6 keep only theirs, with or without a route. kSkip leaves out what is
// not public. `kFirst` keeps one: the first of the sorted list, so that it
// stays the same while DNS does. Of more than kMaxAddresses the first ones of
// each family are kept: half and half, or more where the other has less.
Selection SelectAddresses(std::vector<IpAddress> found, const AddressWish& wish,
                          const HasRoute& has_route);

}  // namespace probe::plan

#endif  // PROBE_PLAN_ADDRESSES_H_
