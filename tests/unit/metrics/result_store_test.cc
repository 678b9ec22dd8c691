#include "exporter/result_store.h"

#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter {
namespace {

using tests::BusyResult;
using tests::GoodResult;
using tests::kNow;
using tests::seconds;

TEST_CASE("a new endpoint is known and has no verdict") {
  ResultStore store;
  store.Add(1);
  const std::vector<ResultStore::State> states = store.Snapshot({1, 2});
  REQUIRE(states.size() == 2);
  REQUIRE(states[0] != nullptr);
  CHECK_FALSE(states[0]->verdict);
  CHECK(states[0]->probes == 0);
  CHECK(states[0]->failures == 0);
  CHECK(states[1] == nullptr);
}

TEST_CASE("a result becomes verdict, counters and facts") {
  ResultStore store;
  store.Add(1);
  const auto transition = store.Put(1, GoodResult());
  REQUIRE(transition);
  CHECK(transition->before == nullptr);
  const EndpointState& state = *transition->after;
  REQUIRE(state.verdict);
  CHECK(state.verdict->finished.wall == kNow);
  CHECK(state.verdict->duration == GoodResult().duration);
  CHECK(state.verdict->phase_durations == GoodResult().phase_durations);
  CHECK_FALSE(state.verdict->failure);
  CHECK(state.verdict->reachable);
  CHECK(state.interval == seconds(60));
  CHECK(state.probes == 1);
  CHECK(state.failures == 0);
  CHECK(state.banner == GoodResult().banner);
  CHECK(state.banner_observed.wall == kNow);
  CHECK(state.clear == GoodResult().clear);
  CHECK(state.clear_observed.wall == kNow);
  CHECK(store.Snapshot({1})[0] == transition->after);
}

TEST_CASE("what a probe did not observe it does not change") {
  ResultStore store;
  store.Add(1);
  const ResultStore::State good = store.Put(1, GoodResult())->after;
  probe::ProbeResult busy = BusyResult(kNow + seconds(60));
  busy.quirks.Add(probe::smtp::Quirk::kMixedCodes);
  const auto transition = store.Put(1, busy);
  REQUIRE(transition);
  CHECK(transition->before == good);
  const EndpointState& state = *transition->after;
  CHECK(state.verdict->failure == busy.failure);
  CHECK_FALSE(state.verdict->reachable);
  CHECK(state.probes == 2);
  CHECK(state.failures == 1);
  CHECK(state.banner == good->banner);
  CHECK(state.banner_observed.wall == kNow);
  CHECK(state.clear == good->clear);
  CHECK(state.clear_observed.wall == kNow);
  CHECK(state.quirks.Has(probe::smtp::Quirk::kMixedCodes));

  // The state before is as it was.
  CHECK(good->probes == 1);
  CHECK_FALSE(good->verdict->failure);

  // Quirks that are no facts belong to the latest probe only.
  CHECK(store.Put(1, GoodResult())->after->quirks.Empty());
}

TEST_CASE("a failed probe may still observe") {
  ResultStore store;
  store.Add(1);
  store.Put(1, GoodResult());
  probe::ProbeResult result = BusyResult(kNow + seconds(60));
  result.banner = tests::MakeBanner("mx2.example.com");
  const ResultStore::State state = store.Put(1, result)->after;
  CHECK(state->banner->hostname == "mx2.example.com");
  CHECK(state->banner_observed.wall == kNow + seconds(60));
  CHECK(state->clear_observed.wall == kNow);
}

TEST_CASE("adding again keeps everything, removing forgets") {
  ResultStore store;
  store.Add(1);
  store.Put(1, GoodResult());
  store.Add(1);
  CHECK(store.Snapshot({1})[0]->probes == 1);
  store.Remove(1);
  store.Remove(1);
  CHECK(store.Snapshot({1})[0] == nullptr);
  CHECK_FALSE(store.Put(1, GoodResult()));
  CHECK(store.Snapshot({1})[0] == nullptr);
  store.Add(1);
  CHECK(store.Snapshot({1})[0]->probes == 0);
}

TEST_CASE("threads may put, add, remove and read at once") {
  constexpr probe::EndpointId kEndpoints = 8;
  constexpr std::uint64_t kProbes = 500;
  ResultStore store;
  std::vector<probe::EndpointId> ids;
  for (probe::EndpointId id = 0; id < kEndpoints; ++id) {
    store.Add(id);
    ids.push_back(id);
  }
  std::atomic<bool> done = false;
  std::vector<std::thread> probers;
  for (int thread = 0; thread < 2; ++thread) {
    probers.emplace_back([&] {
      for (std::uint64_t i = 0; i < kProbes; ++i) {
        for (const probe::EndpointId id : ids) store.Put(id, GoodResult());
      }
    });
  }
  std::thread reloader([&] {
    do {
      store.Add(kEndpoints);
      store.Put(kEndpoints, GoodResult());
      store.Remove(kEndpoints);
    } while (!done);
  });
  std::uint64_t last = 0;
  bool falls = false;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t probes = store.Snapshot(ids).front()->probes;
    falls = falls || probes < last;
    last = probes;
  }
  for (std::thread& prober : probers) prober.join();
  done = true;
  reloader.join();
  CHECK_FALSE(falls);
  for (const ResultStore::State& state : store.Snapshot(ids)) {
    CHECK(state->probes == 2 * kProbes);
  }
}

}  // namespace
}  // namespace exporter
