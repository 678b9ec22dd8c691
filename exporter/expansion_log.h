// The log lines about a domain's DNS: which exchangers it has, and whether it
// resolves.
#ifndef EXPORTER_EXPANSION_LOG_H_
#define EXPORTER_EXPANSION_LOG_H_

#include "probe/expansion.h"

namespace exporter {

// One line for each thing that changed between two expansions of a domain
// target: exchangers that came or went, a null MX, a lookup that fails (for
// another reason), an oddity of its MX records. `before` is null for a new
// target; what is good or only odd from the start is not said. Nothing about
// host targets: what becomes of their names ends up in the verdict of a probe.
void LogExpansion(const probe::Expansion* before,
                  const probe::Expansion& after);

}  // namespace exporter

#endif  // EXPORTER_EXPANSION_LOG_H_
