// Who may be probed because somebody asks: the `on_demand:` block.
#ifndef EXPORTER_CONFIG_ON_DEMAND_H_
#define EXPORTER_CONFIG_ON_DEMAND_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "probe/ip_network.h"

namespace exporter {

struct OnDemandConfig {
  // Any name and every public address. What is not public must be in
  // `networks` all the same.
  bool any = false;
  // In lower case, without trailing dot.
  std::vector<std::string> names;     // "mx1.example.com"
  std::vector<std::string> suffixes;  // ".example.com", of "*.example.com"
  std::vector<probe::IpNetwork> networks;
  // Of targets that are not in the configuration.
  std::vector<std::uint16_t> ports = {25, 465, 587};
  // Tests at once, those that wait for their server included; beyond: 503.
  std::size_t concurrency = 1000;
  // Tests per second, kBurstSeconds of them at once; beyond: 429.
  std::size_t rate = 200;

  // Whether others than the configured targets are permitted.
  bool permits_more() const {
    return any || !names.empty() || !suffixes.empty() || !networks.empty();
  }

  friend bool operator==(const OnDemandConfig&,
                         const OnDemandConfig&) = default;
};

// Prometheus starts its scrapes spread over their interval, but a restart or a
// reload asks for many at once.
inline constexpr std::size_t kBurstSeconds = 5;

}  // namespace exporter

#endif  // EXPORTER_CONFIG_ON_DEMAND_H_
