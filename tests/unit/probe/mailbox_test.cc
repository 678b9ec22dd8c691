#include "probe/mailbox.h"

#include <uv.h>

#include <cstddef>
#include <optional>
#include <thread>
#include <vector>

#include "tests/support/catch.h"

TEST_CASE("tasks run in the order of posting, so many in one turn") {
  uv_loop_t loop{};
  uv_loop_init(&loop);
  std::optional<probe::Mailbox> mailbox;
  mailbox.emplace(&loop);
  constexpr std::size_t kTasks = 2 * probe::kTasksPerTurn + 7;
  std::vector<std::size_t> ran;
  std::thread poster([&] {
    for (std::size_t i = 0; i < kTasks; ++i) {
      mailbox->Post([&ran, i] { ran.push_back(i); });
    }
  });
  poster.join();
  std::vector<std::size_t> turns;
  while (ran.size() < kTasks) {
    const std::size_t before = ran.size();
    uv_run(&loop, UV_RUN_ONCE);
    turns.push_back(ran.size() - before);
  }
  CHECK(turns == std::vector<std::size_t>{probe::kTasksPerTurn,
                                          probe::kTasksPerTurn, 7});
  for (std::size_t i = 0; i < kTasks; ++i) REQUIRE(ran[i] == i);
  mailbox.reset();
  uv_run(&loop, UV_RUN_DEFAULT);
  CHECK(uv_loop_close(&loop) == 0);
}

TEST_CASE("a task may post another one") {
  uv_loop_t loop{};
  uv_loop_init(&loop);
  std::optional<probe::Mailbox> mailbox;
  mailbox.emplace(&loop);
  int ran = 0;
  mailbox->Post([&] {
    ++ran;
    mailbox->Post([&] { ++ran; });
  });
  while (ran < 2) uv_run(&loop, UV_RUN_ONCE);
  mailbox.reset();
  uv_run(&loop, UV_RUN_DEFAULT);
  CHECK(uv_loop_close(&loop) == 0);
}
