// Names to addresses. An interface, so that the Directory can be tested
// without a network.
#ifndef PROBE_DNS_RESOLVER_H_
#define PROBE_DNS_RESOLVER_H_

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "probe/clock.h"
#include "probe/ip_address.h"
#include "probe/result.h"

namespace probe::dns {

struct Addresses {
  std::vector<IpAddress> addresses;  // Never empty, unique.
  Duration ttl{};                    // The smallest of the answers'.
};

class Resolver {
 public:
  // A failure has phase `resolve` and one of the reasons dns_not_found,
  // dns_timeout, dns_failure, no_address (the name exists, without such
  // records), internal.
  using Callback = std::function<void(std::expected<Addresses, Failure>)>;

  virtual ~Resolver() = default;

  // Looks `name` up in one family: hosts file, then DNS with the search
  // domains, as a sender on this host would. `done` runs exactly once, on the
  // loop's thread, never inside this call, and not after the resolver is gone.
  virtual void Lookup(const std::string& name, IpAddress::Family family,
                      Callback done) = 0;
};

}  // namespace probe::dns

#endif  // PROBE_DNS_RESOLVER_H_
