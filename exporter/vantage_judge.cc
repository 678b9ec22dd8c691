#include "exporter/vantage_judge.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "probe/expansion.h"
#include "probe/ip_address.h"

namespace exporter {
namespace {

using probe::IpAddress;
using probe::Phase;
using probe::Reason;

constexpr std::uint16_t kSmtpPort = 25;

// ::1 and 127.0.0.0/8: the way to them does not leave this host.
bool IsLoopback(const IpAddress& address) {
  const IpAddress plain = address.Unmapped();
  static const IpAddress kLoopback6 = *IpAddress::Parse("::1");
  return plain.is_ip6() ? plain == kLoopback6 : plain.bytes()[0] == 127;
}

// Labels under which the registries of some countries register names.
constexpr std::string_view kSecondLevel[] = {"ac", "co",  "com", "edu",
                                             "go", "gob", "gov", "mil",
                                             "ne", "net", "or",  "org"};

// Where the last `labels` labels of a name begin.
std::size_t TailOf(std::string_view name, int labels) {
  std::size_t at = name.size();
  for (; labels > 0 && at != std::string_view::npos && at > 0; --labels) {
    at = name.rfind('.', at - 1);
  }
  return labels > 0 || at == std::string_view::npos ? 0 : at + 1;
}

// A guess, and enough of one: too few sites make a check unknown.
std::string_view SiteOf(std::string_view name) {
  constexpr std::size_t kCountry = 2;  // Letters of a country's domain.
  std::string_view tail = name.substr(TailOf(name, 2));
  const std::size_t dot = tail.find('.');
  const bool registry =
      dot != std::string_view::npos && tail.size() - dot - 1 == kCountry &&
      std::ranges::count(kSecondLevel, tail.substr(0, dot)) > 0;
  return registry ? name.substr(TailOf(name, 3)) : tail;
}

std::string SiteOf(const probe::Endpoint& endpoint) {
  if (endpoint.server_name.empty()) return endpoint.address->ToString();
  return std::string(SiteOf(std::string_view(endpoint.server_name)));
}

// How connecting to a server went.
struct Contact {
  enum class Kind { kConnected, kRefused, kOdd, kTimeout, kUnreachable };

  Kind kind;
  bool smtp_port;
  probe::Time at;
  // Of a failure: an answer that is older does not count beside it.
  probe::Time outdates;
  std::string site;

  bool connected() const { return kind == Kind::kConnected; }
  bool silent() const {
    return kind == Kind::kTimeout || kind == Kind::kUnreachable;
  }
};

// None: the result does not tell.
std::optional<Contact::Kind> KindOf(const EndpointState::Verdict& verdict) {
  using enum Contact::Kind;
  if (!verdict.failure) return kConnected;
  const Phase phase = verdict.failure->phase;
  switch (verdict.failure->reason) {
    case Reason::kBackoff:
    case Reason::kShutdown:
    case Reason::kInternal:
      return std::nullopt;
    default:
      if (phase == Phase::kResolve) return std::nullopt;
      if (phase != Phase::kConnect) return kConnected;
  }
  switch (verdict.failure->reason) {
    case Reason::kRefused:
      return kRefused;
    case Reason::kTimeout:
      return kTimeout;
    case Reason::kUnreachable:
      return kUnreachable;
    default:
      return kOdd;
  }
}

std::optional<Contact> ContactOf(const probe::Endpoint& endpoint,
                                 const EndpointState& state) {
  if (!state.verdict) return std::nullopt;
  const auto kind = KindOf(*state.verdict);
  if (!kind) return std::nullopt;
  const probe::Time at = state.verdict->finished.steady;
  const bool connected = *kind == Contact::Kind::kConnected;
  return Contact{
      .kind = *kind,
      .smtp_port = endpoint.port == kSmtpPort,
      .at = at,
      .outdates = at - std::max(2 * state.interval, kFreshContact),
      .site = connected ? "" : SiteOf(endpoint),
  };
}

// The latest of something, or none.
class Latest {
 public:
  void Add(probe::Time at) { at_ = std::max(at_.value_or(at), at); }
  void Add(const Latest& other) {
    if (other.at_) Add(*other.at_);
  }
  explicit operator bool() const { return at_.has_value(); }
  std::optional<probe::Time> at() const { return at_; }
  bool IsWithin(probe::Duration age, probe::Time now) const {
    return at_ && now - *at_ < age;
  }

