#include "probe/name_table.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "probe/plan/addresses.h"

namespace probe {
namespace {

constexpr std::size_t kIp4 = 0;
constexpr std::size_t kIp6 = 1;

// Addresses remembered of one family. A stranger's zone could rotate through
// millions while they are kept. Twice as many as are probed: enough to see that
// there are too many, and to leave out some without a route.
constexpr std::size_t kMaxRemembered = 2 * plan::kMaxAddresses;

using Remembered = std::map<IpAddress, Time>;

// Returns whether other addresses are listed, or remembered, than before.
bool Remember(const std::vector<IpAddress>& listed, Time now, Duration keep,
              NameTable::Family& family) {
  Remembered& addresses = family.addresses;
  const Time before = std::exchange(family.listed, now);
  bool changed = std::erase_if(addresses, [&](const auto& known) {
                   return now - known.second > keep;
                 }) > 0;
  for (const IpAddress& address : listed) {
    const auto [known, added] = addresses.try_emplace(address, now);
    changed = changed || added || known->second != before;
    known->second = now;
  }
  for (const auto& [address, seen] : addresses) {
    changed = changed || seen == before;  // It is not listed any more.
  }
  if (addresses.size() <= kMaxRemembered) return changed;
  // Those that are only kept go first. Of the rest the same ones stay in
  // whatever order they are listed, and they are those that are probed.
  std::erase_if(addresses,
                [now](const auto& known) { return known.second != now; });
  while (addresses.size() > kMaxRemembered) {
    addresses.erase(std::prev(addresses.end()));
  }
  return true;
}

}  // namespace

NameTable::NameTable(uv_loop_t* loop, const CacheTimes& times,
                     Answered answered)
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
  const bool first = !record.answer;
  if (first) record.answer = Answer{};
  Answer& answer = *record.answer;
  const bool known =
      record.parts[kIp4]->has_value() || record.parts[kIp6]->has_value() ||
      !answer.ip4.addresses.empty() || !answer.ip6.addresses.empty();
  const Folded ip4 = Fold(record, kIp4, known, answer.ip4);
  const Folded ip6 = Fold(record, kIp6, known, answer.ip6);
  answer.took = std::max(record.took[kIp4], record.took[kIp6]);
  record.parts = {};
  refresher_.Settle(name, std::min(ip4.ttl, ip6.ttl), ip4.open && ip6.open);
  answered_(name, first || ip4.changed || ip6.changed);
}

// Brings a family up to date, and tells for how long that is good. `known`: the
// name has addresses, or had some.
NameTable::Folded NameTable::Fold(Name& record, std::size_t part, bool known,
                                  Family& family) {
  const Part& result = *record.parts[part];
  const bool answered = result || IsCertainlyAbsent(result.error());
  *family.latest = {.answered = answered,
                    .local = result && result->local,
                    .ever = answered || family.latest->ever,
                    .took = record.took[part],
                    .at = net::Now()};
  if (answered) record.doubts[part] = 0;
  if (!result) return FoldFailure(record, part, known, family);
  const bool other = family.failure || family.alias != result->alias;
  family.failure.reset();
  family.alias = result->alias;
  const bool moved =
      Remember(result->addresses, net::Now(), record.keep, family);
  return {.ttl = std::clamp(result->ttl, times_.min_ttl, times_.max_ttl),
          .changed = other || moved};
}

NameTable::Folded NameTable::FoldFailure(Name& record, std::size_t part,
                                         bool known, Family& family) {
  const Failure& failure = record.parts[part]->error();
  const bool other_found = record.parts[1 - part]->has_value();
  const bool news = family.failure != failure;
  if (IsCertainlyAbsent(failure)) {
    family.failure = failure;
    // A name without any address is asked again soon: somebody is mending it.
    if (!other_found) return {.ttl = times_.failure, .changed = news};
    const bool cleared = !std::exchange(family.addresses, {}).empty();
    // "No AAAA" is a stable truth for most names; its own TTL (the SOA's) is
    // not told to us, so it only bounds from above.
    return {.ttl = times_.max_ttl, .changed = news || cleared};
  }
  const bool first = ++record.doubts[part] == 1;
  const bool has_verdict = !family.addresses.empty() || family.failure;
  const bool counts = !first || !known || !has_verdict;
  if (counts) family.failure = failure;
  Folded folded{.ttl = times_.failure, .open = true, .changed = counts && news};
  if (first && known) folded.ttl = times_.min_ttl;
  // A zone that is broken for one family for good is asked with the other.
  if (!first && other_found) folded.ttl = times_.max_ttl;
  return folded;
}

}  // namespace probe
