// The two clocks of the prober. Everything that waits, measures or judges an
// age uses the monotonic one; the wall clock is only for certificates and for
// gauges whose name ends in `_timestamp_seconds`. Pure code gets both as
// arguments.
#ifndef PROBE_CLOCK_H_
#define PROBE_CLOCK_H_

#include <chrono>

namespace probe {

using Duration = std::chrono::nanoseconds;
using Time = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

// One moment on both: `steady` to know its age, `wall` to tell people.
struct Moment {
  Time steady{};
  WallTime wall{};
};

inline double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// In whole seconds since 1970, as certificates count: no date that a
// certificate's maker chose can overflow them.
inline std::chrono::seconds UnixTime(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
}

}  // namespace probe

#endif  // PROBE_CLOCK_H_
