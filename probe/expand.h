// What the answers of DNS mean for a target. Part of the Directory; knows
// nothing of tables, endpoints or the loop.
#ifndef PROBE_EXPAND_H_
#define PROBE_EXPAND_H_

#include <optional>
#include <string>
#include <vector>

#include "probe/clock.h"
#include "probe/expansion.h"
#include "probe/ip_address.h"
#include "probe/mx_table.h"
#include "probe/name_table.h"
#include "probe/plan/addresses.h"
#include "probe/result.h"
#include "probe/smtp/quirk.h"
#include "probe/target.h"

namespace probe {

// The name of a target's server or domain: lower case, without trailing dot;
// "" for an IP literal.
std::string ServerName(const Target& target);

// Which addresses of one host a target wants probed.
struct HostAddresses {
  // Never empty: a single "none" stands for a host without any.
  std::vector<std::optional<IpAddress>> addresses;
  // Why probes of these addresses make no connection, if so.
  std::optional<Failure> unresolved;
  Duration took{};  // The lookup.
  smtp::Quirks quirks;
  bool no_ip4_route = false;
  bool no_ip6_route = false;
};

// A host whose addresses are wanted.
struct HostQuestion {
  std::string name;    // The target's own, or an exchanger's.
  bool by_mx = false;  // An MX record names it.
};

// Addresses that the latest answer lists come before those that are only
// remembered.
HostAddresses ExpandHost(const Target& target, const HostQuestion& host,
                         const NameTable::Answer& answer,
                         const plan::HasRoute& has_route);

// Which hosts take the mail of a domain, and what is odd about that.
struct DomainHosts {
  Mail mail;
  smtp::Quirks quirks;  // Of every place of the target.
};
DomainHosts ExpandDomain(const std::string& domain,
                         const MxTable::Answer& answer);

// The A and AAAA lookups of `answer` that matter to the target, added to
// `lookups`; `mx` as in NamedLookup.
void AddLookups(const Target& target, const std::string& mx,
                const NameTable::Answer& answer,
                std::vector<NamedLookup>& lookups);

}  // namespace probe

#endif  // PROBE_EXPAND_H_
