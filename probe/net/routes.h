// Which addresses this host can reach at all.
#ifndef PROBE_NET_ROUTES_H_
#define PROBE_NET_ROUTES_H_

#include "probe/ip_address.h"

namespace probe::net {

// Asks the kernel's routing table; sends nothing and does not block. Routes
// change while a daemon runs, so ask again from time to time. Trouble of our
// own (no descriptors) counts as a route: it says nothing about the network.
bool HasRoute(const IpAddress& address);

}  // namespace probe::net

#endif  // PROBE_NET_ROUTES_H_
