// Which address families this host can reach the Internet with.
#ifndef PROBE_NET_ROUTES_H_
#define PROBE_NET_ROUTES_H_

#include "probe/plan/addresses.h"

namespace probe::net {

// Asks the kernel's routing table; sends nothing and does not block. Routes
// change while a daemon runs, so ask again from time to time.
plan::Routes DetectRoutes();

}  // namespace probe::net

#endif  // PROBE_NET_ROUTES_H_
