// A one-shot timer on a libuv loop, in monotonic time.
#ifndef PROBE_NET_TIMER_H_
#define PROBE_NET_TIMER_H_

#include <uv.h>

#include <functional>

#include "probe/clock.h"
#include "probe/net/uv_handle.h"

namespace probe::net {

// What libuv and std::chrono agree on (both read CLOCK_MONOTONIC).
inline Time Now() {
  return std::chrono::time_point_cast<Duration>(
      std::chrono::steady_clock::now());
}

inline Moment NowOnBothClocks() {
  return {.steady = Now(),
          .wall = std::chrono::time_point_cast<Duration>(
              std::chrono::system_clock::now())};
}

class Timer {
 public:
  // `loop` must outlive the timer. `expired` may destroy the timer.
  Timer(uv_loop_t* loop, std::function<void()> expired);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Runs `expired` once, not before `at` and never inside this call; replaces
  // an earlier time. A time that has passed means the loop's next millisecond.
  void At(Time at);
  void Stop();

 private:
  static void OnExpired(uv_timer_t* handle);

  std::function<void()> expired_;
  Handle<uv_timer_t> handle_;
};

}  // namespace probe::net

#endif  // PROBE_NET_TIMER_H_
