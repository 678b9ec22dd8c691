// The user's own labels of a target.
#ifndef EXPORTER_CONFIG_LABELS_H_
#define EXPORTER_CONFIG_LABELS_H_

#include <string>
#include <utility>
#include <vector>

#include "exporter/config/field.h"

namespace exporter::config {

// They stand on every series of the target, in memory and on each page.
inline constexpr std::size_t kMaxLabels = 32;
inline constexpr std::size_t kMaxLabelName = 64;
inline constexpr std::size_t kMaxLabelValue = 256;

// Reads a map of names and values, sorted by name. Refuses names that
// Prometheus or our own families use.
void ReadLabels(const Field& field,
                std::vector<std::pair<std::string, std::string>>& labels);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_LABELS_H_
