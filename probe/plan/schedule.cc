#include "probe/plan/schedule.h"

#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

namespace probe::plan {
namespace {

// How long a server is left alone after `count` back-offs in a row.
Duration BackoffAfter(int count, Duration interval) {
  Duration wait = interval;
  for (int i = 0; i < count && wait < kMaxBackoff; ++i) wait *= 2;
  return std::min(wait, kMaxBackoff);
}

// An empty key shares with nobody. No key given by the user of the schedule
// holds a NUL.
std::string PrivateKey(Schedule::Id id) {
  return std::string(1, '\0') + std::to_string(id);
}

}  // namespace

Schedule::Schedule(std::size_t concurrency) : concurrency_(concurrency) {}

Time Schedule::SlotAtOrAfter(const Entry& entry, Time time) {
  const Time first = entry.added + entry.offset;
  if (time <= first) return first;
  const Duration passed = time - first;
  const auto whole = passed / entry.interval;
  const Time slot = first + whole * entry.interval;
  return slot < time ? slot + entry.interval : slot;
}

Schedule::SharedServer* Schedule::Acquire(std::string_view key, Id id) {
  SharedServer& server =
      *servers_.try_emplace(key.empty() ? PrivateKey(id) : std::string(key))
           .first;
  if (server.second.users++ == 0) {
    resting_.erase({server.second.forget_at, &server});
  }
  return &server;
}

void Schedule::Release(SharedServer* server) {
  assert(server->second.users > 0);
  if (--server->second.users > 0) return;
  const bool is_private = server->first.front() == '\0';
  if (server->second.forget_at == Time::min() || is_private) {
    servers_.erase(servers_.find(server->first));
    return;
  }
  resting_.emplace(server->second.forget_at, server);
  if (resting_.size() > kMaxResting) ForgetRested(resting_.begin()->first);
}

void Schedule::ForgetRested(Time now) {
  while (!resting_.empty() && resting_.begin()->first <= now) {
    servers_.erase(servers_.find(resting_.begin()->second->first));
    resting_.erase(resting_.begin());
  }
}

Schedule::Ready& Schedule::ReadyOf(const Slot& head) {
  return entries_.find(head.second)->second.once ? ready_once_ : ready_;
}

void Schedule::Show(SharedServer* server) {
  if (server->second.busy || server->second.waiting.empty()) return;
  const Slot& head = *server->second.waiting.begin();
  ReadyOf(head).emplace(head, server);
}

void Schedule::Hide(const SharedServer* server) {
  if (server->second.busy || server->second.waiting.empty()) return;
  const Slot& head = *server->second.waiting.begin();
  ReadyOf(head).erase(head);
}

void Schedule::Enqueue(Id id, Entry& entry) {
  Server& server = entry.server->second;
  if (entry.slot < server.not_before) {
    // Behind the one that goes first, if any waits.
    entry.slot = SlotAtOrAfter(
        entry, server.not_before +
                   (server.waiting.empty() ? Duration(0) : entry.interval));
  }
  Hide(entry.server);
  server.waiting.emplace(entry.slot, id);
  Show(entry.server);
}

void Schedule::Dequeue(Id id, const Entry& entry) {
  Hide(entry.server);
  entry.server->second.waiting.erase({entry.slot, id});
  Show(entry.server);
}

void Schedule::Put(Id id, std::string_view server_key, Duration interval,
                   std::uint64_t hash, Time now) {
  assert(interval > Duration::zero());
  const Duration offset(static_cast<Duration::rep>(
      hash % static_cast<std::uint64_t>(interval.count())));
  const auto [found, is_new] = entries_.try_emplace(id);
  Entry& entry = found->second;
  if (is_new || entry.removed) {
    ++known_;
    entry.added = now;
    entry.interval = interval;
    entry.offset = offset;
    if (entry.removed) {  // Still running: waits for Finished.
      entry.removed = false;
    } else {
      entry.server = Acquire(server_key, id);
      entry.slot = now + offset;
      Enqueue(id, entry);
      return;
    }
  }
  Change(id, entry, server_key, interval, offset, now);
}

void Schedule::PutOnce(Id id, std::string_view server_key, Duration interval,
                       Time now) {
  assert(interval > Duration::zero());
  ForgetRested(now);
  const auto [found, is_new] = entries_.try_emplace(id);
  assert(is_new);
  if (!is_new) return;
  Entry& entry = found->second;
  entry.added = now;
  entry.interval = interval;
  entry.once = true;
  entry.server = Acquire(server_key, id);
  Server& server = entry.server->second;
  const Time asked_until = std::max(server.asked_until, now);
  entry.slot = std::max(now, asked_until - (kOnceBurst - 1) * kOncePace);
  server.asked_until = asked_until + kOncePace;
  server.forget_at = std::max(server.forget_at, server.asked_until);
  Enqueue(id, entry);
}

std::optional<Time> Schedule::BackedOffUntil(std::string_view server_key,
                                             Time now) const {
  const auto server = servers_.find(std::string(server_key));
  if (server == servers_.end()) return std::nullopt;
  const Time until = server->second.not_before;
  return until > now ? std::optional(until) : std::nullopt;
}

void Schedule::Change(Id id, Entry& entry, std::string_view server_key,
                      Duration interval, Duration offset, Time now) {
  if (!entry.running) Dequeue(id, entry);
  if (interval != entry.interval) {
    entry.interval = interval;
    entry.offset = offset;
    // One that is due stays due. The others get the slot that they would have
    // if they had been added with this interval.
    if (!entry.running && entry.slot > now) {
      entry.slot = SlotAtOrAfter(entry, now);
    }
  }
  // Acquired before the old one is released: it may be the same one, whose
  // back-off must live on.
  SharedServer* const wanted = Acquire(server_key, id);
  if (entry.running) {
    if (entry.next_server != nullptr) Release(entry.next_server);
    entry.next_server = wanted;
    return;
  }
  Release(std::exchange(entry.server, wanted));
  Enqueue(id, entry);
}

void Schedule::Remove(Id id) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.removed) return;
  Entry& entry = found->second;
  if (!entry.once) --known_;
  if (entry.running) {
    entry.removed = true;
    return;
  }
  Dequeue(id, entry);
  Release(entry.server);
  entries_.erase(found);
}

