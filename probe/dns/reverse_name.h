// Names for addresses: where DNS keeps them, and which of them are host names.
#ifndef PROBE_DNS_REVERSE_NAME_H_
#define PROBE_DNS_REVERSE_NAME_H_

#include <string>

#include "probe/host_name.h"
#include "probe/ip_address.h"

namespace probe::dns {

// Where the PTR records of an address are: "1.2.0.192.in-addr.arpa" (RFC 1035
// 3.5), or its 32 nibbles under ip6.arpa, the last one first (RFC 3596 2.5). An
// IPv4 address in IPv6 form (::ffff:192.0.2.1) has those of the IPv4 address.
std::string ReverseName(const IpAddress& address);

// Which of the names found there are kept.
using probe::IsHostName;

}  // namespace probe::dns

#endif  // PROBE_DNS_REVERSE_NAME_H_
