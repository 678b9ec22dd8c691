#include "probe/directory.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "probe/answers.h"
#include "probe/endpoint_set.h"
#include "probe/expand.h"
#include "probe/net/uv_handle.h"

namespace probe {
namespace {

// An address that a later answer does not list any more is probed for so many
// intervals on. Behind a name that rotates through a pool with a short TTL each
// address would else leave before its first probe.
constexpr int kKeptIntervals = 2;

Duration Keep(const Target& target) { return kKeptIntervals * target.interval; }

// The name of an exchanger as it is looked up: neither search domains nor the
// hosts file have a say in what senders see.
std::string Absolute(const std::string& name) { return name + "."; }

// The name of a host target as it is looked up. It is another name than that of
// an exchanger: the answers may differ.
std::string LookupName(const Target& target) {
  const std::string name = ServerName(target);
  return target.host.ends_with('.') ? Absolute(name) : name;
}

}  // namespace

struct Directory::Impl {
  // What is known of one target; a null target is a gap.
  struct Slot {
    std::shared_ptr<const Target> target;
    std::uint64_t list = 0;                  // The latest one that names it.
    std::vector<EndpointSet::Claim> claims;  // One for each place.
    Answers::Followed followed;
    // Until the next flush; its places lack their endpoints.
    std::shared_ptr<Expansion> next;
    bool queued = false;   // In `stale`.
    bool changed = false;  // In `changed_slots`.
  };

  Impl(uv_loop_t* loop, plan::HasRoute has_route, Observer observer_in,
       const CacheTimes& times)
      : observer(std::move(observer_in)),
        answers(
            loop, times, std::move(has_route),
            {.changed = [this](const Answers::Users& users) { Queue(users); },
             .looked_up = observer.looked_up,
             .reversed = observer.reversed}),
        more(net::MakeHandle<uv_idle_t>(
            this, [loop](uv_idle_t* raw) { return uv_idle_init(loop, raw); })) {
  }

  // Work comes in slices: what remains goes on in the next turn of the loop.

  bool HasWork() const {
    return incoming_at < incoming.size() || sweeping || !stale.empty() ||
           EndsWithGap();
  }
  bool EndsWithGap() const { return !slots.empty() && !slots.back().target; }

  void Work() {
    done = 0;
    for (; done < kSliceTargets && incoming_at < incoming.size(); ++done) {
      TakeOver(std::move(incoming[incoming_at++]));
      if (incoming_at == incoming.size()) {
        incoming = {};
        incoming_at = 0;
        sweeping = true;
        sweep_at = 0;
      }
    }
    for (; done < kSliceTargets && sweeping; ++sweep_at) {
      if (sweep_at == slots.size()) {
        sweeping = false;
        observer.taken_over(std::exchange(changed_targets, 0), duplicates);
      } else if (slots[sweep_at].target && slots[sweep_at].list != list) {
        Drop(sweep_at);
        ++done;
      }
    }
    for (; done < kSliceTargets && !stale.empty(); ++done) {
      const std::size_t index = stale.front();
      stale.pop_front();
      slots[index].queued = false;
      Apply(index);
    }
    Flush();
    // The room of targets that left, now that it was told.
    for (; done < kSliceTargets && stale.empty() && !sweeping && EndsWithGap();
         ++done) {
      gaps.erase(std::prev(gaps.end()));
      slots.pop_back();
      expansions.pop_back();
    }
    if (HasWork()) {
      WorkSoon();
    } else {
      uv_idle_stop(more.get());
    }
  }

  void WorkSoon() {
    uv_idle_start(more.get(), [](uv_idle_t* handle) {
      if (handle->data != nullptr) static_cast<Impl*>(handle->data)->Work();
    });
  }

  // Not at once: a hundred answers may come in one turn, and thousands of
  // targets depend on one of them.
  void Queue(const Answers::Users& users) {
    for (const std::size_t index : users) {
      if (std::exchange(slots[index].queued, true)) continue;
      stale.push_back(index);
    }
    WorkSoon();
  }

  // Targets come and go.

  void SetTargets(std::vector<std::shared_ptr<const Target>> targets) {
    ++list;
    incoming = std::move(targets);
    incoming_at = 0;
    sweeping = incoming.empty();
    sweep_at = 0;
    duplicates.clear();
    Work();
  }

