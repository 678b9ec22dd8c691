#include "probe/plan/schedule.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"

namespace probe::plan {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Outcome = Schedule::Outcome;
using Id = Schedule::Id;

constexpr Time kStart{hours(1000)};
constexpr std::size_t kPlenty = 1000;

constexpr std::uint64_t HashOf(Duration offset) {
  return static_cast<std::uint64_t>(offset.count());
}

Time At(Duration since_start) { return kStart + since_start; }

// Everything that starts now.
std::vector<Id> Starts(Schedule& schedule, Time now) {
  std::vector<Id> ids;
  while (const auto start = schedule.Next(now)) ids.push_back(start->id);
  return ids;
}

using Ids = std::vector<Id>;

TEST_CASE("an entry runs on its grid, offset by its hash") {
  Schedule schedule(kPlenty);
  // 130 s is 10 s into the interval.
  schedule.Put(1, "a", seconds(60), HashOf(seconds(130)), kStart);
  CHECK(schedule.size() == 1);
  CHECK(schedule.NextWake() == At(seconds(10)));
  CHECK_FALSE(schedule.Next(At(seconds(10)) - Duration(1)));
  for (const int slot : {10, 70, 130}) {
    const auto start = schedule.Next(At(seconds(slot)));
    REQUIRE(start);
    CHECK(start->id == 1);
    CHECK(start->lag == Duration::zero());
    CHECK(schedule.running() == 1);
    CHECK_FALSE(schedule.NextWake());
    CHECK(schedule.Finished(1, Outcome::kDone, At(seconds(slot + 5))) ==
          seconds(55));
    CHECK(schedule.NextWake() == At(seconds(slot + 60)));
  }
}

TEST_CASE("a late start keeps the grid and doubles no slot") {
  struct Case {
    const char* name;
    int start;   // Seconds after the slot.
    int finish;  // The same.
    int want;    // From the finish to the next slot.
  };
  const Case cases[] = {
      {"ends at once", 0, 0, 60},
      {"ends just before the next slot", 0, 59, 1},
      {"ends at the next slot: that one has passed", 0, 60, 60},
      {"ran over one slot", 0, 75, 45},
      {"starts late", 50, 55, 5},
      {"starts later than the next slot", 61, 62, 58},
      {"starts hours late", 7230, 7231, 29},
  };
  for (const Case& test : cases) {
    INFO(test.name);
    Schedule schedule(kPlenty);
    schedule.Put(1, "a", seconds(60), 0, kStart);
    const auto start = schedule.Next(At(seconds(test.start)));
    REQUIRE(start);
    CHECK(start->lag == seconds(test.start));
    CHECK_FALSE(schedule.Next(At(seconds(test.finish))));
    CHECK(schedule.Finished(1, Outcome::kNeutral, At(seconds(test.finish))) ==
          seconds(test.want));
    CHECK_FALSE(schedule.Next(At(seconds(test.finish))));
    CHECK(schedule.NextWake() == At(seconds(test.finish + test.want)));
  }
}

TEST_CASE("entries of one server run one after the other, by slot") {
  Schedule schedule(kPlenty);
  schedule.Put(1, "a", seconds(60), HashOf(seconds(3)), kStart);
  schedule.Put(2, "a", seconds(60), HashOf(seconds(1)), kStart);
  schedule.Put(3, "a", seconds(60), HashOf(seconds(2)), kStart);
  schedule.Put(4, "b", seconds(60), HashOf(seconds(40)), kStart);
  CHECK(Starts(schedule, At(seconds(10))) == Ids{2});
  // 1 and 3 are due and wait for 2: only 4 can wake us.
  CHECK(schedule.NextWake() == At(seconds(40)));
  schedule.Finished(2, Outcome::kDone, At(seconds(20)));
  CHECK(schedule.NextWake() == At(seconds(2)));
  CHECK(Starts(schedule, At(seconds(20))) == Ids{3});
  schedule.Finished(3, Outcome::kDone, At(seconds(21)));
  CHECK(Starts(schedule, At(seconds(21))) == Ids{1});
  CHECK(Starts(schedule, At(seconds(45))) == Ids{4});
  CHECK_FALSE(schedule.NextWake());
}

TEST_CASE("entries without a server key share with nobody") {
  Schedule schedule(kPlenty);
  for (Id id = 1; id <= 3; ++id) schedule.Put(id, "", seconds(60), 0, kStart);
  CHECK(Starts(schedule, kStart) == Ids{1, 2, 3});
  schedule.Finished(1, Outcome::kBackOff, kStart);
  CHECK(schedule.Finished(2, Outcome::kDone, kStart) == seconds(60));
}

TEST_CASE("the concurrency bounds what runs; the rest starts by slot") {
  Schedule schedule(2);
  for (Id id = 1; id <= 5; ++id) {
    schedule.Put(id, "", seconds(60), HashOf(seconds(10 - id)), kStart);
  }
  CHECK(Starts(schedule, At(seconds(30))) == Ids{5, 4});
  CHECK(schedule.running() == 2);
  CHECK_FALSE(schedule.NextWake());
  schedule.Finished(4, Outcome::kDone, At(seconds(31)));
  CHECK(schedule.NextWake() == At(seconds(7)));
  CHECK(Starts(schedule, At(seconds(31))) == Ids{3});
  schedule.Finished(5, Outcome::kDone, At(seconds(32)));
  schedule.Finished(3, Outcome::kDone, At(seconds(32)));
  CHECK(Starts(schedule, At(seconds(32))) == Ids{2, 1});
}

TEST_CASE("a concurrency of 0 starts nothing and never wakes") {
  Schedule schedule(0);
  schedule.Put(1, "a", seconds(60), 0, kStart);
  CHECK_FALSE(schedule.Next(At(hours(1))));
  CHECK_FALSE(schedule.NextWake());
}

TEST_CASE("back-off doubles from 2 intervals up to an hour, on the grid") {
  Schedule schedule(kPlenty);
  schedule.Put(1, "a", minutes(5), 0, kStart);
  Time slot = kStart;
  // Every probe takes a minute, so 2 intervals after it are 10 minutes, and
  // the first slot after those is 15 minutes from the last one.
  for (const int want : {15, 25, 45, 65, 65, 65}) {
    REQUIRE(schedule.Next(slot));
    const Time end = slot + minutes(1);
    CHECK(schedule.Finished(1, Outcome::kBackOff, end) == minutes(want - 1));
    slot += minutes(want);
    CHECK(schedule.NextWake() == slot);
  }
  REQUIRE(schedule.Next(slot));
  CHECK(schedule.Finished(1, Outcome::kNeutral, slot) == minutes(5));
  slot += minutes(5);
  REQUIRE(schedule.Next(slot));
  // What says nothing did not reset it: still an hour.
  CHECK(schedule.Finished(1, Outcome::kBackOff, slot) == hours(1));
  slot += hours(1);
  REQUIRE(schedule.Next(slot));
  CHECK(schedule.Finished(1, Outcome::kDone, slot) == minutes(5));
  slot += minutes(5);
  REQUIRE(schedule.Next(slot));
  CHECK(schedule.Finished(1, Outcome::kBackOff, slot) == minutes(10));
}

TEST_CASE("back-off does not shorten an interval of more than an hour") {
  Schedule schedule(kPlenty);
  schedule.Put(1, "a", hours(3), 0, kStart);
  REQUIRE(schedule.Next(kStart));
  CHECK(schedule.Finished(1, Outcome::kBackOff, At(seconds(10))) ==
        hours(3) - seconds(10));
}

TEST_CASE("a back-off holds for all entries of the server") {
  Schedule schedule(kPlenty);
  schedule.Put(1, "a", seconds(60), 0, kStart);
  schedule.Put(2, "a", seconds(60), HashOf(seconds(10)), kStart);
  schedule.Put(3, "a", seconds(60), HashOf(seconds(50)), kStart);
  schedule.Put(4, "b", seconds(60), HashOf(seconds(15)), kStart);
  REQUIRE(schedule.Next(kStart));
  // 2 is already waiting when the server asks us to come later.
  CHECK(Starts(schedule, At(seconds(11))).empty());
  // 120 s from 20 s on: 140 s.
  CHECK(schedule.Finished(1, Outcome::kBackOff, At(seconds(20))) ==
        seconds(220));
  CHECK(Starts(schedule, At(seconds(139))) == Ids{4});
  schedule.Finished(4, Outcome::kDone, At(seconds(139)));
  // A new entry of the server waits as well.
  schedule.Put(5, "a", seconds(60), 0, At(seconds(130)));
  // One goes first, and the others not all at once: each on its own grid.
  CHECK(schedule.NextWake() == At(seconds(190)));
  CHECK(Starts(schedule, At(seconds(190))) == Ids{2});
  schedule.Finished(2, Outcome::kDone, At(seconds(191)));
  CHECK(Starts(schedule, At(seconds(229))) == Ids{4});
  CHECK(Starts(schedule, At(seconds(230))) == Ids{3});
  schedule.Finished(3, Outcome::kDone, At(seconds(231)));
  CHECK(Starts(schedule, At(seconds(240))) == Ids{1});
}

TEST_CASE("one that the server never likes does not starve the others") {
  // Wherever their slots lie, also while the unloved ones are being refused.
  for (const int liked_at : {1, 5, 9, 11, 30, 59}) {
    INFO(liked_at);
    Schedule schedule(kPlenty);
    schedule.Put(1, "a", seconds(60), HashOf(seconds(liked_at)), kStart);
    schedule.Put(2, "a", seconds(60), HashOf(seconds(0)), kStart);
    schedule.Put(3, "a", seconds(60), HashOf(seconds(4)), kStart);
    std::map<Id, int> runs;
    Time now = kStart;
    while (now < kStart + hours(2)) {
      const auto wake = schedule.NextWake();
      REQUIRE(wake);
      now = std::max(now, *wake);
      const auto start = schedule.Next(now);
      REQUIRE(start);
      ++runs[start->id];
      now += seconds(10);  // To be sent away takes longer than slots lie apart.
      schedule.Finished(
          start->id, start->id == 1 ? Outcome::kDone : Outcome::kBackOff, now);
    }
    CHECK(runs[1] >= 10);
    CHECK(runs[2] >= 3);
    CHECK(runs[3] >= 3);
  }
}

TEST_CASE("a changed interval moves the next slot into the new grid") {
  struct Case {
    const char* name;
    int old_interval, new_interval, hash, now, want;
  };
  const Case cases[] = {
      {"shorter", 600, 60, 590, 5, 50},
      {"shorter, later", 600, 60, 590, 55, 110},
      {"longer", 60, 600, 590, 45, 590},
      {"the same", 60, 60, 590, 5, 50},
      {"one that is due stays due", 60, 600, 10, 20, 10},
  };
  for (const Case& test : cases) {
    INFO(test.name);
    Schedule schedule(kPlenty);
    const std::uint64_t hash = HashOf(seconds(test.hash));
    schedule.Put(1, "a", seconds(test.old_interval), hash, kStart);
    schedule.Put(1, "a", seconds(test.new_interval), hash,
                 At(seconds(test.now)));
    CHECK(schedule.size() == 1);
    CHECK(schedule.NextWake() == At(seconds(test.want)));
  }
}

TEST_CASE("a changed server key holds from the next slot on") {
  Schedule schedule(kPlenty);
  schedule.Put(1, "a", seconds(60), 0, kStart);
  schedule.Put(2, "b", seconds(60), 0, kStart);
  schedule.Put(3, "b", seconds(60), HashOf(seconds(1)), kStart);
  CHECK(Starts(schedule, At(seconds(5))) == Ids{1, 2});
  // 3 waits for 2; now it belongs to nobody's server and may go.
  schedule.Put(3, "c", seconds(60), HashOf(seconds(1)), At(seconds(6)));
  CHECK(Starts(schedule, At(seconds(6))) == Ids{3});
  // 1 runs: it answers for "a" still, and then stands behind 2.
  schedule.Put(1, "b", seconds(60), 0, At(seconds(6)));
  CHECK(schedule.Finished(1, Outcome::kBackOff, At(seconds(7))) == seconds(53));
  CHECK(Starts(schedule, At(seconds(60))).empty());
  schedule.Finished(2, Outcome::kDone, At(seconds(70)));
  CHECK(Starts(schedule, At(seconds(70))) == Ids{1});
}

TEST_CASE("removed entries") {
  Schedule schedule(2);
  schedule.Put(1, "a", seconds(60), 0, kStart);
  schedule.Put(2, "a", seconds(60), 0, kStart);
  schedule.Remove(7);
  schedule.Remove(2);
  CHECK(schedule.size() == 1);
  CHECK(Starts(schedule, kStart) == Ids{1});

  SECTION("one that runs counts until it ends, and blocks its server") {
    schedule.Put(2, "a", seconds(60), 0, kStart);
    schedule.Remove(1);
    schedule.Remove(1);
    CHECK(schedule.size() == 1);
    CHECK(schedule.running() == 1);
    CHECK(Starts(schedule, At(seconds(1))).empty());
    CHECK(schedule.Finished(1, Outcome::kDone, At(seconds(2))) ==
          Duration::zero());
    CHECK(schedule.running() == 0);
    CHECK(Starts(schedule, At(seconds(2))) == Ids{2});
  }
  SECTION("its last words hold for the server") {
    schedule.Put(2, "a", seconds(60), 0, kStart);
    schedule.Remove(1);
    schedule.Finished(1, Outcome::kBackOff, At(seconds(2)));
    CHECK(schedule.NextWake() == At(seconds(180)));
  }
  SECTION("one that comes back while it runs does not run twice") {
    schedule.Remove(1);
    schedule.Put(1, "b", seconds(30), HashOf(seconds(7)), At(seconds(2)));
    CHECK(schedule.size() == 1);
    CHECK(schedule.running() == 1);
    CHECK(Starts(schedule, At(seconds(20))).empty());
    CHECK(schedule.Finished(1, Outcome::kDone, At(seconds(20))) == seconds(19));
    CHECK(schedule.NextWake() == At(seconds(39)));
  }
  SECTION("nothing is left") {
    schedule.Remove(1);
    schedule.Finished(1, Outcome::kDone, At(seconds(2)));
    CHECK(schedule.size() == 0);
    CHECK(schedule.running() == 0);
    CHECK_FALSE(schedule.NextWake());
  }
}

// What the caller may rely on, checked against random calls. Knows only what
// went through the interface, nothing of how it is done.
class Witness {
 public:
  static constexpr std::size_t kConcurrency = 6;
  static constexpr Id kIds = 40;
  static constexpr int kKeys = 12;  // The last one is the empty key.

