#include "probe/directory.h"

#include <algorithm>
#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace probe {
namespace {

// An address that a later answer does not list any more is probed for so many
// intervals on. Behind a name that rotates through a pool with a short TTL each
// address would else leave before its first probe.
constexpr int kKeptIntervals = 2;

// What makes two targets share an endpoint.
struct Key {
  std::optional<IpAddress> address;
  std::uint16_t port = 0;
  std::string server_name;
  // The fingerprint of its conversation: its key in `conversations`, so that
  // the pointer stands for the text.
  const std::string* conversation = nullptr;

  friend auto operator<=>(const Key&, const Key&) = default;
};

struct Record {
  std::shared_ptr<const Endpoint> endpoint;  // Null until flushed once.
  // What the next flush makes of it.
  Endpoint next;
  std::multiset<Duration> intervals;  // One for each target that needs it.
};

// Which endpoints a target needs now.
struct Wanted {
  std::vector<std::optional<IpAddress>> addresses;
  std::optional<Failure> unresolved;
  Duration took{};
  smtp::Quirks quirks;
};

std::string ServerName(const Target& target) {
  if (target.literal) return {};
  std::string name = target.host;
  if (name.ends_with('.')) name.pop_back();
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

// The name as it is looked up: a trailing dot keeps the search domains away.
std::string LookupName(const Target& target) {
  const bool absolute = target.host.ends_with('.');
  return ServerName(target) + (absolute ? "." : "");
}

// Of two failures the one that leaves more open: a resolver that timed out for
// AAAA makes "no A record" no verdict on the name.
const Failure& Weaker(const Failure& a, const Failure& b) {
  const auto certain = [](const Failure& failure) {
    return failure.reason == Reason::kNoAddress ||
           failure.reason == Reason::kDnsNotFound;
  };
  return certain(a) && !certain(b) ? b : a;
}

Wanted FromAnswer(const Target& target, const NameTable::Answer& answer,
                  const plan::HasRoute& has_route) {
  Wanted wanted;
  wanted.took = answer.took;
  std::vector<IpAddress> found;
  std::optional<Failure> failure;
  bool resolved = false;
  const auto add = [&](const NameTable::Family& family) {
    for (const auto& [address, listed] : family.addresses) {
      found.push_back(address);
    }
    if (family.failure) {
      failure = failure ? Weaker(*failure, *family.failure) : *family.failure;
    } else {
      resolved = true;
    }
  };
  if (target.ip_protocol != IpProtocol::kIp4) add(answer.ip6);
  if (target.ip_protocol != IpProtocol::kIp6) add(answer.ip4);
  if (!resolved) wanted.unresolved = failure;

  const plan::Selection selection = plan::SelectAddresses(
      std::move(found), target.ip_protocol, target.addresses, has_route);
  if (selection.truncated) wanted.quirks.Add(smtp::Quirk::kTooManyAddresses);
  wanted.addresses.assign(selection.addresses.begin(),
                          selection.addresses.end());
  if (wanted.addresses.empty()) {
    wanted.addresses.emplace_back(std::nullopt);
    if (!wanted.unresolved) {
      wanted.unresolved =
          Failure{.phase = Phase::kResolve,
                  .reason = Reason::kNoAddress,
                  .detail = selection.no_route
                                ? "this host has no route to any address of " +
                                      target.host
                                : target.host + " has no usable address"};
    }
  }
  return wanted;
}

}  // namespace

struct Directory::Impl {
  Impl(uv_loop_t* loop, plan::HasRoute has_route_in, Observer observer_in,
       const CacheTimes& times)
      : has_route(std::move(has_route_in)),
        observer(std::move(observer_in)),
        names(loop, times,
              [this](const std::string& name) { OnAnswered(name); }) {}

  const std::string* Intern(const std::shared_ptr<const Conversation>& one) {
    const auto found = conversations.try_emplace(Fingerprint(*one), one).first;
    // The same but for what is in its files: its endpoints stay, and get it.
    if (*found->second != *one) found->second = one;
    return &found->first;
  }

  // None: not known yet.
  std::optional<Wanted> WantedFor(const Target& target) {
    if (target.literal) return Wanted{{*target.literal}, {}, {}, {}};
    const NameTable::Answer* answer = names.Find(LookupName(target));
    if (answer == nullptr) return std::nullopt;
    return FromAnswer(target, *answer, has_route);
  }

