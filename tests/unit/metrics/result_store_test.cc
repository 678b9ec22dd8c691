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
using tests::TlsResult;

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
  CHECK(store.Find(1) == states[0]);
  CHECK(store.Find(2) == nullptr);
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
  REQUIRE(state.banner != nullptr);
  CHECK(*state.banner == *GoodResult().banner);
  CHECK(state.banner_observed.wall == kNow);
  REQUIRE(state.clear != nullptr);
  CHECK(*state.clear == *GoodResult().clear);
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

TEST_CASE("what TLS showed is folded in") {
  ResultStore store;
  store.Add(1);
  const ResultStore::State state = store.Put(1, TlsResult())->after;
  REQUIRE(state->inside != nullptr);
  CHECK(*state->inside == *TlsResult().inside);
  REQUIRE(state->handshake != nullptr);
  CHECK(*state->handshake == *TlsResult().handshake);
  CHECK(state->starttls_success == true);
  CHECK(state->plaintext_after_starttls == false);
  for (const probe::Moment& observed :
       {state->inside_observed, state->handshake_observed,
        state->starttls_success_observed,
        state->plaintext_after_starttls_observed}) {
    CHECK(observed.wall == kNow);
  }
}

TEST_CASE("what TLS showed stays while nothing is known of it") {
  struct Case {
    const char* name;
    void (*change)(probe::ProbeResult&);
    std::optional<bool> starttls_success;
    std::optional<bool> plaintext_after_starttls;
  };
  const std::vector<Case> cases = {
      {"too busy",
       [](probe::ProbeResult& result) { result = BusyResult(kNow); }, true,
       false},
      {"421 to STARTTLS", [](probe::ProbeResult&) {}, true, false},
      {"STARTTLS refused",
       [](probe::ProbeResult& result) { result.starttls_success = false; },
       false, false},
      {"injection",
       [](probe::ProbeResult& result) {
         result.starttls_success = false;
         result.plaintext_after_starttls = true;
       },
       false, true},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    ResultStore store;
    store.Add(1);
    const ResultStore::State good = store.Put(1, TlsResult())->after;
    probe::ProbeResult result = GoodResult(kNow + seconds(60));
    c.change(result);
    const ResultStore::State state = store.Put(1, result)->after;
    CHECK(state->inside == good->inside);
    CHECK(state->inside_observed.wall == kNow);
    CHECK(state->handshake == good->handshake);
    CHECK(state->handshake_observed.wall == kNow);
    CHECK(state->starttls_success == c.starttls_success);
    CHECK(state->plaintext_after_starttls == c.plaintext_after_starttls);
  }
}

TEST_CASE("an EHLO reply without STARTTLS ends what TLS showed") {
  for (const bool helo_only : {false, true}) {
    ResultStore store;
    store.Add(1);
    store.Put(1, TlsResult());
    probe::ProbeResult result = GoodResult(kNow + seconds(60));
    result.clear->starttls = false;
    if (helo_only) result.clear = probe::smtp::Capabilities();
    const ResultStore::State state = store.Put(1, result)->after;
    CHECK(state->inside == nullptr);
    CHECK(state->handshake == nullptr);
    CHECK_FALSE(state->starttls_success);
    CHECK_FALSE(state->plaintext_after_starttls);
    CHECK(state->banner != nullptr);
    CHECK(store.Put(1, TlsResult())->after->handshake != nullptr);
  }
}

TEST_CASE("implicit TLS has no clear facts and keeps those inside") {
  ResultStore store;
  store.Add(1);
  store.Put(1, tests::ImplicitResult());
  const ResultStore::State state = store.Put(1, tests::ImplicitResult())->after;
  CHECK(state->clear == nullptr);
  CHECK(state->inside != nullptr);
  CHECK(state->handshake != nullptr);
  CHECK_FALSE(state->starttls_success);
}

TEST_CASE("a handshake is replaced whole") {
  ResultStore store;
  store.Add(1);
  store.Put(1, TlsResult());
  probe::ProbeResult result = TlsResult(kNow + seconds(60));
  result.handshake->certificate.reset();
  result.handshake->verdict.reset();
  const ResultStore::State state = store.Put(1, result)->after;
  CHECK_FALSE(state->handshake->certificate);
  CHECK_FALSE(state->handshake->verdict);
}

TEST_CASE("an equal fact is not stored again and becomes younger") {
  ResultStore store;
  store.Add(1);
  const ResultStore::State first = store.Put(1, TlsResult())->after;
  const ResultStore::State second =
      store.Put(1, TlsResult(kNow + seconds(60)))->after;
  CHECK(second->banner == first->banner);
  CHECK(second->clear == first->clear);
  CHECK(second->inside == first->inside);
  CHECK(second->handshake == first->handshake);
  CHECK(second->handshake_observed.wall == kNow + seconds(60));

  probe::ProbeResult other = TlsResult(kNow + seconds(120));
  other.handshake->certificate->serial = "04d3";
  const ResultStore::State third = store.Put(1, other)->after;
  CHECK(third->handshake != first->handshake);
  CHECK(third->inside == first->inside);
  CHECK(first->handshake->certificate->serial == "04d2");
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

TEST_CASE("those are counted that failed their latest probe") {
  ResultStore store;
  CHECK(store.failing_count() == 0);
  store.Add(1);
  store.Add(2);
  store.Put(1, BusyResult(kNow));
  store.Put(1, BusyResult(kNow));
  store.Put(2, BusyResult(kNow));
  store.Put(3, BusyResult(kNow));  // Nobody knows it.
  CHECK(store.failing_count() == 2);
  store.Put(1, GoodResult());
  CHECK(store.failing_count() == 1);
  store.SetInterval(2, seconds(60));
  store.Add(2);
  CHECK(store.failing_count() == 1);
  store.Remove(2);
  store.Remove(1);
  CHECK(store.failing_count() == 0);
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
