// Who may be probed on demand: the configured targets, and what `on_demand`
// allows. Pure; the addresses that it judges are those that would be connected
// to.
#ifndef EXPORTER_DOOR_H_
#define EXPORTER_DOOR_H_

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

  // Whether it is permitted by name, wherever in the Internet that leads.
  bool PermitsName(const probe::Target& target) const;

  // Whether an address that its names lead to may be connected to. It must have
  // been let in.
  bool Permits(const probe::Target& target,
               const probe::IpAddress& address) const;

 private:
  const OnDemandConfig config_;
};

}  // namespace exporter

#endif  // EXPORTER_DOOR_H_
