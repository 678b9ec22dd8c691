#include "probe/net/timer.h"

#include <chrono>
#include <memory>
#include <vector>

#include "tests/support/catch.h"

namespace probe::net {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Loop {
  Loop() { uv_loop_init(&loop); }
  ~Loop() {
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop) == 0);
  }
  uv_loop_t loop;
};

TEST_CASE("a timer is never early, also on a loop whose time is stale") {
  for (const auto delay :
       {microseconds(0), microseconds(1), microseconds(999), microseconds(1000),
        microseconds(1001), microseconds(2500), microseconds(7999)}) {
    Loop loop;
    Time expired{};
    Timer timer(&loop.loop, [&] { expired = Now(); });
    // The loop's time was taken when it was made; let it grow stale.
    const Time start = Now();
    while (Now() - start < microseconds(1700)) {
    }
    const Time at = Now() + delay;
    timer.At(at);
    CHECK(expired == Time{});
    uv_run(&loop.loop, UV_RUN_DEFAULT);
    CHECK(expired >= at);
    CHECK(expired < at + std::chrono::seconds(5));
  }
}

TEST_CASE("a later At replaces the earlier one, Stop cancels") {
  Loop loop;
  int runs = 0;
  Time expired{};
  Timer timer(&loop.loop, [&] {
    ++runs;
    expired = Now();
  });
  const Time later = Now() + milliseconds(20);
  timer.At(Now());
  timer.At(later);
  uv_run(&loop.loop, UV_RUN_DEFAULT);
  CHECK(runs == 1);
  CHECK(expired >= later);

  timer.At(Now());
  timer.Stop();
  uv_run(&loop.loop, UV_RUN_DEFAULT);
  CHECK(runs == 1);
}

TEST_CASE("times at the ends of the clock neither overflow nor spin") {
  Loop loop;
  int runs = 0;
  Timer timer(&loop.loop, [&] { ++runs; });
  timer.At(Time::max());
  uv_run(&loop.loop, UV_RUN_NOWAIT);
  CHECK(runs == 0);
  timer.At(Time::min());
  uv_run(&loop.loop, UV_RUN_DEFAULT);
  CHECK(runs == 1);
}

TEST_CASE(
    "a timer may start itself again for the past and leaves others a turn") {
  Loop loop;
  int runs = 0;
  int other_runs = 0;
  int runs_before_other = 0;
  Timer other(&loop.loop, [&] {
    ++other_runs;
    runs_before_other = runs;
  });
  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(&loop.loop, [&] {
    if (++runs < 100) timer->At(Now() - seconds(1));
  });
  timer->At(Now());
  other.At(Now() + milliseconds(3));
  uv_run(&loop.loop, UV_RUN_DEFAULT);
  CHECK(runs == 100);
  CHECK(other_runs == 1);
  CHECK(runs_before_other < 100);
}

TEST_CASE("a timer may be destroyed by what it runs, or before it runs") {
  Loop loop;
  int runs = 0;
  std::unique_ptr<Timer> timer;
  // The vector lives in the function object: ASan sees a use of it after the
  // function was destroyed.
  const std::vector<int> ballast(100, 1);
  timer = std::make_unique<Timer>(&loop.loop, [&runs, &timer, ballast] {
    timer.reset();
    runs += ballast[99];
  });
  timer->At(Now());
  uv_run(&loop.loop, UV_RUN_DEFAULT);
  CHECK(runs == 1);
  CHECK(timer == nullptr);

  Timer(&loop.loop, [&] { ++runs; }).At(Now());
  uv_run(&loop.loop, UV_RUN_DEFAULT);
  CHECK(runs == 1);
}

}  // namespace
}  // namespace probe::net
