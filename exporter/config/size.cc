#include "exporter/config/size.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace exporter::config {
namespace {

constexpr std::array<std::pair<std::string_view, std::uint64_t>, 8> kUnits = {{
    {"", 1},
    {"B", 1},
    {"kB", 1000},
    {"MB", 1000 * 1000},
    {"GB", 1000 * 1000 * 1000},
    {"KiB", 1ULL << 10},
    {"MiB", 1ULL << 20},
    {"GiB", 1ULL << 30},
}};

constexpr std::uint64_t kLargest = 1ULL << 53;

}  // namespace

std::optional<double> ParseSize(std::string_view text) {
  std::uint64_t number = 0;  // Unsigned, so that from_chars takes no sign.
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number == 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  for (const auto& [name, octets] : kUnits) {
    if (text != name) continue;
    if (number > kLargest / octets) return std::nullopt;
    return static_cast<double>(number * octets);
  }
  return std::nullopt;
}

}  // namespace exporter::config