const Schedule::Ready::value_type* Schedule::First() const {
  const Ready::value_type* first = nullptr;
  if (running_ < concurrency_ && !ready_.empty()) first = &*ready_.begin();
  if (running_once_ < concurrency_ && !ready_once_.empty()) {
    const auto& once = *ready_once_.begin();
    if (first == nullptr || once.first < first->first) first = &once;
  }
  return first;
}

std::optional<Schedule::Start> Schedule::Next(Time now) {
  const auto* const first = First();
  if (first == nullptr || first->first.first > now) return std::nullopt;
  const auto [slot, id] = first->first;
  Entry& entry = entries_.find(id)->second;
  Dequeue(id, entry);
  Hide(entry.server);
  entry.server->second.busy = true;
  entry.running = true;
  entry.ran = slot;
  ++(entry.once ? running_once_ : running_);
  return Start{.id = id, .lag = now - slot};
}

std::optional<Time> Schedule::NextWake() const {
  // A busy server is not ready: its Finished comes first.
  const auto* const first = First();
  return first == nullptr ? std::nullopt : std::optional(first->first.first);
}

Duration Schedule::BackoffInterval(const Entry& entry) const {
  if (!entry.once) return entry.interval;
  std::optional<Duration> shortest;
  for (const auto& [slot, id] : entry.server->second.waiting) {
    const Entry& other = entries_.find(id)->second;
    if (other.once) continue;
    shortest = std::min(shortest.value_or(other.interval), other.interval);
  }
  return shortest.value_or(std::min(entry.interval, kMaxOnceInterval));
}

void Schedule::BackOff(const Entry& backed_off, Time now) {
  Server& server = backed_off.server->second;
  ++server.backoffs;
  const Duration wait =
      BackoffAfter(server.backoffs, BackoffInterval(backed_off));
  server.not_before = now + wait;
  server.forget_at = server.not_before + wait;
  // Those that wait skip their slots in between: all at once when the back-off
  // ends is what the server could not bear.
  const std::vector<Slot> waiting(server.waiting.begin(), server.waiting.end());
  const auto longest = std::min_element(
      waiting.begin(), waiting.end(), [this](const Slot& a, const Slot& b) {
        const Entry& one = entries_.find(a.second)->second;
        const Entry& other = entries_.find(b.second)->second;
        // Who asked once is not one that has waited for long.
        return std::pair(one.once, one.ran) < std::pair(other.once, other.ran);
      });
  for (auto slot = waiting.begin(); slot != waiting.end(); ++slot) {
    Entry& entry = entries_.find(slot->second)->second;
    const Time earliest =
        server.not_before + (slot == longest ? Duration(0) : entry.interval);
    if (entry.slot >= earliest) continue;
    server.waiting.erase(*slot);
    entry.slot = SlotAtOrAfter(entry, earliest);
    server.waiting.emplace(entry.slot, slot->second);
    if (entry.ran) {
      postponed_.emplace_back(slot->second, entry.slot - *entry.ran);
    }
  }
}

std::vector<std::pair<Schedule::Id, Duration>> Schedule::TakePostponed() {
  return std::exchange(postponed_, {});
}

Duration Schedule::Finished(Id id, Outcome outcome, Time now) {
  const auto found = entries_.find(id);
  const bool known = found != entries_.end() && found->second.running;
  assert(known);
  if (!known) return Duration::zero();
  Entry& entry = found->second;
  SharedServer* const server = entry.server;
  --(entry.once ? running_once_ : running_);
  switch (outcome) {
    case Outcome::kDone:
      server->second.backoffs = 0;
      break;
    case Outcome::kBackOff:
      BackOff(entry, now);
      break;
    case Outcome::kNeutral:
      break;
  }
  server->second.busy = false;
  Show(server);

  SharedServer* const next = std::exchange(entry.next_server, nullptr);
  if (entry.removed || entry.once) {
    if (next != nullptr) Release(next);
    Release(server);
    entries_.erase(found);
    return Duration::zero();
  }
  if (next != nullptr) Release(std::exchange(entry.server, next));
  entry.running = false;
  // The first slot that this run has not touched: `now` itself has passed.
  entry.slot = SlotAtOrAfter(entry, now + Duration(1));
  Enqueue(id, entry);
  return entry.slot - now;
}

std::size_t Schedule::size() const { return known_; }

std::size_t Schedule::running() const { return running_ + running_once_; }

}  // namespace probe::plan