  // Brings entry `index` up to date. The caller flushes.
  void Apply(std::size_t index) {
    const Target& target = *entries[index].target;
    const std::optional<Wanted> wanted = WantedFor(target);
    if (!wanted) return;
    std::vector<const std::string*> conversation_keys = {
        Intern(target.conversation)};
    for (const auto& one : target.certificate_conversations) {
      conversation_keys.push_back(Intern(one));
    }
    std::vector<Key> next;
    for (const std::optional<IpAddress>& address : wanted->addresses) {
      for (const std::string* conversation : conversation_keys) {
        const Key key{.address = address,
                      .port = target.port,
                      .server_name = ServerName(target),
                      .conversation = conversation};
        Record& record = records[key];
        record.next.unresolved = wanted->unresolved;
        record.next.resolve_duration = wanted->took;
        record.next.quirks = wanted->quirks;
        record.intervals.insert(target.interval);
        dirty.insert(key);
        next.push_back(key);
      }
    }
    const std::vector<Key> before = std::exchange(keys[index], next);
    Release(before, target.interval);
    if (before != next) stale_entries.push_back(index);
  }

  void Release(const std::vector<Key>& old, Duration interval) {
    for (const Key& key : old) {
      Record& record = records.at(key);
      record.intervals.erase(record.intervals.find(interval));
      dirty.insert(key);
    }
  }

  // Tells the observer what changed, once for each endpoint.
  void Flush() {
    for (const Key& key : std::exchange(dirty, {})) {
      const auto found = records.find(key);
      Record& record = found->second;
      if (record.intervals.empty()) {
        if (record.endpoint) observer.removed(record.endpoint->id);
        records.erase(found);
        continue;
      }
      Endpoint& next = record.next;
      if (!record.endpoint) {
        next.id = ++last_id;
        next.address = key.address;
        next.port = key.port;
        next.server_name = key.server_name;
      }
      next.conversation = conversations.at(*key.conversation);
      next.interval = *record.intervals.begin();
      // A reload of 100,000 targets that did not change is no news to anybody.
      if (record.endpoint && *record.endpoint == next) continue;
      record.endpoint = std::make_shared<const Endpoint>(next);
      observer.put(record.endpoint);
    }
    if (!stale_entries.empty()) ++generation;
    for (const std::size_t index : std::exchange(stale_entries, {})) {
      std::vector<std::shared_ptr<const Endpoint>>& endpoints =
          entries[index].endpoints;
      endpoints.clear();
      for (const Key& key : keys[index]) {
        endpoints.push_back(records.at(key).endpoint);
      }
    }
  }

  void OnAnswered(const std::string& name) {
    for (const std::size_t index : users[name]) Apply(index);
    Flush();
  }

  void SetTargets(const std::vector<std::shared_ptr<const Target>>& targets) {
    const std::vector<Entry> old_entries = std::exchange(entries, {});
    const std::vector<std::vector<Key>> old_keys = std::exchange(keys, {});
    const auto old_users = std::exchange(users, {});
    entries.reserve(targets.size());
    keys.resize(targets.size());
    for (const std::shared_ptr<const Target>& target : targets) {
      const std::size_t index = entries.size();
      entries.push_back({.target = target, .endpoints = {}});
      if (!target->literal) {
        users[LookupName(*target)].push_back(index);
        names.Add(LookupName(*target), kKeptIntervals * target->interval);
      }
      Apply(index);
    }
    for (std::size_t i = 0; i < old_keys.size(); ++i) {
      Release(old_keys[i], old_entries[i].target->interval);
    }
    for (const auto& [name, indices] : old_users) {
      if (!users.contains(name)) names.Remove(name);
    }
    Flush();
    ++generation;
    ForgetConversations();
  }

  void ForgetConversations() {
    std::set<const std::string*> used;
    for (const auto& [key, record] : records) used.insert(key.conversation);
    std::erase_if(conversations, [&used](const auto& item) {
      return !used.contains(&item.first);
    });
  }

  const plan::HasRoute has_route;
  const Observer observer;
  NameTable names;
  std::vector<Entry> entries;
  std::vector<std::vector<Key>> keys;  // As many as entries.
  std::unordered_map<std::string, std::vector<std::size_t>> users;
  std::map<Key, Record> records;
  std::map<std::string, std::shared_ptr<const Conversation>> conversations;
  std::set<Key> dirty;
  std::vector<std::size_t> stale_entries;
  EndpointId last_id = 0;
  std::uint64_t generation = 0;
};

Directory::Directory(uv_loop_t* loop, plan::HasRoute has_route,
                     Observer observer, const CacheTimes& times)
    : impl_(std::make_unique<Impl>(loop, std::move(has_route),
                                   std::move(observer), times)) {}

Directory::~Directory() = default;

void Directory::SetResolver(dns::Resolver* resolver) {
  impl_->names.SetResolver(resolver);
}

void Directory::SetTargets(
    const std::vector<std::shared_ptr<const Target>>& targets) {
  impl_->SetTargets(targets);
}

const std::vector<Directory::Entry>& Directory::entries() const {
  return impl_->entries;
}

std::size_t Directory::endpoint_count() const { return impl_->records.size(); }

std::uint64_t Directory::generation() const { return impl_->generation; }

}  // namespace probe
