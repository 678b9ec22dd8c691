// The domains that complete a short name on this host. Read by ourselves:
// c-ares walks them for us only in its own way (see resolver.h for ours), and
// since 1.20 does not say which they are.
#ifndef PROBE_DNS_SEARCH_DOMAINS_H_
#define PROBE_DNS_SEARCH_DOMAINS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace probe::dns {

// What resolv.conf(5) says: $LOCALDOMAIN if it is set; else the last `search`
// or `domain` line of `resolv_conf`; else what stands behind the first dot of
// `host_name`. Without leading and trailing dots, never "". Pure.
std::vector<std::string> SearchDomains(
    const std::optional<std::string>& local_domain,
    std::string_view resolv_conf, std::string_view host_name);

// Of this host now. Reads /etc/resolv.conf; a file that cannot be read says
// nothing.
std::vector<std::string> HostSearchDomains();

}  // namespace probe::dns

#endif  // PROBE_DNS_SEARCH_DOMAINS_H_
