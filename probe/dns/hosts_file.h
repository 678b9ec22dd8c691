// The hosts file (hosts(5)), kept in memory: reading it for every lookup would
// hold the loop for seconds where it is a blocklist of 150,000 lines.
#ifndef PROBE_DNS_HOSTS_FILE_H_
#define PROBE_DNS_HOSTS_FILE_H_

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "probe/clock.h"
#include "probe/dns/system_file.h"
#include "probe/ip_address.h"

namespace probe::dns {

// Three times a blocklist of 150,000 lines, and read in a third of a second. A
// bigger file is ignored as a whole: half of it would know a name's addresses
// in one family and not in the other.
inline constexpr std::size_t kMaxHostsFile = 16 * 1024 * 1024;
// How long a change of the file may stay unseen.
inline constexpr Duration kHostsFileCheck = std::chrono::seconds(1);

// By name, in lower case and without trailing dot: its addresses of both
// families, sorted, unique.
using Hosts = std::unordered_map<std::string, std::vector<IpAddress>>;

// Lines without a valid address (zone ids are none) are skipped.
Hosts ParseHosts(std::string_view text);

class HostsFile {
 public:
  // Reads nothing yet. A file that is absent, too big or not a regular one is
  // like an empty one; while it cannot be read, what it said before stands.
  explicit HostsFile(std::string path);
  HostsFile(const HostsFile&) = delete;
  HostsFile& operator=(const HostsFile&) = delete;

  // The addresses of `name` (any case, with or without trailing dot) in one
  // family, sorted, unique. Reads the file when it has changed; looks for that
  // once per kHostsFileCheck, by the `now` of these calls.
  std::vector<IpAddress> Find(std::string_view name, IpAddress::Family family,
                              Time now);

 private:
  SystemFile file_;
  std::optional<Time> checked_;
  Hosts hosts_;
};

}  // namespace probe::dns

#endif  // PROBE_DNS_HOSTS_FILE_H_
