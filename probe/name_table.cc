#include "probe/name_table.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace probe {
namespace {

constexpr std::size_t kIp4 = 0;
constexpr std::size_t kIp6 = 1;

// Addresses remembered of one family. A stranger's zone could rotate through
// millions while they are kept; 20 of a name are probed (plan/addresses.h).
constexpr std::size_t kMaxRemembered = 100;

using Remembered = std::map<IpAddress, Time>;

void Remember(const std::vector<IpAddress>& listed, Time now, Duration keep,
              Remembered& addresses) {
  std::erase_if(addresses,
                [&](const auto& known) { return now - known.second > keep; });
  for (const IpAddress& address : listed) addresses[address] = now;
  if (addresses.size() <= kMaxRemembered) return;
  // Those that are only kept go first. Of the rest the same ones stay in
  // whatever order they are listed, and they are those that are probed.
  std::erase_if(addresses,
                [now](const auto& known) { return known.second != now; });
  while (addresses.size() > kMaxRemembered) {
    addresses.erase(std::prev(addresses.end()));
  }
}

}  // namespace

NameTable::NameTable(uv_loop_t* loop, const CacheTimes& times,
                     std::function<void(const std::string&)> answered)
    : times_(times),
      answered_(std::move(answered)),
      refresher_(loop, [this](const std::string& name, std::uint64_t serial) {
        Ask(name, serial);
      }) {}

void NameTable::SetResolver(dns::Resolver* resolver) {
  resolver_ = resolver;
  refresher_.Start();
}

void NameTable::Add(const std::string& name, Duration keep) {
  Name& record = names_[name];
  record.keep = std::max(record.keep, keep);
  refresher_.Add(name);
}

void NameTable::Remove(const std::string& name) {
  // First, because `name` may be the record's own key.
  refresher_.Remove(name);
  names_.erase(name);
}

const NameTable::Answer* NameTable::Find(const std::string& name) const {
  const auto found = names_.find(name);
  if (found == names_.end() || !found->second.answer) return nullptr;
  return &*found->second.answer;
}

void NameTable::Ask(const std::string& name, std::uint64_t serial) {
  Name& record = names_[name];
  record.parts = {};
  record.asked = net::Now();
  const auto ask = [&](std::size_t part, IpAddress::Family family) {
    resolver_->Lookup(
        name, family,
        [this, alive = std::weak_ptr(alive_), name, serial, part](Part result) {
          if (alive.expired()) return;
          OnPart(name, serial, part, std::move(result));
        });
  };
  ask(kIp4, IpAddress::Family::kIp4);
  ask(kIp6, IpAddress::Family::kIp6);
}

void NameTable::OnPart(const std::string& name, std::uint64_t serial,
                       std::size_t part, Part result) {
  if (!refresher_.Accept(name, serial)) return;
  Name& record = names_[name];
  record.parts[part] = std::move(result);
  record.took[part] = net::Now() - record.asked;
  if (record.parts[kIp4] && record.parts[kIp6]) Settle(name, record);
}

void NameTable::Settle(const std::string& name, Name& record) {
  if (!record.answer) record.answer = Answer{};
  Answer& answer = *record.answer;
  const bool known =
      record.parts[kIp4]->has_value() || record.parts[kIp6]->has_value() ||
      !answer.ip4.addresses.empty() || !answer.ip6.addresses.empty();
  const Duration ttl = std::min(Fold(record, kIp4, known, answer.ip4),
                                Fold(record, kIp6, known, answer.ip6));
  answer.took = std::max(record.took[kIp4], record.took[kIp6]);
  record.parts = {};
  refresher_.Settle(name, ttl);
  answered_(name);
}

// Brings a family up to date, and tells for how long that is good. `known`: the
// name has addresses, or had some.
Duration NameTable::Fold(Name& record, std::size_t part, bool known,
                         Family& family) {
  const Part& result = *record.parts[part];
  const bool other_found = record.parts[1 - part]->has_value();
  const bool answered = result || IsCertainlyAbsent(result.error());
  family.latest = {.answered = answered, .took = record.took[part]};
  if (answered) record.doubts[part] = 0;
  if (result) {
    Remember(result->addresses, net::Now(), record.keep, family.addresses);
    family.failure.reset();
    family.alias = result->alias;
    return std::clamp(result->ttl, times_.min_ttl, times_.max_ttl);
  }
  if (answered) {
    family.failure = result.error();
    // A name without any address is asked again soon: somebody is mending it.
    if (!other_found) return times_.failure;
    family.addresses.clear();
    // "No AAAA" is a stable truth for most names; its own TTL (the SOA's) is
    // not told to us, so it only bounds from above.
    return times_.max_ttl;
  }
  const bool first = ++record.doubts[part] == 1;
  const bool has_verdict = !family.addresses.empty() || family.failure;
  if (!first || !known || !has_verdict) family.failure = result.error();
  return first && known ? times_.min_ttl : times_.failure;
}

}  // namespace probe
