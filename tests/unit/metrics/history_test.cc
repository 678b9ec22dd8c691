#include "exporter/history.h"

#include <string>
#include <vector>

#include "exporter/result_store.h"
#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter {
namespace {

using tests::BusyResult;
using tests::GoodResult;
using tests::kNow;
using tests::seconds;

constexpr auto kWarning = Change::Level::kWarning;

std::vector<std::string> Texts(const ResultStore::State& state) {
  std::vector<std::string> texts;
  if (state->history == nullptr) return texts;
  for (const History::Entry& entry : state->history->Entries()) {
    texts.emplace_back(entry.text);
  }
  return texts;
}

// A server that is fine in every other minute, and has another name each time.
probe::ProbeResult Flap(int minute) {
  const probe::WallTime when = kNow + seconds(60) * minute;
  if (minute % 2 == 1) return BusyResult(when);
  probe::ProbeResult result = GoodResult(when);
  result.banner->hostname = "mx" + std::to_string(minute) + ".example.com";
  return result;
}

TEST_CASE("nothing changed") {
  ResultStore store;
  store.Add(1);
  CHECK(store.Find(1)->history == nullptr);
  store.Put(1, GoodResult());
  store.Put(1, GoodResult(kNow + seconds(60)));
  CHECK(store.Find(1)->history == nullptr);
}

TEST_CASE("what changed when, the newest first") {
  ResultStore store;
  store.Add(1);
  store.Put(1, GoodResult());
  const ResultStore::State bad = store.Put(1, Flap(1))->after;
  const History* const before = bad->history.get();
  REQUIRE(before != nullptr);
  const ResultStore::State same = store.Put(1, Flap(1))->after;
  CHECK(same->history.get() == before);
  const ResultStore::State good = store.Put(1, Flap(2))->after;
  const std::vector<History::Entry> entries = good->history->Entries();
  REQUIRE(entries.size() == 3);
  // Of one probe what matters more stands above.
  CHECK(entries[0].text == "Probe succeeds again");
  CHECK(entries[0].at == kNow + seconds(120));
  CHECK(entries[0].level == Change::Level::kInfo);
  CHECK(entries[1].text ==
        "Banner host changed: from mx1.example.com, to mx2.example.com");
  CHECK(entries[1].at == kNow + seconds(120));
  CHECK(entries[2].text ==
        "Probe failed: phase greeting, reason service_closing, detail 421 "
        "4.3.2 too busy");
  CHECK(entries[2].at == kNow + seconds(60));
  CHECK(entries[2].level == kWarning);
  // What was there is as it was.
  CHECK(before->Entries().size() == 1);
  CHECK(good->history->size() == 3);
}

TEST_CASE("a server that flaps has a bounded history") {
  for (const std::size_t limit : {1, 2, 20, 1000}) {
    ResultStore store({.changes = limit});
    store.Add(1);
    for (int minute = 0; minute < 200; ++minute) {
      store.Put(1, Flap(minute));
      const ResultStore::State state = store.Find(1);
      if (state->history) CHECK(state->history->size() <= limit);
    }
    const std::vector<std::string> texts = Texts(store.Find(1));
    CHECK(texts.size() == std::min<std::size_t>(limit, 200));
    CHECK(texts.front().starts_with("Probe failed"));
    CHECK(store.Find(1)->history->Entries().front().at ==
          kNow + seconds(60) * 199);
  }
}

TEST_CASE("what is not worth a line does not push out what is") {
  ResultStore store({.changes = 3});
  store.Add(1);
  store.Put(1, BusyResult(kNow));
  for (int minute = 0; minute < 100; minute += 2) store.Put(1, Flap(minute));
  const std::vector<std::string> texts = Texts(store.Find(1));
  REQUIRE(texts.size() == 3);
  CHECK(texts[0] ==
        "Banner host changed: from mx96.example.com, to mx98.example.com");
  CHECK(texts[1] == "Probe succeeds again");
  CHECK(texts[2].starts_with("Probe failed"));
}

TEST_CASE("a further certificate remembers what is its own") {
  ResultStore store;
  store.Add(1);
  store.Put(1, Flap(0), probe::tls::KeyType::kRsa);
  store.Put(1, Flap(2), probe::tls::KeyType::kRsa);
  CHECK(store.Find(1)->history == nullptr);
  store.Put(1, Flap(3), probe::tls::KeyType::kRsa);
  CHECK(Texts(store.Find(1)).size() == 1);
}

TEST_CASE("without a history") {
  ResultStore store({.changes = 0});
  store.Add(1);
  for (int minute = 0; minute < 4; ++minute) store.Put(1, Flap(minute));
  CHECK(store.Find(1)->history == nullptr);
  CHECK(store.Find(1)->last_bad != nullptr);
}

TEST_CASE("an interval that changes keeps what is remembered") {
  ResultStore store;
  store.Add(1);
  store.Put(1, Flap(0));
  const ResultStore::State before = store.Put(1, Flap(1))->after;
  store.SetInterval(1, seconds(600));
  const ResultStore::State after = store.Find(1);
  CHECK(after->history == before->history);
  CHECK(after->last_good == before->last_good);
  CHECK(after->last_bad == before->last_bad);
}

}  // namespace
}  // namespace exporter