 private:
  std::optional<probe::Time> at_;
};

// The latest losses of different names, as many as are needed.
class Losses {
 public:
  void Add(std::string_view name, probe::Time at) {
    const auto known = std::ranges::find(lost_, name, &Lost::name);
    if (known != lost_.end()) {
      known->at = std::max(known->at, at);
    } else if (lost_.size() < kLeastWitnesses) {
      lost_.push_back({at, std::string(name)});
    } else {
      const auto oldest = std::ranges::min_element(lost_, {}, &Lost::at);
      if (oldest->at < at) *oldest = {at, std::string(name)};
    }
  }
  bool empty() const { return lost_.empty(); }
  // Whether there are enough of them, all later than `answer` if there is one.
  bool Outdate(const Latest& answer) const {
    return lost_.size() == kLeastWitnesses &&
           std::ranges::all_of(lost_, [&answer](const Lost& lost) {
             return !answer || lost.at > *answer.at();
           });
  }

 private:
  struct Lost {
    probe::Time at;
    std::string name;
  };

  std::vector<Lost> lost_;
};

// Port 25.
class OutboundJudge {
 public:
  void Add(const Contact& contact) {
    tried_ = true;
    if (contact.connected()) return connected_.Add(contact.at);
    lost_.Add(contact.site, contact.outdates);
    if (contact.silent()) {
      silent_.Add(contact.site, contact.outdates);
      timed_out_ |= contact.kind == Contact::Kind::kTimeout;
    } else {
      answered_.Add(contact.at);
      odd_ |= contact.kind != Contact::Kind::kRefused;
    }
  }
  bool tried() const { return tried_; }
  bool good(probe::Time now) const {
    return connected_.IsWithin(kFreshContact, now);
  }
  std::optional<bool> Verdict() const {
    if (reason()) return false;
    return connected_ && !lost_.Outdate(connected_) ? std::optional(true)
                                                    : std::nullopt;
  }
  // Why it is false; none when it is not.
  std::optional<Reason> reason() const {
    Latest answered = connected_;
    answered.Add(answered_);
    if (silent_.Outdate(answered)) {
      return timed_out_ ? Reason::kTimeout : Reason::kUnreachable;
    }
    const bool all_refuse = !odd_ && silent_.empty();
    if (all_refuse && lost_.Outdate(connected_)) return Reason::kRefused;
    return std::nullopt;
  }

 private:
  bool tried_ = false;
  Latest connected_;
  Latest answered_;  // Without a connection.
  Losses lost_;      // Without a connection.
  Losses silent_;    // Without any answer.
  bool timed_out_ = false;
  bool odd_ = false;
};

// One address family.
class RouteJudge {
 public:
  void Add(const Contact& contact) {
    tried_ = true;
    Port& port = ports_[contact.smtp_port ? 0 : 1];
    if (contact.connected()) port.connected.Add(contact.at);
    if (!contact.silent()) return reached_.Add(contact.at);
    port.silent.Add(contact.site, contact.outdates);
    if (contact.kind == Contact::Kind::kUnreachable) {
      unreachable_.Add(contact.site, contact.outdates);
    } else {
      timed_out_ = true;
    }
  }
  bool tried() const { return tried_; }
  bool good(probe::Time now) const {
    return reached_.IsWithin(kFreshContact, now);
  }
  // Nothing about the port can change the judgement any more.
  bool Knows(bool smtp_port, probe::Time now) const {
    return ports_[smtp_port ? 0 : 1].connected.IsWithin(kFreshContact, now);
  }
  std::optional<bool> Verdict(const RouteJudge& other) const {
    if (unreachable_.Outdate(reached_) && !timed_out_) return false;
    bool outdated = false;
    for (std::size_t i = 0; i < ports_.size(); ++i) {
      const Losses& silent = ports_[i].silent;
      if (!silent.Outdate(reached_)) continue;
      outdated = true;
      const Latest& connected = other.ports_[i].connected;
      if (connected && !silent.Outdate(connected) &&
          !other.ports_[i].silent.Outdate(connected)) {
        return false;
      }
    }
    return reached_ && !outdated ? std::optional(true) : std::nullopt;
  }

 private:
  struct Port {
    Latest connected;
    Losses silent;
  };

