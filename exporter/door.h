// Who may be probed on demand: the configured targets, and what `on_demand`
// allows. Pure; the addresses that it judges are those that would be connected
// to.
#ifndef EXPORTER_DOOR_H_
#define EXPORTER_DOOR_H_

#include <optional>
#include <utility>

#include "exporter/config/on_demand.h"
#include "probe/ip_address.h"
#include "probe/target.h"

namespace exporter {

class Door {
 public:
  explicit Door(OnDemandConfig config) : config_(std::move(config)) {}

  // Whether a target that is not configured could be let in once its names are
  // known. What could not is not even looked up: the resolver's answer and its
  // time would tell whoever asks about our network.
  bool MayEnter(const probe::Target& target) const;

  // Whether a place of it may be connected to. No address: its names lead
  // nowhere, and whether that is told.
  bool Permits(const probe::Target& target,
               const std::optional<probe::IpAddress>& address) const;

 private:
  bool PermitsPort(const probe::Target& target) const;
  bool PermitsName(const probe::Target& target) const;

  const OnDemandConfig config_;
};

}  // namespace exporter

#endif  // EXPORTER_DOOR_H_
