// What the command `check` tells a person. Pure.
#ifndef EXPORTER_CHECK_TEXT_REPORT_H_
#define EXPORTER_CHECK_TEXT_REPORT_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "exporter/metrics/row.h"
#include "probe/result.h"

namespace exporter::check {

struct TextStyle {
  bool colors = false;
  bool verbose = false;  // With the conversations.
  std::size_t columns = 80;
};

using Results = std::span<const std::shared_ptr<const probe::ProbeResult>>;

// The findings about one target, then the facts of each of its places.
// `results` are those of the target's series, in their order.
std::string TextReport(const metrics::TargetRow& target, Results results,
                       const TextStyle& style);

}  // namespace exporter::check

#endif  // EXPORTER_CHECK_TEXT_REPORT_H_
