// Targets in the order in which somebody wrote them.
#ifndef EXPORTER_CONFIG_TARGET_LIST_H_
#define EXPORTER_CONFIG_TARGET_LIST_H_

#include <memory>
#include <vector>

#include "probe/target.h"

namespace exporter {

using TargetList = std::vector<std::shared_ptr<const probe::Target>>;

// `fresh` with the objects of `old` in the place of equal ones: whoever
// compares the two lists then needs to look at what has changed only, and a
// list that is read again takes no more memory. Pure; any thread.
TargetList ReuseUnchanged(const TargetList& old, TargetList fresh);

}  // namespace exporter

#endif  // EXPORTER_CONFIG_TARGET_LIST_H_
