#include "exporter/config/duration.h"

#include <array>
#include <charconv>
#include <cstdint>

namespace exporter::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};

constexpr std::int64_t kDay = 24 * 60 * 60 * 1000LL;
constexpr std::array<Unit, 7> kUnits = {{
    {"y", 365 * kDay},
    {"w", 7 * kDay},
    {"d", kDay},
    {"h", 60 * 60 * 1000},
    {"m", 60 * 1000},
    {"s", 1000},
    {"ms", 1},
}};

// Nanoseconds in 64 bits end at 292 years.
constexpr std::int64_t kLongest = 100 * 365 * kDay;

}  // namespace

std::optional<probe::Duration> ParseDuration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t sum = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    // from_chars alone would take a sign.
    if (text.front() < '0' || text.front() > '9') return std::nullopt;
    std::int64_t number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::string_view name =
        text.substr(0, text.find_first_of("0123456789"));
    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) {
      ++next_unit;
    }
    if (next_unit == kUnits.size()) return std::nullopt;
    const std::int64_t unit = kUnits[next_unit++].milliseconds;
    if (number > (kLongest - sum) / unit) return std::nullopt;
    sum += number * unit;
    text.remove_prefix(name.size());
  }
  return std::chrono::milliseconds(sum);
}

std::string DurationText(probe::Duration duration) {
  auto rest =
      std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  std::string text;
  for (const Unit& unit : kUnits) {
    const std::int64_t number = rest / unit.milliseconds;
    // As Prometheus prints them: weeks and years only when they fit exactly.
    const bool calendar = unit.milliseconds > kDay;
    if (number == 0 || (calendar && rest % unit.milliseconds != 0)) continue;
    text += std::to_string(number);
    text += unit.name;
    rest -= number * unit.milliseconds;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace exporter::config
