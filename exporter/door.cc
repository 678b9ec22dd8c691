#include "exporter/door.h"

#include <algorithm>
#include <string>

#include "probe/expand.h"

namespace exporter {

bool Door::PermitsName(const probe::Target& target) const {
  if (config_.any) return true;
  if (target.literal) return false;  // A suffix ".1" is no name.
  const std::string host = probe::ServerName(target);
  return std::ranges::count(config_.names, host) > 0 ||
         std::ranges::any_of(config_.suffixes, [&](const std::string& suffix) {
           return host.size() > suffix.size() && host.ends_with(suffix);
         });
}

bool Door::MayEnter(const probe::Target& target) const {
  if (std::ranges::count(config_.ports, target.port) == 0) return false;
  if (target.literal) return Permits(target, *target.literal);
  return PermitsName(target) || !config_.networks.empty();
}

bool Door::Permits(const probe::Target& target,
                   const probe::IpAddress& address) const {
  const bool listed = std::ranges::any_of(config_.networks,
                                          [&](const probe::IpNetwork& network) {
                                            return network.Contains(address);
                                          });
  return listed || (address.IsPublic() && PermitsName(target));
}

}  // namespace exporter
