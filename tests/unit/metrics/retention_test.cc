#include "exporter/retention.h"

#include <atomic>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "exporter/result_store.h"
#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter {
namespace {

using probe::EndpointId;
using tests::kNow;
using tests::seconds;

probe::ProbeResult Good(int minute) {
  probe::ProbeResult result = tests::GoodResult(kNow + seconds(60) * minute);
  result.transcript = tests::MakeTranscript();
  return result;
}

probe::ProbeResult Bad(int minute) {
  probe::ProbeResult result = tests::BusyResult(kNow + seconds(60) * minute);
  result.transcript = {{.speaker = probe::TranscriptLine::Speaker::kServer,
                        .at = tests::milliseconds(20),
                        .text = "421 4.3.2 too busy"}};
  return result;
}

// A store with endpoints 1 to `count`.
void AddAll(ResultStore& store, EndpointId count) {
  for (EndpointId id = 1; id <= count; ++id) store.Add(id);
}

// When the probes ended, in minutes; -1 without one.
int Minute(const KeptTranscript* transcript) {
  if (transcript == nullptr) return -1;
  return static_cast<int>((transcript->finished().wall - kNow) / seconds(60));
}
int LastGood(const ResultStore& store, EndpointId id) {
  return Minute(store.Find(id)->last_good.get());
}
int LastBad(const ResultStore& store, EndpointId id) {
  return Minute(store.Find(id)->last_bad.get());
}
int Latest(const ResultStore& store, EndpointId id) {
  return Minute(store.Find(id)->LatestTranscript());
}

TEST_CASE("the last good conversation and the last bad one stay") {
  ResultStore store;
  store.Add(1);
  CHECK(Latest(store, 1) == -1);
  store.Put(1, Good(0));
  CHECK(LastGood(store, 1) == 0);
  CHECK(LastBad(store, 1) == -1);
  CHECK(Latest(store, 1) == 0);
  store.Put(1, Good(1));
  CHECK(LastGood(store, 1) == 1);
  store.Put(1, Bad(2));
  CHECK(LastGood(store, 1) == 1);
  CHECK(LastBad(store, 1) == 2);
  CHECK(Latest(store, 1) == 2);
  store.Put(1, Bad(3));
  store.Put(1, Good(4));
  CHECK(LastGood(store, 1) == 4);
  CHECK(LastBad(store, 1) == 3);
  CHECK(Latest(store, 1) == 4);
  CHECK(store.Find(1)->last_good->Lines().size() ==
        tests::MakeTranscript().size());
  CHECK(store.Find(1)->last_bad->Lines().front().text == "421 4.3.2 too busy");
}

// A probe that goes well and shows something worse than before.
probe::ProbeResult WithoutStarttls(int minute) {
  probe::ProbeResult result = Good(minute);
  result.clear->starttls = false;
  std::erase(result.clear->keywords, "STARTTLS");
  return result;
}
int BeforeChange(const ResultStore& store, EndpointId id) {
  return Minute(store.Find(id)->before_change.get());
}

TEST_CASE("what there was before it got worse stays beside what is now") {
  ResultStore store({.transcripts = 1});
  AddAll(store, 2);
  for (const EndpointId id : {EndpointId{1}, EndpointId{2}}) {
    store.Put(id, Good(0));
    store.Put(id, Good(1));
    CHECK(BeforeChange(store, id) == -1);
    store.Put(id, WithoutStarttls(2));
    store.Put(id, WithoutStarttls(3));
  }
  CHECK(BeforeChange(store, 1) == 1);
  CHECK(LastGood(store, 1) == 3);
  CHECK(BeforeChange(store, 2) == -1);  // There is room for one.
  // It comes back, which is no reason to forget; and goes again.
  store.Put(1, Good(4));
  CHECK(BeforeChange(store, 1) == 1);
  store.Put(1, WithoutStarttls(5));
  CHECK(BeforeChange(store, 1) == 4);
  // A failure needs none: the last good one is from before it.
  store.Put(1, Bad(6));
  CHECK(BeforeChange(store, 1) == 4);
  store.Remove(1);
  store.Remove(2);
  store.Add(2);
  store.Put(2, Good(7));
  store.Put(2, WithoutStarttls(8));
  CHECK(BeforeChange(store, 2) == 7);
}

TEST_CASE("who comes first has the room, and may use it again") {
  ResultStore store({.transcripts = 2});
  AddAll(store, 3);
  for (EndpointId id = 1; id <= 3; ++id) store.Put(id, Good(0));
  for (EndpointId id = 1; id <= 3; ++id) store.Put(id, Good(1));
  CHECK(LastGood(store, 1) == 1);
  CHECK(LastGood(store, 2) == 1);
  CHECK(LastGood(store, 3) == -1);
  CHECK(Latest(store, 3) == -1);

  // Failures have room of their own, and the same.
  for (EndpointId id = 1; id <= 3; ++id) store.Put(id, Bad(2));
  CHECK(LastBad(store, 1) == 2);
  CHECK(LastBad(store, 2) == 2);
  CHECK(LastBad(store, 3) == -1);
  // Not that of an older success.
  CHECK(Latest(store, 3) == -1);
}

TEST_CASE("who leaves makes room") {
  ResultStore store({.transcripts = 1});
  AddAll(store, 2);
  store.Put(1, Good(0));
  store.Put(1, Bad(1));
  store.Remove(1);
  store.Remove(1);
  store.Put(2, Good(2));
  store.Put(2, Bad(3));
  CHECK(LastGood(store, 2) == 2);
  CHECK(LastBad(store, 2) == 3);
}

TEST_CASE("a failure takes the room of the oldest that is over") {
  ResultStore store({.transcripts = 3});
  AddAll(store, 6);
  store.Put(2, Bad(0));
  store.Put(1, Bad(1));
  store.Put(3, Bad(2));
  store.Put(4, Bad(3));
  CHECK(LastBad(store, 4) == -1);  // All of them still fail.
  store.Put(1, Good(4));
  store.Put(1, Good(5));
  store.Put(2, Good(6));
  const ResultStore::State before = store.Find(2);
  store.Put(4, Bad(7));
  CHECK(LastBad(store, 4) == 7);
  CHECK(LastBad(store, 2) == -1);
  CHECK(LastBad(store, 1) == 1);
  CHECK(LastBad(store, 3) == 2);
  // All else of the loser is as it was, and so is its state before.
  CHECK(LastGood(store, 2) == 6);
  CHECK(store.Find(2)->probes == 2);
  CHECK(Minute(before->last_bad.get()) == 0);

  // One that fails again is not over.
  store.Put(1, Bad(8));
  store.Put(5, Bad(9));
  CHECK(LastBad(store, 1) == 8);
  CHECK(LastBad(store, 5) == -1);
  // Nor does one that left lose anything.
  store.Put(1, Good(10));
  store.Remove(1);
  store.Put(5, Bad(11));
  store.Put(6, Bad(11));
  CHECK(LastBad(store, 5) == 11);
  CHECK(LastBad(store, 6) == -1);
}

TEST_CASE("without transcripts") {
  ResultStore store({.transcripts = 0});
  store.Add(1);
  store.Put(1, Good(0));
  store.Put(1, Bad(1));
  CHECK(Latest(store, 1) == -1);
  CHECK(LastGood(store, 1) == -1);
  CHECK(store.Find(1)->history->size() == 1);
}

std::size_t Changes(const ResultStore& store, EndpointId id) {
  const ResultStore::State state = store.Find(id);
  return state->history ? state->history->size() : 0;
}

void Flap(ResultStore& store, EndpointId id, int times) {
  for (int i = 0; i < times; ++i) store.Put(id, i % 2 == 0 ? Bad(i) : Good(i));
}

TEST_CASE("changes share their room, and everyone has a little") {
  ResultStore store({.changes = 10, .transcripts = 0, .histories = 2});
  AddAll(store, 4);
  Flap(store, 1, 30);
  CHECK(Changes(store, 1) == 10);
  Flap(store, 2, 4);
  Flap(store, 3, 30);
  CHECK(Changes(store, 2) == 4);
  CHECK(Changes(store, 3) == 6);
  Flap(store, 4, 30);
  CHECK(Changes(store, 4) == kChangesAlways);
  // No more, and no less, for who has some.
  Flap(store, 2, 30);
  CHECK(Changes(store, 2) == 4);
  store.Remove(1);
  Flap(store, 4, 30);
  CHECK(Changes(store, 4) == 10);
}

TEST_CASE("threads may put while others read what is remembered") {
  constexpr EndpointId kEndpoints = 8;
  constexpr std::size_t kRoom = 3;
  constexpr std::size_t kChanges = 5;
  ResultStore store({.changes = kChanges, .transcripts = kRoom});
  AddAll(store, kEndpoints);
  std::atomic<bool> done = false;
  std::vector<std::thread> probers;
  for (int thread = 0; thread < 3; ++thread) {
    probers.emplace_back([&, thread] {
      for (int i = 0; i < 300; ++i) {
        for (EndpointId id = 1; id <= kEndpoints; ++id) {
          const bool good = (i + thread + static_cast<int>(id)) % 3 != 0;
          store.Put(id, good ? Good(i) : Bad(i));
        }
      }
    });
  }
  std::thread reloader([&] {
    do {
      for (EndpointId id = 1; id <= 3; ++id) {
        store.Remove(id);
        store.Add(id);
      }
    } while (!done);
  });
  std::size_t wrong = 0;
  for (int i = 0; i < 300; ++i) {
    for (EndpointId id = 1; id <= kEndpoints; ++id) {
      const ResultStore::State state = store.Find(id);
      if (state == nullptr) continue;
      if (const auto& good = state->last_good) {
        wrong += good->success() &&
                         good->Lines().size() == tests::MakeTranscript().size()
                     ? 0
                     : 1;
      }
      if (const auto& bad = state->last_bad) {
        wrong += !bad->success() && bad->Lines().size() == 1 ? 0 : 1;
      }
      if (!state->history) continue;
      const auto entries = state->history->Entries();
      wrong += entries.empty() || entries.size() > kChanges ? 1 : 0;
    }
  }
  for (std::thread& prober : probers) prober.join();
  done = true;
  reloader.join();
  CHECK(wrong == 0);

  // No room was lost or found.
  for (EndpointId id = 1; id <= kEndpoints; ++id) {
    store.Put(id, Bad(1000));
    store.Put(id, Good(1001));
  }
  std::size_t good = 0;
  std::size_t bad = 0;
  for (EndpointId id = 1; id <= kEndpoints; ++id) {
    good += store.Find(id)->last_good ? 1 : 0;
    bad += store.Find(id)->last_bad ? 1 : 0;
  }
  CHECK(good == kRoom);
  CHECK(bad == kRoom);
}

}  // namespace
}  // namespace exporter
