#include "probe/net/timer.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace probe::net {

Timer::Timer(uv_loop_t* loop, std::function<void()> expired)
    : expired_(std::move(expired)),
      handle_(MakeHandle<uv_timer_t>(
          this, [loop](uv_timer_t* raw) { return uv_timer_init(loop, raw); })) {
}

// libuv compares whole milliseconds of a loop time that is never ahead of the
// clock, so an end rounded up to a millisecond of the clock cannot come early,
// however stale the loop's time is now.
//
// Never 0 ms: until 1.45 libuv runs timers in a loop, and one that is started
// with 0 in its own callback runs again at once and starves all sockets.
void Timer::At(Time at) {
  const auto end =
      std::chrono::ceil<std::chrono::milliseconds>(at.time_since_epoch());
  const std::int64_t delay =
      end.count() - static_cast<std::int64_t>(uv_now(handle_->loop));
  uv_timer_start(handle_.get(), OnExpired,
                 static_cast<std::uint64_t>(std::max<std::int64_t>(delay, 1)),
                 /*repeat=*/0);
}

void Timer::Stop() { uv_timer_stop(handle_.get()); }

void Timer::OnExpired(uv_timer_t* handle) {
  auto* timer = static_cast<Timer*>(handle->data);
  if (timer == nullptr) return;
  // Out of the timer while it runs: it may destroy the timer. libuv keeps the
  // handle until the loop's next turn, so `data` tells whether it did.
  std::function<void()> expired = std::move(timer->expired_);
  expired();
  if (handle->data != nullptr) timer->expired_ = std::move(expired);
}

}  // namespace probe::net
