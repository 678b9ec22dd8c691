#include "probe/endpoint_set.h"

#include <utility>

namespace probe {

EndpointSet::ConversationItem& EndpointSet::Intern(
    const std::shared_ptr<const Conversation>& one) {
  const auto [item, added] = conversations_.try_emplace(Fingerprint(*one));
  std::shared_ptr<const Conversation>& known = item->second.conversation;
  // The same but for what is in its files: its endpoints stay, and get it.
  if (known != one && (added || *known != *one)) known = one;
  return *item;
}

void EndpointSet::MarkDirty(Item& item) {
  if (item.second.dirty) return;
  item.second.dirty = true;
  dirty_.push_back(&item);
}

EndpointSet::Claim EndpointSet::Take(const Wanted& wanted) {
  ConversationItem& conversation = Intern(wanted.conversation);
  const auto [place, added] =
      records_.try_emplace(Key{.address = wanted.address,
                               .port = wanted.port,
                               .server_name = wanted.server_name,
                               .is_domain = wanted.is_domain,
                               .conversation = &conversation.first});
  if (added) ++conversation.second.users;
  Record& record = place->second;
  if (wanted.unresolved) {
    record.unresolved = wanted.unresolved;
    ++record.unresolved_claims;
  }
  record.resolve_duration = wanted.resolve_duration;
  record.intervals.insert(wanted.interval);
  MarkDirty(*place);
  Claim claim;
  claim.item_ = &*place;
  claim.interval_ = wanted.interval;
  claim.unresolved_ = wanted.unresolved.has_value();
  return claim;
}

void EndpointSet::Release(const Claim& claim) {
  Record& record = claim.item_->second;
  record.intervals.erase(record.intervals.find(claim.interval_));
  if (claim.unresolved_) --record.unresolved_claims;
  MarkDirty(*claim.item_);
}

void EndpointSet::PutChanged(
    const std::function<void(std::shared_ptr<const Endpoint>)>& put) {
  for (Item* const item : std::exchange(dirty_, {})) {
    Record& record = item->second;
    record.dirty = false;
    if (record.intervals.empty()) {
      unclaimed_.push_back(item);
      continue;
    }
    Endpoint next = EndpointOf(*item);
    next.id = record.endpoint ? record.endpoint->id : ++last_id_;
    // An answer of DNS that says what the last one said is no news to anybody.
    if (record.endpoint && *record.endpoint == next) continue;
    record.endpoint = std::make_shared<const Endpoint>(std::move(next));
    put(record.endpoint);
  }
}

Endpoint EndpointSet::EndpointOf(const Item& item) const {
  const auto& [key, record] = item;
  Endpoint endpoint;
  endpoint.address = key.address;
  endpoint.port = key.port;
  endpoint.server_name = key.server_name;
  endpoint.conversation = conversations_.at(*key.conversation).conversation;
  endpoint.interval = *record.intervals.begin();
  if (record.unresolved_claims == record.intervals.size()) {
    endpoint.unresolved = record.unresolved;
  }
  endpoint.resolve_duration = record.resolve_duration;
  return endpoint;
}

void EndpointSet::RemoveUnclaimed(
    const std::function<void(EndpointId)>& removed) {
  for (Item* const item : std::exchange(unclaimed_, {})) {
    if (item->second.endpoint) removed(item->second.endpoint->id);
    const std::string* const fingerprint = item->first.conversation;
    records_.erase(records_.find(item->first));
    const auto conversation = conversations_.find(*fingerprint);
    if (--conversation->second.users == 0) conversations_.erase(conversation);
  }
}

}  // namespace probe
