// How to ask DNS.
#ifndef PROBE_DNS_ARES_OPTIONS_H_
#define PROBE_DNS_ARES_OPTIONS_H_

#include <string>
#include <vector>

#include "probe/clock.h"

namespace probe::dns {

struct AresOptions {
  // "192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:53"; empty: what the host
  // is configured with (/etc/resolv.conf).
  std::vector<std::string> servers;
  Duration timeout = std::chrono::seconds(2);  // Of the first try.
  int tries = 2;
  // Asks with EDNS (RFC 6891), as c-ares does from 1.31 on whatever this says.
  // Of a server that does not know it (FORMERR) c-ares asks again without.
  bool edns = false;
  // Goes before DNS. Read when it has changed; may be absent.
  std::string hosts_file = "/etc/hosts";
};

}  // namespace probe::dns

#endif  // PROBE_DNS_ARES_OPTIONS_H_
