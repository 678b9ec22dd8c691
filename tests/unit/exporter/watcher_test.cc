#include "exporter/watcher.h"

#include <memory>
#include <optional>

#include "exporter/metrics/self_metrics.h"
#include "exporter/result_store.h"
#include "tests/support/catch.h"
#include "tests/support/checked_loop.h"
#include "tests/support/fake_resolver.h"

namespace exporter {
namespace {

TEST_CASE("all probe threads answer, while they are there") {
  tests::CheckedLoop checked;
  ResultStore store;
  metrics::SelfMetrics self;
  std::optional<Watcher> watcher(
      std::in_place, &checked.loop, /*threads=*/3, /*concurrency=*/10, store,
      self, [](std::size_t, std::shared_ptr<const probe::Expansion>) {});
  int answers = 0;
  const auto ask = [&] { watcher->AskThreads([&] { ++answers; }); };
  ask();
  CHECK(answers == 0);  // Never inside the call.
  tests::RunUntil(&checked.loop, [&] { return answers == 1; });
  ask();
  ask();
  tests::RunUntil(&checked.loop, [&] { return answers == 3; });
  // Those that drain are alive.
  bool stopped = false;
  watcher->Stop([&] { stopped = true; });
  tests::RunUntil(&checked.loop, [&] { return stopped; });
  ask();
  tests::RunUntil(&checked.loop, [&] { return answers == 4; });
  // Nobody hears of what comes after the end.
  ask();
  watcher.reset();
  uv_run(&checked.loop, UV_RUN_DEFAULT);
  CHECK(answers == 4);
}

}  // namespace
}  // namespace exporter
