#include "probe/answers.h"

#include <algorithm>
#include <utility>

namespace probe {
namespace {

template <typename T>
void SortUnique(std::vector<T>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

template <typename T>
bool Contains(const std::vector<T>& sorted, const T& item) {
  return std::binary_search(sorted.begin(), sorted.end(), item);
}

}  // namespace

Answers::Answers(uv_loop_t* loop, const CacheTimes& times,
                 plan::HasRoute has_route, Observer observer)
    : has_route_(std::move(has_route)),
      observer_(std::move(observer)),
      exchangers_(loop, times,
                  [this](const std::string& domain, bool changed) {
                    OnMx(domain, changed);
                  }),
      names_(loop, times,
             [this](const std::string& name, bool changed) {
               OnName(name, changed);
             }),
      // Whoever holds an address's reverse names sees them change.
      reverses_(loop, times,
                [this](const IpAddress& address, ReverseVerdict before) {
                  OnReverse(address, before);
                }) {}

void Answers::SetResolver(dns::Resolver* resolver) {
  exchangers_.SetResolver(resolver);
  names_.SetResolver(resolver);
  reverses_.SetResolver(resolver);
}

void Answers::FollowDomain(User user, const std::string& domain,
                           Followed& followed) {
  const std::string before = std::exchange(followed.domain, domain);
  if (before == domain) return;
  if (!domain.empty()) {
    domain_users_[domain].insert(user);
    exchangers_.Add(domain);
  }
  if (before.empty()) return;
  const auto use = domain_users_.find(before);
  use->second.erase(user);
  if (!use->second.empty()) return;
  domain_users_.erase(use);
  exchangers_.Remove(before);
}

void Answers::FollowNames(User user, std::vector<std::string> names,
                          Duration keep, Followed& followed) {
  SortUnique(names);
  for (const std::string& name : names) {
    name_users_[name].users.insert(user);
    // Also one that is followed: `keep` may be longer now.
    names_.Add(name, keep);
  }
  for (const std::string& name : followed.names) {
    if (Contains(names, name)) continue;
    const auto use = name_users_.find(name);
    use->second.users.erase(user);
    if (!use->second.users.empty()) continue;
    name_users_.erase(use);
    names_.Remove(name);
  }
  followed.names = std::move(names);
}

void Answers::FollowAddresses(std::vector<IpAddress> addresses,
                              Followed& followed) {
  SortUnique(addresses);
  for (const IpAddress& address : addresses) {
    if (Contains(followed.addresses, address)) continue;
    ++address_users_[address];
    reverses_.Add(address);
  }
  for (const IpAddress& address : followed.addresses) {
    if (Contains(addresses, address)) continue;
    const auto use = address_users_.find(address);
    if (--use->second > 0) continue;
    address_users_.erase(use);
    reverses_.Remove(address);
  }
  followed.addresses = std::move(addresses);
}

bool Answers::HasRoute(const std::string& name,
                       const IpAddress& address) const {
  const std::map<IpAddress, bool>& routes = name_users_.at(name).routes;
  const auto known = routes.find(address);
  return known == routes.end() || known->second;
}

void Answers::OnMx(const std::string& domain, bool changed) {
  observer_.looked_up(RecordType::kMx, *exchangers_.Find(domain)->latest);
  const auto users = domain_users_.find(domain);
  if (changed && users != domain_users_.end()) observer_.changed(users->second);
}

void Answers::OnReverse(const IpAddress& address, ReverseVerdict before) {
  const std::shared_ptr<const Reverse> now = reverses_.Find(address);
  observer_.looked_up(RecordType::kPtr, now->latest);
  const ReverseVerdict verdict = VerdictOf(*now);
  if (verdict == ReverseVerdict::kUnknown || verdict == before) return;
  observer_.reversed(address, *now, before);
}

void Answers::OnName(const std::string& name, bool changed) {
  const NameTable::Answer& answer = *names_.Find(name);
  observer_.looked_up(RecordType::kA, *answer.ip4.latest);
  observer_.looked_up(RecordType::kAaaa, *answer.ip6.latest);
  const auto use = name_users_.find(name);
  if (use == name_users_.end()) return;
  // Routes may change while DNS does not.
  std::map<IpAddress, bool> routes;
  for (const NameTable::Family* const family : {&answer.ip4, &answer.ip6}) {
    for (const auto& [address, seen] : family->addresses) {
      routes.emplace(address, has_route_(address));
    }
  }
  changed = changed || use->second.routes != routes;
  use->second.routes = std::move(routes);
  if (changed) observer_.changed(use->second.users);
}

}  // namespace probe