  void TakeOver(std::shared_ptr<const Target> target) {
    const auto [known, added] =
        identities.try_emplace(Identity(*target), slots.size());
    if (added) {
      if (!gaps.empty()) {
        known->second = *gaps.begin();
        gaps.erase(gaps.begin());
      } else {
        slots.emplace_back();
        expansions.emplace_back();
      }
    }
    const std::size_t index = known->second;
    Slot& slot = slots[index];
    if (std::exchange(slot.list, list) == list) {
      return duplicates.push_back(std::move(target));
    }
    if (slot.target == target || (slot.target && *slot.target == *target)) {
      return;
    }
    ++changed_targets;
    slot.target = std::move(target);
    // A domain that stays one keeps what is known of it.
    answers.FollowDomain(index,
                         slot.target->is_domain ? ServerName(*slot.target) : "",
                         slot.followed);
    Apply(index);
  }

  void Drop(std::size_t index) {
    Slot& slot = slots[index];
    for (const auto& claim : slot.claims) endpoints.Release(claim);
    done += Further(slot);
    answers.FollowDomain(index, "", slot.followed);
    answers.FollowNames(index, {}, {}, slot.followed);
    answers.FollowAddresses({}, slot.followed);
    identities.erase(Identity(*slot.target));
    ++changed_targets;
    slot.target = nullptr;
    slot.claims = {};
    slot.next = nullptr;
    gaps.insert(index);
    MarkChanged(index);
  }

  static std::size_t Further(const Slot& slot) {
    return slot.claims.empty() ? 0 : slot.claims.size() - 1;
  }

  // Brings a target up to date with all answers. The caller flushes.
  void Apply(std::size_t index) {
    Slot& slot = slots[index];
    if (!slot.target) return;  // It left meanwhile.
    slot.next = std::make_shared<Expansion>();
    slot.next->target = slot.target;
    const std::vector<EndpointSet::Claim> old = std::exchange(slot.claims, {});
    if (slot.target->literal) {
      Claim(slot, {.address = *slot.target->literal}, {});
    } else if (slot.target->is_domain) {
      ApplyDomain(index);
    } else {
      const std::string name = LookupName(*slot.target);
      answers.FollowNames(index, {name}, Keep(*slot.target), slot.followed);
      ApplyHost(slot, name, {});
    }
    for (const auto& claim : old) endpoints.Release(claim);
    std::vector<IpAddress> addresses;
    for (const auto& claim : slot.claims) {
      if (claim.address()) addresses.push_back(*claim.address());
    }
    answers.FollowAddresses(std::move(addresses), slot.followed);
    done += Further(slot);
    MarkChanged(index);
  }

  void ApplyDomain(std::size_t index) {
    Slot& slot = slots[index];
    const std::string domain = ServerName(*slot.target);
    const MxTable::Answer* const answer = answers.Mx(domain);
    if (answer == nullptr) return;
    slot.next->lookups.push_back({RecordType::kMx, {}, answer->latest});
    DomainHosts wanted = ExpandDomain(domain, *answer);
    std::vector<std::string> followed;
    for (const MxRecord& record : wanted.mail.hosts) {
      followed.push_back(Absolute(record.host));
    }
    answers.FollowNames(index, std::move(followed), Keep(*slot.target),
                        slot.followed);
    for (const MxRecord& record : wanted.mail.hosts) {
      ApplyHost(slot, Absolute(record.host),
                {.mx = record.host,
                 .quirks = wanted.quirks,
                 .unresolved = wanted.mail.failure});
    }
    if (wanted.mail.hosts.empty() && wanted.mail.failure) {
      Claim(slot,
            {.server_name = domain,
             .is_domain = true,
             .unresolved = wanted.mail.failure,
             .resolve_duration = answer->latest->took},
            {.quirks = wanted.quirks, .unresolved = wanted.mail.failure});
    }
    slot.next->mail = std::move(wanted.mail);
  }

  // Claims the endpoints of one host; `place` is what they have in common.
  void ApplyHost(Slot& slot, const std::string& lookup_name, Place place) {
    const NameTable::Answer* const answer = answers.Name(lookup_name);
    if (answer == nullptr) return;
    const std::string host =
        place.mx.empty() ? ServerName(*slot.target) : place.mx;
    const HostAddresses wanted = ExpandHost(
        *slot.target,
        {.name = host,
         .by_mx =
             !place.mx.empty() && !place.quirks.Has(smtp::Quirk::kImplicitMx)},
        *answer,
        [&](const IpAddress& to) { return answers.HasRoute(lookup_name, to); });
    AddLookups(*slot.target, place.mx, *answer, slot.next->lookups);
    slot.next->no_ip4_route = slot.next->no_ip4_route || wanted.no_ip4_route;
    slot.next->no_ip6_route = slot.next->no_ip6_route || wanted.no_ip6_route;
    place.quirks.Add(wanted.quirks);
    if (!place.unresolved) place.unresolved = wanted.unresolved;
    for (const std::optional<IpAddress>& address : wanted.addresses) {
      Claim(slot,
            {.address = address,
             .server_name = host,
             .unresolved = wanted.unresolved,
             .resolve_duration = wanted.took},
            place);
    }
  }

