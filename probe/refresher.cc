#include "probe/refresher.h"

#include <cassert>
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
    due_.emplace(found->second.due, &found->first);
  }
  AskDue();
}

bool Refresher::Add(const std::string& key) {
  const auto [place, added] = keys_.try_emplace(key);
  if (!added) return false;
  place->second.due = net::Now();
  due_.emplace(place->second.due, &place->first);
  AskDue();
  return true;
}

void Refresher::Remove(const std::string& key) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) return;
  due_.erase({found->second.due, &found->first});
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

void Refresher::Settle(const std::string& key, Duration ttl) {
  const auto found = keys_.find(key);
  assert(found != keys_.end() && found->second.asking);
  asked_.erase(found->second.serial);
  found->second.asking = false;
  found->second.due = net::Now() + ttl;
  due_.emplace(found->second.due, &found->first);
  AskDue();
}

void Refresher::AskDue() {
  if (!started_) return;
  const Time now = net::Now();
  while (asked_.size() < kMaxLookups && !due_.empty() &&
         due_.begin()->first <= now) {
    const std::string& name = *due_.begin()->second;
    due_.erase(due_.begin());
    Key& key = keys_.at(name);
    key.asking = true;
    key.serial = ++last_serial_;
    asked_.emplace(key.serial, name);
    ask_(name, key.serial);
  }
  // While no more may be asked, the next answer brings us here.
  if (asked_.size() < kMaxLookups && !due_.empty()) {
    timer_.At(due_.begin()->first);
  }
}

}  // namespace probe
