#include "exporter/findings/quantity.h"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace exporter::findings {
namespace {

constexpr double kStep = 1024;

}  // namespace

std::string Counted(std::int64_t count, std::string_view unit) {
  std::string text = std::to_string(count) + " " + std::string(unit);
  return count == 1 ? text : text + "s";
}

std::string SpanText(std::chrono::seconds span) {
  using std::chrono::duration_cast;
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::seconds;
  constexpr auto kTwo = 2;
  if (span < kTwo * minutes(1)) {
    return Counted(duration_cast<seconds>(span).count(), "second");
  }
  if (span < kTwo * hours(1)) {
    return Counted(duration_cast<minutes>(span).count(), "minute");
  }
  if (span < kTwo * std::chrono::days(1)) {
    return Counted(duration_cast<hours>(span).count(), "hour");
  }
  return Counted(duration_cast<std::chrono::days>(span).count(), "day");
}

std::string SecondsText(probe::Duration duration) {
  constexpr double kMilli = 1000;
  const double seconds = probe::Seconds(duration);
  // What would be rounded to 1000 ms is a second.
  const bool small = seconds * kMilli < 999.5;
  const double number = small ? seconds * kMilli : seconds;
  // Two digits tell enough, where the unit leaves as few.
  constexpr double kThreeDigits = 100;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(),
                number < kThreeDigits ? "%.2g %s" : "%.0f %s", number,
                small ? "ms" : "s");
  return text.data();
}

std::string SizeText(double bytes) {
  constexpr std::array<const char*, 5> kUnits = {"bytes", "KiB", "MiB", "GiB",
                                                 "TiB"};
  std::size_t unit = 0;
  while (bytes >= kStep && unit + 1 < kUnits.size()) {
    bytes /= kStep;
    ++unit;
  }
  // Down, never up: a limit must not sound larger than it is.
  const double tenths = std::floor(bytes * 10) / 10;
  const bool whole = tenths == std::floor(tenths);
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), whole ? "%.0f %s" : "%.1f %s", tenths,
                kUnits[unit]);
  return text.data();
}

}  // namespace exporter::findings