  bool tried_ = false;
  bool timed_out_ = false;
  Latest reached_;
  Losses unreachable_;
  // Port 25 and the others: where one is blocked, the other may well be open.
  std::array<Port, 2> ports_;
};

class ResolverJudge {
 public:
  void Add(const probe::Expansion& expansion) {
    for (const probe::NamedLookup& named : expansion.lookups) {
      const probe::Lookup& lookup = *named.lookup;
      if (lookup.local || lookup.at == probe::Time{}) continue;
      if (named.record == probe::RecordType::kPtr) continue;
      if (lookup.answered) {
        answered_.Add(lookup.at);
      } else {
        const std::string& name =
            named.mx.empty() ? expansion.target->host : named.mx;
        if (lookup.ever) lost_.Add(name, lookup.at);
        unanswered_.Add(name, lookup.at);
      }
    }
  }
  bool good(probe::Time now) const {
    return answered_.IsWithin(kFreshAnswer, now);
  }
  std::optional<bool> Verdict() const {
    // Zones that never worked say nothing once others do.
    if (answered_) return !lost_.Outdate(answered_);
    if (unanswered_.Outdate(answered_)) return false;
    return std::nullopt;
  }

 private:
  Latest answered_;
  Losses lost_;
  Losses unanswered_;
};

// What addresses of one kind tell, public ones or others.
struct Scope {
  RouteJudge ip4;
  RouteJudge ip6;
  OutboundJudge outbound;
};

}  // namespace

struct VantageJudge::Impl {
  Impl(const ResultStore& store_in, probe::Time now_in)
      : store(store_in), now(now_in) {}

  // Addresses of one family.
  struct Family {
    bool left_out = false;
    bool has_address = false;
  };

  void Add(const probe::Endpoint& endpoint) {
    const bool is_ip6 = endpoint.address->is_ip6();
    (is_ip6 ? ip6 : ip4).has_address = true;
    const bool is_public = endpoint.address->IsPublic();
    Scope& scope = is_public ? open : local;
    RouteJudge& route = is_ip6 ? scope.ip6 : scope.ip4;
    if (route.Knows(endpoint.port == kSmtpPort, now)) return;
    const ResultStore::State state = store.Find(endpoint.id);
    if (state == nullptr) return;
    const auto contact = ContactOf(endpoint, *state);
    if (!contact) return;
    route.Add(*contact);
    if (contact->smtp_port) scope.outbound.Add(*contact);
  }

  std::optional<bool> Route(const Family& family, RouteJudge Scope::*route,
                            RouteJudge Scope::*other) const {
    if (family.left_out && !family.has_address) return false;
    const Scope& scope = (open.*route).tried() ? open : local;
    return (scope.*route).Verdict(scope.*other);
  }

  const ResultStore& store;
  const probe::Time now;
  Family ip4;
  Family ip6;
  Scope open;  // Public addresses.
  Scope local;
  ResolverJudge resolver;
};

VantageJudge::VantageJudge(const ResultStore& store, probe::Time now)
    : impl_(std::make_unique<Impl>(store, now)) {}

VantageJudge::~VantageJudge() = default;

void VantageJudge::Add(const metrics::TargetSeries& target) {
  const probe::Expansion& expansion = *target.expansion;
  if (!impl_->resolver.good(impl_->now)) impl_->resolver.Add(expansion);
  if (expansion.no_ip4_route) impl_->ip4.left_out = true;
  if (expansion.no_ip6_route) impl_->ip6.left_out = true;
  for (const probe::Place& place : expansion.places) {
    const probe::Endpoint& endpoint = *place.endpoint;
    if (endpoint.address && !IsLoopback(*endpoint.address)) {
      impl_->Add(endpoint);
    }
  }
}

bool VantageJudge::Finished() const {
  const Scope& open = impl_->open;
  const probe::Time now = impl_->now;
  return impl_->resolver.good(now) && open.ip4.good(now) &&
         open.ip6.good(now) && open.outbound.good(now);
}

VantageVerdicts VantageJudge::Verdicts() const {
  const OutboundJudge& outbound = impl_->open.outbound.tried()
                                      ? impl_->open.outbound
                                      : impl_->local.outbound;
  return {.ok = {impl_->Route(impl_->ip4, &Scope::ip4, &Scope::ip6),
                 impl_->Route(impl_->ip6, &Scope::ip6, &Scope::ip4),
                 impl_->resolver.Verdict(), outbound.Verdict()},
          .outbound_25_reason = outbound.reason()};
}

}  // namespace exporter
