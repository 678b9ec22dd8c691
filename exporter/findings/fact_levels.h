// How bad each fact of a place is by its findings, for whoever shows the facts
// themselves: so that nobody else judges them.
#ifndef EXPORTER_FINDINGS_FACT_LEVELS_H_
#define EXPORTER_FINDINGS_FACT_LEVELS_H_

#include <array>
#include <optional>
#include <string_view>

#include "exporter/findings.h"
#include "exporter/metrics/row.h"

namespace exporter::findings {

inline constexpr std::array<std::string_view, 6> kFacts = {
    "reachable", "starttls", "auth", "size", "banner", "certificate"};

// In the order of kFacts. None: no finding is about it; it is unknown, or
// neither good nor bad, such as a STARTTLS that is missing as expected.
using FactLevels = std::array<std::optional<Level>, kFacts.size()>;

// The worst of each fact's findings. As cheap as a summary.
FactLevels FactLevelsOf(const metrics::Row& row);

}  // namespace exporter::findings

#endif  // EXPORTER_FINDINGS_FACT_LEVELS_H_
