#include "probe/name_table.h"

#include <algorithm>
#include <utility>

namespace probe {
namespace {

constexpr std::size_t kIp4 = 0;
constexpr std::size_t kIp6 = 1;

using Part = std::expected<dns::Addresses, Failure>;

// The resolver says for certain that there are no such addresses.
bool IsCertainlyAbsent(const Part& part) {
  return !part && (part.error().reason == Reason::kNoAddress ||
                   part.error().reason == Reason::kDnsNotFound);
}

void Fold(const Part& part, bool other_has_addresses, Time now, Duration keep,
          NameTable::Family& family) {
  if (part) {
    std::erase_if(family.addresses,
                  [&](const auto& known) { return now - known.second > keep; });
    for (const IpAddress& address : part->addresses) {
      family.addresses[address] = now;
    }
    family.failure.reset();
    return;
  }
  family.failure = part.error();
  if (IsCertainlyAbsent(part) && other_has_addresses) family.addresses.clear();
}

Duration TtlOf(const Part& part, const CacheTimes& times) {
  if (part) return std::clamp(part->ttl, times.min_ttl, times.max_ttl);
  // "No AAAA" is a stable truth for most names; its own TTL (the SOA's) is not
  // told to us, so it only bounds from above.
  return IsCertainlyAbsent(part) ? times.max_ttl : times.failure;
}

}  // namespace

NameTable::NameTable(uv_loop_t* loop, const CacheTimes& times,
                     std::function<void(const std::string&)> answered)
    : times_(times),
      answered_(std::move(answered)),
      timer_(loop, [this] { OnDue(); }) {}

void NameTable::SetResolver(dns::Resolver* resolver) {
  resolver_ = resolver;
  for (const std::string& name : asking_) {
    Name& record = names_[name];
    record.serial = ++next_serial_;  // Whatever still comes is not for us.
    record.parts = {};
    waiting_.push_back(name);
  }
  asking_.clear();
  Ask();
}

void NameTable::Add(const std::string& name, Duration keep) {
  const auto [place, added] = names_.try_emplace(name);
  place->second.keep = std::max(place->second.keep, keep);
  if (!added) return;
  place->second.serial = ++next_serial_;
  waiting_.push_back(name);
  Ask();
}

void NameTable::Remove(const std::string& name) {
  const auto found = names_.find(name);
  if (found == names_.end()) return;
  if (found->second.due) due_.erase({*found->second.due, name});
  asking_.erase(name);
  names_.erase(found);
  // A place in waiting_ is skipped when its turn comes.
}

const NameTable::Answer* NameTable::Find(const std::string& name) const {
  const auto found = names_.find(name);
  if (found == names_.end() || !found->second.answer) return nullptr;
  return &*found->second.answer;
}

void NameTable::Ask() {
  while (resolver_ != nullptr && asking_.size() < kMaxLookups &&
         !waiting_.empty()) {
    const std::string name = std::move(waiting_.front());
    waiting_.pop_front();
    const auto found = names_.find(name);
    if (found == names_.end() || found->second.due ||
        !asking_.insert(name).second) {
      continue;
    }
    Name& record = found->second;
    record.asked = net::Now();
    const auto ask = [&](std::size_t part, IpAddress::Family family) {
      resolver_->Lookup(name, family,
                        [this, name, serial = record.serial,
                         part](std::expected<dns::Addresses, Failure> result) {
                          OnPart(name, serial, part, std::move(result));
                        });
    };
    ask(kIp4, IpAddress::Family::kIp4);
    ask(kIp6, IpAddress::Family::kIp6);
  }
}

void NameTable::OnPart(const std::string& name, std::uint64_t serial,
                       std::size_t part,
                       std::expected<dns::Addresses, Failure> result) {
  const auto found = names_.find(name);
  if (found == names_.end() || found->second.serial != serial) return;
  Name& record = found->second;
  record.parts[part] = std::move(result);
  if (record.parts[kIp4] && record.parts[kIp6]) Settle(name, record);
}

void NameTable::Settle(const std::string& name, Name& record) {
  const Time now = net::Now();
  const Part ip4 = std::move(*record.parts[kIp4]);
  const Part ip6 = std::move(*record.parts[kIp6]);
  record.parts = {};
  if (!record.answer) record.answer = Answer{};
  Answer& answer = *record.answer;
  Fold(ip4, ip6.has_value(), now, record.keep, answer.ip4);
  Fold(ip6, ip4.has_value(), now, record.keep, answer.ip6);
  answer.took = now - record.asked;

  // A name without any address is asked again soon: somebody is mending it.
  const Duration ttl = ip4 || ip6
                           ? std::min(TtlOf(ip4, times_), TtlOf(ip6, times_))
                           : times_.failure;
  record.due = now + ttl;
  due_.emplace(*record.due, name);
  asking_.erase(name);
  Arm();
  Ask();
  answered_(name);
}

void NameTable::OnDue() {
  const Time now = net::Now();
  while (!due_.empty() && due_.begin()->first <= now) {
    const std::string name = due_.begin()->second;
    due_.erase(due_.begin());
    names_[name].due.reset();
    waiting_.push_back(name);
  }
  Arm();
  Ask();
}

void NameTable::Arm() {
  if (!due_.empty()) timer_.At(due_.begin()->first);
}

}  // namespace probe