  explicit Witness(unsigned seed) : random_(seed), schedule_(kConcurrency) {}

  void Step() {
    now_ += Duration(Pick(3) == 0 ? 0 : Pick(20) * 500'000'000ll);
    switch (Pick(8)) {
      case 0:
        Put(static_cast<Id>(Pick(static_cast<int>(kIds))));
        break;
      case 1:
        if (Pick(3) == 0) Remove(static_cast<Id>(Pick(int{kIds})));
        break;
      default:
        if (!running_.empty()) Finish();
        break;
    }
    Forget();
    Drain();
  }

 private:
  struct Entry {
    std::string key;
    Duration interval{};
    std::optional<Time> grid;  // Any slot of it, once known.
    std::optional<Time> next;  // The next slot, as long as nothing moves it.
    Time last = Time::min();   // The latest slot that it has run for.
  };

  int Pick(int below) {
    return static_cast<int>(random_() % static_cast<unsigned>(below));
  }
  std::string ServerOf(Id id, const std::string& key) const {
    return key.empty() ? "private " + std::to_string(id) : key;
  }

  void Put(Id id) {
    const int key_number = Pick(kKeys);
    const std::string key =
        key_number == kKeys - 1 ? "" : "k" + std::to_string(key_number);
    const Duration interval = seconds(10 * (1 + Pick(6)));
    schedule_.Put(id, key, interval, id * 7'777'777'777u, now_);
    const bool known = entries_.count(id) != 0;
    Entry& entry = entries_[id];
    if (known && key != entry.key) Unhold(id);
    entry.next.reset();
    if (!known || entry.interval != interval) entry.grid.reset();
    entry.key = key;
    entry.interval = interval;
  }

  void Remove(Id id) {
    schedule_.Remove(id);
    entries_.erase(id);
    Unhold(id);
  }

  void Unhold(Id id) {
    for (auto& [server, held] : held_) held.second.erase(id);
  }

  // A server that nobody names and nobody runs on may lose its back-off when
  // that has long been over.
  void Forget() {
    for (auto held = held_.begin(); held != held_.end();) {
      const std::string& server = held->first;
      if (Members(server).empty() && !Busy(server) &&
          now_ >= held->second.first) {
        backoffs_.erase(server);
        held = held_.erase(held);
      } else {
        ++held;
      }
    }
  }

  bool Busy(const std::string& server) const {
    return std::any_of(running_.begin(), running_.end(),
                       [&](const auto& run) { return run.second == server; });
  }

  void Finish() {
    const auto run =
        std::next(running_.begin(), Pick(static_cast<int>(running_.size())));
    const auto [id, server] = *run;
    running_.erase(run);
    const auto outcome = static_cast<Outcome>(Pick(3));
    const Duration wait = schedule_.Finished(id, outcome, now_);
    const auto entry = entries_.find(id);
    if (outcome == Outcome::kDone) backoffs_[server] = 0;
    if (outcome == Outcome::kBackOff) {
      for (auto& [other, its] : entries_) its.next.reset();
    }
    if (outcome == Outcome::kBackOff && entry != entries_.end()) {
      Duration span = entry->second.interval;
      for (int i = ++backoffs_[server]; i > 0 && span < kMaxBackoff; --i) {
        span *= 2;
      }
      held_[server] = {now_ + std::min(span, kMaxBackoff), Members(server)};
    }
    if (entry == entries_.end()) {
      REQUIRE(wait == Duration::zero());
      return;
    }
    REQUIRE(wait > Duration::zero());
    entry->second.next = now_ + wait;
    entry->second.grid = now_ + wait;
  }

  std::set<Id> Members(const std::string& server) const {
    std::set<Id> ids;
    for (const auto& [id, entry] : entries_) {
      if (ServerOf(id, entry.key) == server) ids.insert(id);
    }
    return ids;
  }

  void Drain() {
    std::optional<Time> wake = schedule_.NextWake();
    Time last_slot = Time::min();
    while (const auto start = schedule_.Next(now_)) {
      REQUIRE(wake);
      REQUIRE(*wake <= now_);
      CheckStart(*start);
      const Time slot = now_ - start->lag;
      REQUIRE(slot == *wake);
      REQUIRE(slot >= last_slot);  // First come, first served.
      last_slot = slot;
      wake = schedule_.NextWake();
    }
    REQUIRE((!wake || *wake > now_));
    REQUIRE(schedule_.running() == running_.size());
    REQUIRE(running_.size() <= kConcurrency);
    REQUIRE(schedule_.size() == entries_.size());
    CheckNobodyForgotten();
  }

  void CheckStart(const Schedule::Start& start) {
    const auto found = entries_.find(start.id);
    REQUIRE(found != entries_.end());
    Entry& entry = found->second;
    const Time slot = now_ - start.lag;
    REQUIRE(start.lag >= Duration::zero());
    REQUIRE(slot > entry.last);
    entry.last = slot;
    if (entry.grid) {
      REQUIRE((slot - *entry.grid) % entry.interval == Duration::zero());
    }
    const std::string server = ServerOf(start.id, entry.key);
    REQUIRE(running_.count(start.id) == 0);
    REQUIRE_FALSE(Busy(server));
    const auto held = held_.find(server);
    if (held != held_.end() && held->second.second.count(start.id) != 0) {
      REQUIRE(now_ >= held->second.first);
    }
    running_[start.id] = server;
  }

  void CheckNobodyForgotten() const {
    if (running_.size() == kConcurrency) return;
    for (const auto& [id, entry] : entries_) {
      if (running_.count(id) != 0 || !entry.next || *entry.next > now_) {
        continue;
      }
      REQUIRE(Busy(ServerOf(id, entry.key)));
    }
  }

  std::mt19937 random_;
  Schedule schedule_;
  Time now_ = kStart;
  std::map<Id, Entry> entries_;
  std::map<Id, std::string> running_;  // And the server they run on.
  std::map<std::string, int> backoffs_;
  // Until when, and whom of those that were there.
  std::map<std::string, std::pair<Time, std::set<Id>>> held_;
};

TEST_CASE("what is put for one run is due at once and is forgotten") {
  Schedule schedule(kPlenty);
  schedule.PutOnce(1, "server", seconds(60), kStart);
  CHECK(schedule.size() == 0);
  CHECK(schedule.NextWake() == kStart);
  REQUIRE(Starts(schedule, kStart) == std::vector<Id>{1});
  CHECK(schedule.running() == 1);
  CHECK(schedule.Finished(1, Outcome::kDone, At(seconds(1))) ==
        Duration::zero());
  CHECK(schedule.running() == 0);
  CHECK(Starts(schedule, At(seconds(600))).empty());
}

TEST_CASE("what is put for one run shares its server's turn and back-off") {
  Schedule schedule(kPlenty);
  schedule.Put(1, "server", seconds(60), 0, kStart);
  REQUIRE(Starts(schedule, kStart) == std::vector<Id>{1});
  schedule.PutOnce(2, "server", seconds(60), At(seconds(1)));
  CHECK(Starts(schedule, At(seconds(1))).empty());
  CHECK_FALSE(schedule.BackedOffUntil("server", At(seconds(1))));
  schedule.Finished(1, Outcome::kBackOff, At(seconds(2)));
  CHECK(schedule.BackedOffUntil("server", At(seconds(2))) == At(seconds(122)));
  CHECK_FALSE(schedule.BackedOffUntil("server", At(seconds(122))));
  CHECK_FALSE(schedule.BackedOffUntil("another", At(seconds(2))));
  CHECK(Starts(schedule, At(seconds(2))).empty());
  // Given up before its turn.
  schedule.Remove(2);
  CHECK(schedule.size() == 1);
  CHECK(Starts(schedule, At(seconds(240))) == std::vector<Id>{1});
}

TEST_CASE("what is asked for takes no place from what is on the grid") {
  Schedule schedule(2);
  for (Id id = 11; id <= 13; ++id) {
    schedule.PutOnce(id, "silent " + std::to_string(id), seconds(60), kStart);
  }
  for (Id id = 1; id <= 3; ++id) {
    schedule.Put(id, "server " + std::to_string(id), seconds(60),
                 HashOf(seconds(id)), kStart);
  }
  CHECK(Starts(schedule, kStart) == Ids{11, 12});
  CHECK(schedule.NextWake() == At(seconds(1)));
  CHECK(Starts(schedule, At(seconds(3))) == Ids{1, 2});
  CHECK(schedule.running() == 4);
  CHECK_FALSE(schedule.NextWake());
  schedule.Finished(2, Outcome::kDone, At(seconds(4)));
  CHECK(Starts(schedule, At(seconds(4))) == Ids{3});
  schedule.Finished(11, Outcome::kDone, At(seconds(5)));
  CHECK(schedule.NextWake() == kStart);
  CHECK(Starts(schedule, At(seconds(5))) == Ids{13});
}

// Nobody watches the server; it is only asked for.
void AskOnce(Schedule& schedule, Id id, Outcome outcome, Time now) {
  REQUIRE_FALSE(schedule.BackedOffUntil("server", now));
  schedule.PutOnce(id, "server", seconds(60), now);
  REQUIRE(Starts(schedule, now) == Ids{id});
  schedule.Finished(id, outcome, now);
}

TEST_CASE("a back-off outlives the one who met it") {
  Schedule schedule(kPlenty);
  AskOnce(schedule, 1, Outcome::kBackOff, kStart);
  CHECK(schedule.BackedOffUntil("server", At(seconds(15))) == At(seconds(120)));
  SECTION("who comes after it and is sent away doubles it") {
    AskOnce(schedule, 2, Outcome::kBackOff, At(seconds(120)));
    CHECK(schedule.BackedOffUntil("server", At(seconds(130))) ==
          At(seconds(360)));
  }
  SECTION("who comes long after it begins anew") {
    AskOnce(schedule, 2, Outcome::kBackOff, At(seconds(240)));
    CHECK(schedule.BackedOffUntil("server", At(seconds(250))) ==
          At(seconds(360)));
  }
  SECTION("a server that talks to us again is forgotten") {
    AskOnce(schedule, 2, Outcome::kDone, At(seconds(120)));
    AskOnce(schedule, 3, Outcome::kBackOff, At(seconds(121)));
    CHECK(schedule.BackedOffUntil("server", At(seconds(130))) ==
          At(seconds(241)));
  }
  SECTION("whoever begins to watch the server keeps to it") {
    schedule.Put(2, "server", seconds(60), 0, At(seconds(30)));
    CHECK(schedule.NextWake() == At(seconds(150)));
    schedule.Remove(2);
    CHECK(schedule.BackedOffUntil("server", At(seconds(30))) ==
          At(seconds(120)));
  }
}

TEST_CASE("of servers without entries not too many are remembered") {
  Schedule schedule(kPlenty);
  const auto server = [](Id id) { return "server " + std::to_string(id); };
  for (Id id = 0; id <= kMaxResting; ++id) {
    const Time now = At(std::chrono::milliseconds(id));
    schedule.PutOnce(id, server(id), hours(1), now);
    REQUIRE(Starts(schedule, now) == Ids{id});
    schedule.Finished(id, Outcome::kBackOff, now);
  }
  // The one that would have been the next to be forgotten.
  CHECK_FALSE(schedule.BackedOffUntil(server(0), At(minutes(1))));
  CHECK(schedule.BackedOffUntil(server(1), At(minutes(1))));
  CHECK(schedule.BackedOffUntil(server(kMaxResting), At(minutes(1))));
}

TEST_CASE("who asked once does not take the place of who has waited longest") {
  Schedule schedule(kPlenty);
  schedule.Put(1, "server", seconds(60), 0, kStart);
  schedule.Put(2, "server", seconds(60), 0, kStart);
  REQUIRE(schedule.Next(kStart)->id == 1);
  schedule.PutOnce(3, "server", seconds(60), At(seconds(1)));
  schedule.Finished(1, Outcome::kBackOff, At(seconds(2)));
  schedule.Remove(3);
  // The other one goes first when the back-off ends, and not a minute later.
  CHECK(schedule.NextWake() == At(seconds(180)));
  CHECK(schedule.Next(At(seconds(180)))->id == 2);
}

TEST_CASE("a back-off that an asker met counts in the schedule's interval") {
  Schedule schedule(kPlenty);
  schedule.Put(1, "server", seconds(10), 0, kStart);
  REQUIRE(schedule.Next(kStart)->id == 1);
  schedule.Finished(1, Outcome::kDone, kStart);
  schedule.PutOnce(2, "server", std::chrono::hours(24), At(seconds(1)));
  REQUIRE(schedule.Next(At(seconds(1)))->id == 2);
  schedule.Finished(2, Outcome::kBackOff, At(seconds(2)));
  CHECK(schedule.BackedOffUntil("server", At(seconds(2))) == At(seconds(22)));
  // Of a server that nobody watches, in a minute at most.
  schedule.PutOnce(3, "other", std::chrono::hours(24), kStart);
  REQUIRE(schedule.Next(kStart)->id == 3);
  schedule.Finished(3, Outcome::kBackOff, kStart);
  CHECK(schedule.BackedOffUntil("other", kStart) == At(seconds(120)));
}

TEST_CASE("a server meets what is asked for at a pace of its own") {
  Schedule schedule(kPlenty);
  Id id = 1;
  const auto ask = [&](Time now) {
    schedule.PutOnce(id, "server", seconds(60), now);
    const auto next = schedule.NextWake();
    REQUIRE(next);
    REQUIRE(schedule.Next(*next)->id == id);
    schedule.Finished(id++, Outcome::kDone, *next);
    return *next;
  };
  for (int i = 0; i < kOnceBurst; ++i) CHECK(ask(kStart) == kStart);
  CHECK(ask(kStart) == At(kOncePace));
  CHECK(ask(kStart) == At(2 * kOncePace));
  // Rest gives it back.
  const Time later = At(seconds(3600));
  for (int i = 0; i < kOnceBurst; ++i) CHECK(ask(later) == later);
}

TEST_CASE("random calls never break what the caller relies on") {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    INFO(seed);
    Witness witness(seed);
    for (int step = 0; step < 2000; ++step) witness.Step();
  }
}

TEST_CASE("a hundred thousand entries, half of them on one server") {
  constexpr Id kCount = 100'000;
  Schedule schedule(kPlenty);
  std::mt19937_64 random(1);
  for (Id id = 0; id < kCount; ++id) {
    schedule.Put(id, id % 2 == 0 ? "shared" : "", seconds(60), random(),
                 kStart);
  }
  Id runs = 0;
  for (Time now = kStart; now < At(seconds(60)); now += seconds(1)) {
    std::vector<Id> ids;
    do {
      ids = Starts(schedule, now);
      for (const Id id : ids) schedule.Finished(id, Outcome::kDone, now);
      runs += ids.size();
    } while (!ids.empty());
  }
  // Only those whose slot lies in the last second are left.
  CHECK(runs > kCount * 97 / 100);
  CHECK(runs < kCount);
  CHECK(schedule.running() == 0);
}

}  // namespace
}  // namespace probe::plan
