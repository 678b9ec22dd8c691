#include "probe/reverse_table.h"

#include <algorithm>
#include <utility>

namespace probe {

ReverseVerdict VerdictOf(const Reverse& reverse) {
  if (!reverse.match) return ReverseVerdict::kUnknown;
  if (*reverse.match) return ReverseVerdict::kLeadsBack;
  const bool named = reverse.names && !reverse.names->empty();
  return named ? ReverseVerdict::kLeadsElsewhere : ReverseVerdict::kNone;
}

ReverseTable::ReverseTable(uv_loop_t* loop, const CacheTimes& times,
                           Answered answered)
    : times_(times),
      answered_(std::move(answered)),
      refresher_(loop, [this](const std::string& key, std::uint64_t serial) {
        Ask(key, serial);
      }) {}

void ReverseTable::SetResolver(dns::Resolver* resolver) {
  resolver_ = resolver;
  refresher_.Start();
}

void ReverseTable::Add(const IpAddress& address) {
  const std::string key = address.ToString();
  records_[key].address = address;
  refresher_.Add(key);
}

void ReverseTable::Remove(const IpAddress& address) {
  const std::string key = address.ToString();
  refresher_.Remove(key);
  records_.erase(key);
}

std::shared_ptr<const Reverse> ReverseTable::Find(
    const IpAddress& address) const {
  const auto found = records_.find(address.ToString());
  return found == records_.end() ? nullptr : found->second.reverse;
}

void ReverseTable::Ask(const std::string& key, std::uint64_t serial) {
  Record& record = records_[key];
  record.asked = net::Now();
  resolver_->LookupPtr(record.address.Unmapped(),
                       [this, alive = std::weak_ptr(alive_), key,
                        serial](dns::Answer<dns::ReverseNames> result) {
                         if (!alive.expired())
                           OnNames(key, serial, std::move(result));
                       });
}

void ReverseTable::OnNames(const std::string& key, std::uint64_t serial,
                           dns::Answer<dns::ReverseNames> result) {
  if (!refresher_.Accept(key, serial)) return;
  Record& record = records_[key];
  const bool answered = result || IsCertainlyAbsent(result.error());
  const Time now = net::Now();
  const Lookup latest = {.answered = answered,
                         .ever = answered || record.reverse->latest.ever,
                         .took = now - record.asked,
                         .at = now};
  if (!answered) {
    record.next = *record.reverse;
    record.next.latest = latest;
    record.doubt = true;
    record.ttl = times_.failure;
    Settle(key, record);
    return;
  }
  record.next = {
      .match = {},
      .names = result ? std::move(result->names) : std::vector<std::string>(),
      .latest = latest};
  // That there is no name mostly stays true; its own TTL is not told to us.
  record.ttl = result ? TtlOf(result->ttl) : times_.max_ttl;
  record.name = 0;
  record.doubt = false;
  TryName(key, serial, record);
}

void ReverseTable::TryName(const std::string& key, std::uint64_t serial,
                           Record& record) {
  const std::vector<std::string>& names = *record.next.names;
  if (record.name < names.size()) {
    // Absolute: hosts file and search domains are ours, the name is somebody
    // else's.
    resolver_->Lookup(names[record.name] + ".",
                      record.address.Unmapped().family(),
                      [this, alive = std::weak_ptr(alive_), key,
                       serial](const dns::Answer<dns::Addresses>& result) {
                        if (!alive.expired()) OnAddresses(key, serial, result);
                      });
    return;
  }
  if (!record.doubt) {
    record.next.match = false;
  } else {
    record.ttl = times_.failure;
    // What was known of other names says nothing about these.
    if (record.reverse->names == record.next.names) {
      record.next.match = record.reverse->match;
      record.next.match_until = record.reverse->match_until;
    }
  }
  Settle(key, record);
}

void ReverseTable::OnAddresses(const std::string& key, std::uint64_t serial,
                               const dns::Answer<dns::Addresses>& result) {
  if (!refresher_.Accept(key, serial)) return;
  Record& record = records_[key];
  if (result) {
    record.ttl = std::min(record.ttl, TtlOf(result->ttl));
    if (std::ranges::count(result->addresses, record.address.Unmapped()) > 0) {
      record.next.match = true;
      record.doubt = false;
      Settle(key, record);
      return;
    }
  } else if (!IsCertainlyAbsent(result.error())) {
    record.doubt = true;
  }
  ++record.name;
  TryName(key, serial, record);
}

void ReverseTable::Settle(const std::string& key, Record& record) {
  const Time until = net::Now() + record.ttl;
  if (record.next.latest.answered) record.next.names_until = until;
  if (!record.doubt) record.next.match_until = until;
  *record.reverse = std::exchange(record.next, {});
  const IpAddress address = record.address;
  const ReverseVerdict before = record.settled;
  const ReverseVerdict verdict = VerdictOf(*record.reverse);
  if (verdict != ReverseVerdict::kUnknown) record.settled = verdict;
  refresher_.Settle(key, record.ttl, record.doubt);
  answered_(address, before);
}

Duration ReverseTable::TtlOf(Duration ttl) const {
  return std::clamp(ttl, times_.min_ttl, times_.max_ttl);
}

}  // namespace probe
