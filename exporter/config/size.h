// Sizes in octets: 26214400, 25MiB, 10MB, 512kB.
#ifndef EXPORTER_CONFIG_SIZE_H_
#define EXPORTER_CONFIG_SIZE_H_

#include <optional>
#include <string_view>

namespace exporter::config {

// A whole number, alone or with B, kB, MB, GB (powers of 1000) or KiB, MiB,
// GiB (powers of 1024). None when it is anything else, zero, or above 2^53,
// where a double no longer holds every number.
std::optional<double> ParseSize(std::string_view text);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_SIZE_H_
