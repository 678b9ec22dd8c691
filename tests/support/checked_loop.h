// A loop that demands at its end that every handle was closed.
#ifndef TESTS_SUPPORT_CHECKED_LOOP_H_
#define TESTS_SUPPORT_CHECKED_LOOP_H_

#include <uv.h>

#include "tests/support/catch.h"

namespace tests {

struct CheckedLoop {
  CheckedLoop() { uv_loop_init(&loop); }
  ~CheckedLoop() {
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop) == 0);
  }
  CheckedLoop(const CheckedLoop&) = delete;
  CheckedLoop& operator=(const CheckedLoop&) = delete;

  uv_loop_t loop{};
};

}  // namespace tests

#endif  // TESTS_SUPPORT_CHECKED_LOOP_H_
