// The metrics of blackbox_exporter that its users' rules and dashboards go by,
// for a test on demand.
#ifndef EXPORTER_METRICS_PROBE_FAMILIES_H_
#define EXPORTER_METRICS_PROBE_FAMILIES_H_

#include <span>

#include "exporter/metrics/exposition.h"
#include "exporter/metrics/families.h"
#include "probe/clock.h"

namespace exporter::metrics {

struct ProbeTimes {
  probe::Duration limit{};
  probe::Duration lookup{};
  probe::Duration took{};
};

// `entries` are the places of one target, as TakeEntries has them. A probe is a
// success when it was one at every place, and there was one.
void WriteProbeFamilies(std::span<const TargetFamilies::Entry> entries,
                        const ProbeTimes& times, const probe::Moment& now,
                        ExpositionWriter& writer);

}  // namespace exporter::metrics

#endif  // EXPORTER_METRICS_PROBE_FAMILIES_H_
