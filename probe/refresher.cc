#include "probe/refresher.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>

namespace probe {

Refresher::Refresher(uv_loop_t* loop, Ask ask)
    : ask_(std::move(ask)), timer_(loop, [this] { AskDue(); }) {}

void Refresher::Start() {
  started_ = true;
  for (const auto& [serial, name] : std::exchange(asked_, {})) {
    const auto found = keys_.find(name);
    if (found == keys_.end()) continue;
    found->second.asking = false;
    Enqueue(*found);
  }
  AskDue();
}

bool Refresher::Add(const std::string& key) {
  const auto [place, added] = keys_.try_emplace(key);
  if (!added) return false;
  place->second.due = net::Now();
  Enqueue(*place);
  AskDue();
  return true;
}

void Refresher::Remove(const std::string& key) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return;
  QueueOf(found->second).erase({found->second.due, &found->first});
  keys_.erase(found);
}

bool Refresher::Accept(const std::string& key, std::uint64_t serial) {
  const auto found = keys_.find(key);
  if (found != keys_.end() && found->second.asking &&
      found->second.serial == serial) {
    return true;
  }
  if (asked_.erase(serial) != 0) AskDue();
  return false;
}

void Refresher::Settle(const std::string& key, Duration ttl, bool open) {
  const auto found = keys_.find(key);
  assert(found != keys_.end() && found->second.asking);
  asked_.erase(found->second.serial);
  found->second.asking = false;
  found->second.open = open;
  found->second.due = net::Now() + ttl;
  Enqueue(*found);
  AskDue();
}

void Refresher::AskDue() {
  if (!started_) return;
  const Time now = net::Now();
  AskFrom(due_, now);
  AskFrom(retries_, now);
  // While no more may be asked, the next answer brings us here.
  if (asked_.size() >= kMaxLookups) return;
  std::optional<Time> next;
  for (const Queue* const queue : {&due_, &retries_}) {
    if (queue->empty()) continue;
    const Time due = queue->begin()->first;
    next = next ? std::min(*next, due) : due;
  }
  if (next) timer_.At(*next);
}

void Refresher::AskFrom(Queue& queue, Time now) {
  while (asked_.size() < kMaxLookups && !queue.empty() &&
         queue.begin()->first <= now) {
    const std::string& name = *queue.begin()->second;
    queue.erase(queue.begin());
    Key& key = keys_.at(name);
    key.asking = true;
    key.serial = ++last_serial_;
    asked_.emplace(key.serial, name);
    ask_(name, key.serial);
  }
}

}  // namespace probe
