// Who is due when. Pure: time is an argument, nothing sleeps.
//
// - Every entry has a fixed grid: its first slot lies `offset` after it was
//   added, then one slot per interval. A slot that passes while the entry is
//   busy, backed off or out of budget is skipped or served late, never doubled.
// - Entries with one server key share a server: one of them runs at a time, and
//   a back-off asked for by the server holds for all of them, and for those
//   that come when the last of them has left. When it ends, the one that has
//   waited longest goes first and the others an interval later: so none that is
//   always sent away can starve the others.
// - At most `concurrency` entries run at once; those that are due meanwhile
//   start in the order of their slots.
// - An entry may be there for one run only, as soon as its server is free: a
//   probe that somebody asked for. It takes part in everything but the grid,
//   and has a concurrency of its own: however many are asked for, and however
//   long their servers are silent, the grid is kept.
#ifndef PROBE_PLAN_SCHEDULE_H_
#define PROBE_PLAN_SCHEDULE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "probe/clock.h"

namespace probe::plan {

// A server that asks us to go away (421, or 4xx to greeting or EHLO) is left
// alone for 2, 4, 8 ... intervals, up to this.
inline constexpr Duration kMaxBackoff = std::chrono::hours(1);
// A back-off that an asker met counts in the shortest interval of its server's
// scheduled entries; where there are none, in the asker's, and in this at most.
// Somebody's module with a long interval would else silence the schedule.
inline constexpr Duration kMaxOnceInterval = std::chrono::seconds(60);
// However many ask, under however many names: a server meets so many of their
// conversations one after the other, and then one in so long.
inline constexpr int kOnceBurst = 20;
inline constexpr Duration kOncePace = std::chrono::seconds(1);
// Servers without an entry whose back-off is remembered: about 200 bytes each.
// Whoever may ask for any server could else fill the memory.
inline constexpr std::size_t kMaxResting = 10'000;

class Schedule {
 public:
  using Id = std::uint64_t;

  explicit Schedule(std::size_t concurrency);

  // Adds an entry; its first slot is now + (hash % interval). An id that is
  // known is changed: a new interval moves the next slot so that it is at most
  // one new interval away and keeps its place in the spread; nothing else
  // moves. `server_key` may change too (takes effect at the next slot); an
  // empty one shares with nobody. `interval` is positive.
  void Put(Id id, std::string_view server_key, Duration interval,
           std::uint64_t hash, Time now);
  // Adds an entry that runs once and is due as soon as its server's pace allows
  // (kOncePace); Finished forgets it. `id` is not known. `interval` is what a
  // back-off of the server counts in, see kMaxOnceInterval.
  void PutOnce(Id id, std::string_view server_key, Duration interval, Time now);
  // Forgets the entry. One that is running counts as running until Finished.
  void Remove(Id id);
  // Until when the server asked to be left alone; none when it did not, or is
  // not known.
  std::optional<Time> BackedOffUntil(std::string_view server_key,
                                     Time now) const;

  struct Start {
    Id id;
    Duration lag;  // How long after its slot it starts.
  };
  // An entry that has to start now, marked as running; none when nothing is
  // due or its concurrency is used up. Call until it returns nothing.
  std::optional<Start> Next(Time now);
  // When Next could return something without another Finished or Put; none:
  // never.
  std::optional<Time> NextWake() const;

  enum class Outcome {
    kDone,     // Resets the server's back-off.
    kBackOff,  // The server asked us to come later: doubles it.
    kNeutral,  // Says nothing about it (refused, timeout): keeps it.
  };
  // A running entry has ended. Returns the time from `now` until its next
  // slot that may run, back-off included (zero if it was removed meanwhile, or
  // was there for this run only).
  Duration Finished(Id id, Outcome outcome, Time now);

  // The entries whose next slot a back-off of their server has moved since the
  // last call, without the one that was told to back off: id, and the time from
  // the slot it last ran in to its next. Entries that never ran are left out.
  std::vector<std::pair<Id, Duration>> TakePostponed();

  std::size_t size() const;     // Known entries on the grid.
  std::size_t running() const;  // Also those removed while running.

 private:
  using Slot = std::pair<Time, Id>;  // Equal times start in order of ids.
  struct Server {
    std::set<Slot> waiting;  // Of the entries that do not run.
    Time not_before = Time::min();
    // Until then its back-offs count as a row, the next one is longer; and what
    // was asked for counts.
    Time forget_at = Time::min();
    // When all that was asked for would have come, one for each kOncePace.
    Time asked_until = Time::min();
    std::size_t users = 0;  // Entries that name it.
    int backoffs = 0;       // In a row.
    bool busy = false;
  };
  // With its key, which does not move while the server lives.
  using SharedServer = std::pair<const std::string, Server>;
  struct Entry {
    Time added{};
    Duration interval{};
    Duration offset{};  // From `added` to the grid's first slot.
    Time slot{};        // The next one; not before its server's not_before.
    std::optional<Time> ran;  // The slot it last ran in.
    SharedServer* server = nullptr;
    SharedServer* next_server = nullptr;  // From Finished on, if set.
    bool running = false;
    bool removed = false;  // While running.
    bool once = false;
  };

  using Ready = std::map<Slot, SharedServer*>;

  static Time SlotAtOrAfter(const Entry& entry, Time time);
  SharedServer* Acquire(std::string_view key, Id id);
  // With its last entry a server goes, unless it has backed us off.
  void Release(SharedServer* server);
  void ForgetRested(Time now);
  Ready& ReadyOf(const Slot& head);
  // The entry that is next, of those whose concurrency is not used up; null:
  // none.
  const Ready::value_type* First() const;
  // Every change of `waiting` or `busy` stands between these two.
  void Hide(const SharedServer* server);
  void Show(SharedServer* server);
  void Enqueue(Id id, Entry& entry);
  void Dequeue(Id id, const Entry& entry);
  void Change(Id id, Entry& entry, std::string_view server_key,
              Duration interval, Duration offset, Time now);
  Duration BackoffInterval(const Entry& entry) const;
  void BackOff(const Entry& backed_off, Time now);

  const std::size_t concurrency_;
  std::vector<std::pair<Id, Duration>> postponed_;
  std::size_t known_ = 0;
  std::size_t running_ = 0;       // Of the grid,
  std::size_t running_once_ = 0;  // and of those that run once.
  std::unordered_map<Id, Entry> entries_;
  std::unordered_map<std::string, Server> servers_;
  // Servers without entries, by when they are forgotten.
  std::set<std::pair<Time, SharedServer*>> resting_;
  // The first slot of every server that is not busy, by what is due there.
  Ready ready_;
  Ready ready_once_;
};

}  // namespace probe::plan

#endif  // PROBE_PLAN_SCHEDULE_H_
