// DNS servers as the user writes them.
#ifndef PROBE_DNS_SERVER_LIST_H_
#define PROBE_DNS_SERVER_LIST_H_

#include <expected>
#include <string>
#include <vector>

namespace probe::dns {

// The servers in the one form that every c-ares understands alike:
// "192.0.2.53:53,[2001:db8::53]:53". Takes an address with or without a port,
// IPv6 with or without brackets; a missing port is 53. The error is a sentence
// that names the entry.
std::expected<std::string, std::string> ServerList(
    const std::vector<std::string>& servers);

}  // namespace probe::dns

#endif  // PROBE_DNS_SERVER_LIST_H_
