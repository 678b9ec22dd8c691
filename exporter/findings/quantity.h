// Quantities as people read them.
#ifndef EXPORTER_FINDINGS_QUANTITY_H_
#define EXPORTER_FINDINGS_QUANTITY_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "probe/clock.h"

namespace exporter::findings {

// "1 day", "3 days".
std::string Counted(std::int64_t count, std::string_view unit);
// How long ago or how long still, in whole units, rounded down: "40 seconds",
// "3 minutes", "5 hours", "12 days". Up to two days it is hours.
std::string SpanText(std::chrono::seconds span);
template <typename Rep, typename Period>
std::string SpanText(std::chrono::duration<Rep, Period> span) {
  return SpanText(std::chrono::floor<std::chrono::seconds>(span));
}
// What was measured: "12 ms", "6.1 s".
std::string SecondsText(probe::Duration duration);
// "25 MiB", "9.8 MiB", "512 bytes".
std::string SizeText(double bytes);

}  // namespace exporter::findings

#endif  // EXPORTER_FINDINGS_QUANTITY_H_