  // One endpoint for each conversation of the target.
  void Claim(Slot& slot, EndpointSet::Wanted wanted, const Place& place) {
    const Target& target = *slot.target;
    wanted.port = target.port;
    wanted.interval = target.interval;
    const auto claim = [&](const std::shared_ptr<const Conversation>& one) {
      wanted.conversation = one;
      slot.claims.push_back(endpoints.Take(wanted));
      slot.next->places.push_back(place);
    };
    claim(target.conversation);
    for (const auto& further : target.certificate_conversations) {
      claim(further);
    }
  }

  // Telling the observer.

  void MarkChanged(std::size_t index) {
    if (std::exchange(slots[index].changed, true)) return;
    changed_slots.push_back(index);
  }

  void Flush() {
    endpoints.PutChanged(observer.put);
    for (const std::size_t index : std::exchange(changed_slots, {})) {
      Slot& slot = slots[index];
      slot.changed = false;
      for (std::size_t i = 0; i < slot.claims.size(); ++i) {
        Place& place = slot.next->places[i];
        place.endpoint = slot.claims[i].endpoint();
        if (const auto& address = slot.claims[i].address()) {
          place.reverse = answers.ReverseOf(*address);
        }
      }
      expansions[index] = std::exchange(slot.next, nullptr);
      observer.expanded(index, expansions[index]);
    }
    endpoints.RemoveUnclaimed(observer.removed);
  }

  const Observer observer;
  Answers answers;
  EndpointSet endpoints;

  // No container that grows at once: with 100,000 targets that turn would take
  // too long.
  std::deque<Slot> slots;
  std::vector<std::shared_ptr<const Expansion>> expansions;  // As many.
  std::set<std::size_t> gaps;
  std::map<std::string, std::size_t> identities;

  // The list that is being taken over.
  std::uint64_t list = 0;
  std::vector<std::shared_ptr<const Target>> incoming;
  std::size_t incoming_at = 0;
  bool sweeping = false;  // Slots that are not of this list leave.
  std::size_t sweep_at = 0;
  std::size_t changed_targets = 0;
  std::size_t done = 0;  // In this turn, as kSliceTargets counts.
  std::vector<std::shared_ptr<const Target>> duplicates;

  // Slots that an answer has changed. First come, first served: answers that
  // keep coming must not starve what waits.
  std::deque<std::size_t> stale;
  std::vector<std::size_t> changed_slots;
  net::Handle<uv_idle_t> more;
};

Directory::Directory(uv_loop_t* loop, plan::HasRoute has_route,
                     Observer observer, const CacheTimes& times)
    : impl_(std::make_unique<Impl>(loop, std::move(has_route),
                                   std::move(observer), times)) {}

Directory::~Directory() = default;

void Directory::SetResolver(dns::Resolver* resolver) {
  impl_->answers.SetResolver(resolver);
}

void Directory::SetTargets(std::vector<std::shared_ptr<const Target>> targets) {
  impl_->SetTargets(std::move(targets));
}

bool Directory::busy() const { return impl_->HasWork(); }

const std::vector<std::shared_ptr<const Expansion>>& Directory::expansions()
    const {
  return impl_->expansions;
}

std::vector<Directory::Named> Directory::FindNamed(
    const std::string& name) const {
  // Identities begin with the name and a blank, which no name has.
  const std::string prefix = name + ' ';
  std::vector<Named> found;
  for (auto known = impl_->identities.lower_bound(prefix);
       known != impl_->identities.end() && known->first.starts_with(prefix);
       ++known) {
    found.push_back({known->second, impl_->slots[known->second].target});
  }
  return found;
}

std::size_t Directory::target_count() const { return impl_->identities.size(); }

std::size_t Directory::endpoint_count() const {
  return impl_->endpoints.size();
}

}  // namespace probe
