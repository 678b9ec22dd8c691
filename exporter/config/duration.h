// Durations as Prometheus writes them: 500ms, 30s, 5m, 1h30m, 1d, 2w, 1y.
#ifndef EXPORTER_CONFIG_DURATION_H_
#define EXPORTER_CONFIG_DURATION_H_

#include <optional>
#include <string>
#include <string_view>

#include "probe/clock.h"

namespace exporter::config {

// Units y w d h m s ms, each at most once, in this order; a day has 24 hours
// and a year 365 days. None when it is anything else or above 100 years.
std::optional<probe::Duration> ParseDuration(std::string_view text);

// The same form, to the millisecond: "1h30m", "0s".
std::string DurationText(probe::Duration duration);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_DURATION_H_
