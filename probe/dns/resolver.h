// Questions to DNS. An interface, so that whoever asks can be tested without a
// network.
#ifndef PROBE_DNS_RESOLVER_H_
#define PROBE_DNS_RESOLVER_H_

#include <cstddef>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "probe/clock.h"
#include "probe/ip_address.h"
#include "probe/mx.h"
#include "probe/result.h"

namespace probe::dns {

// Names taken from one reverse lookup: some addresses have hundreds.
inline constexpr std::size_t kMaxReverseNames = 10;

struct Addresses {
  std::vector<IpAddress> addresses;  // Never empty, unique.
  Duration ttl{};                    // The smallest of the answers', may be 0.
  bool alias = false;                // The name is a CNAME.
  // From the hosts file or a literal: no resolver was asked.
  bool local = false;
};

struct Exchangers {
  std::vector<MxRecord> records;  // Never empty, as answered.
  Duration ttl{};
};

struct ReverseNames {
  // Host names in lower case, without trailing dot; sorted, unique, at most
  // kMaxReverseNames. Empty when none of the names is a host name: a stranger
  // chose them.
  std::vector<std::string> names;
  Duration ttl{};
};

// A failure has phase `resolve` and one of the reasons dns_not_found,
// dns_timeout, dns_failure, no_address (the name exists, without such records),
// internal.
template <typename Found>
using Answer = std::expected<Found, Failure>;

class Resolver {
 public:
  // Runs exactly once, on the loop's thread, never inside the call that asked,
  // and not after the resolver is gone.
  template <typename Found>
  using Callback = std::function<void(Answer<Found>)>;

  virtual ~Resolver() = default;

  // The addresses of `name` in one family: hosts file, then DNS, as it stands;
  // only a name that does not exist so is tried with the search domains. With a
  // dot at its end DNS alone is asked, which is what hosts elsewhere see;
  // "localhost." is this host all the same (RFC 6761 6.3).
  virtual void Lookup(const std::string& name, IpAddress::Family family,
                      Callback<Addresses> done) = 0;
  // The mail exchangers of `domain`, which is taken as it stands. CNAMEs are
  // followed.
  virtual void LookupMx(const std::string& domain,
                        Callback<Exchangers> done) = 0;
  // The names of an address (PTR); CNAMEs are followed (RFC 2317). DNS only:
  // the hosts file says nothing that others would see.
  virtual void LookupPtr(const IpAddress& address,
                         Callback<ReverseNames> done) = 0;
};

}  // namespace probe::dns

#endif  // PROBE_DNS_RESOLVER_H_
