#include "exporter/vantage.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "exporter/logging.h"
#include "probe/expansion.h"
#include "probe/ip_address.h"

namespace exporter {
namespace {

using metrics::TargetSeries;
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

// Whether this result tells how connecting went.
bool TriedToConnect(const EndpointState::Verdict& verdict) {
  if (!verdict.failure) return true;
  switch (verdict.failure->reason) {
    case Reason::kBackoff:
    case Reason::kShutdown:
    case Reason::kInternal:
      return false;
    default:
      return verdict.failure->phase != Phase::kResolve;
  }
}

// Different ones, as many as are needed.
template <typename T>
class Witnesses {
 public:
  void Add(const T& witness) {
    if (!Enough()) different_.insert(witness);
  }
  bool Enough() const { return different_.size() >= kLeastServers; }

 private:
  std::set<T> different_;
};

// Port 25.
class OutboundJudge {
 public:
  void Add(const IpAddress& address, const EndpointState::Verdict& verdict) {
    const auto& failure = verdict.failure;
    if (!failure || failure->phase != Phase::kConnect) {
      connected_ = true;
      return;
    }
    const Reason reason = failure->reason;
    const bool blocked = reason == Reason::kTimeout ||
                         reason == Reason::kUnreachable ||
                         reason == Reason::kRefused;
    alike_ = alike_ && blocked && reason == reason_.value_or(reason);
    reason_ = reason;
    failed_.Add(address);
  }
  bool good() const { return connected_; }
  std::optional<bool> Verdict() const {
    if (connected_) return true;
    return alike_ && failed_.Enough() ? std::optional(false) : std::nullopt;
  }
  std::optional<Reason> reason() const { return reason_; }

 private:
  bool connected_ = false;
  bool alike_ = true;
  std::optional<Reason> reason_;
  Witnesses<IpAddress> failed_;
};

// One address family.
class RouteJudge {
 public:
  void AddLeftOut() { left_out_ = true; }
  void AddAddress() { has_address_ = true; }
  void Add(const IpAddress& address, bool smtp_port,
           const EndpointState::Verdict& verdict) {
    const auto& failure = verdict.failure;
    const bool connected = !failure || failure->phase != Phase::kConnect;
    Port& port = ports_[smtp_port ? 0 : 1];
    port.connected = port.connected || connected;
    if (connected || (failure->reason != Reason::kTimeout &&
                      failure->reason != Reason::kUnreachable)) {
      reached_ = true;
      return;
    }
    port.silent.Add(address);
    if (failure->reason == Reason::kTimeout) timed_out_ = true;
    if (failure->reason == Reason::kUnreachable) unreachable_.Add(address);
  }
  bool good() const { return reached_; }
  std::optional<bool> Verdict(const RouteJudge& other) const {
    if (reached_) return true;
    if (left_out_ && !has_address_) return false;
    if (unreachable_.Enough() && !timed_out_) return false;
    for (std::size_t i = 0; i < ports_.size(); ++i) {
      if (ports_[i].silent.Enough() && other.ports_[i].connected) return false;
    }
    return std::nullopt;
  }

 private:
  struct Port {
    bool connected = false;
    Witnesses<IpAddress> silent;  // Timeout or unreachable.
  };

  bool left_out_ = false;
  bool has_address_ = false;
  bool reached_ = false;
  bool timed_out_ = false;
  Witnesses<IpAddress> unreachable_;
  // Port 25 and the others: where one is blocked, the other may well be open.
  std::array<Port, 2> ports_;
};

class ResolverJudge {
 public:
  explicit ResolverJudge(probe::Time now) : now_(now) {}

  void Add(const probe::Expansion& expansion) {
    for (const probe::NamedLookup& named : expansion.lookups) {
      const probe::Lookup& lookup = *named.lookup;
      if (lookup.local || lookup.at == probe::Time{}) continue;
      if (named.record == probe::RecordType::kPtr) continue;
      if (lookup.answered) {
        answered_ = std::max(answered_.value_or(lookup.at), lookup.at);
      } else {
        const std::string& name =
            named.mx.empty() ? expansion.target->host : named.mx;
        if (lookup.ever) AddLost(name, lookup.at);
        unanswered_.Add(name);
      }
    }
  }
  bool good() const { return answered_ && now_ - *answered_ < kFreshAnswer; }
  std::optional<bool> Verdict() const {
    // Zones that never worked say nothing once others do.
    if (!answered_ && unanswered_.Enough()) return false;
    if (!answered_) return std::nullopt;
    const auto since = std::ranges::count_if(
        lost_, [this](const Lost& lost) { return lost.at > *answered_; });
    return static_cast<std::size_t>(since) < kLeastServers;
  }

 private:
  struct Lost {
    probe::Time at;
    std::string name;
  };

  // The latest ones of different names, as many as are needed.
  void AddLost(const std::string& name, probe::Time at) {
    const auto known = std::ranges::find(lost_, name, &Lost::name);
    if (known != lost_.end()) {
      known->at = std::max(known->at, at);
    } else if (lost_.size() < kLeastServers) {
      lost_.push_back({at, name});
    } else {
      const auto oldest = std::ranges::min_element(lost_, {}, &Lost::at);
      if (oldest->at < at) *oldest = {at, name};
    }
  }

  const probe::Time now_;
  std::optional<probe::Time> answered_;  // The latest answer of all.
  std::vector<Lost> lost_;
  Witnesses<std::string> unanswered_;
};

}  // namespace

class Vantage::Judge {
 public:
  Judge(const ResultStore& store, probe::Time now)
      : store_(store), resolver_(now) {}

  void Add(const TargetSeries& target) {
    const probe::Expansion& expansion = *target.expansion;
    if (!resolver_.good()) resolver_.Add(expansion);
    if (expansion.no_ip4_route) ip4_.AddLeftOut();
    if (expansion.no_ip6_route) ip6_.AddLeftOut();
    for (const probe::Place& place : expansion.places) {
      const probe::Endpoint& endpoint = *place.endpoint;
      if (endpoint.address && !IsLoopback(*endpoint.address)) Add(endpoint);
    }
  }
  // Nothing more can change the judgement.
  bool Finished() const {
    return resolver_.good() && ip4_.good() && ip6_.good() && outbound_.good();
  }
  VantageVerdicts Verdicts() const {
    return {.ok = {ip4_.Verdict(ip6_), ip6_.Verdict(ip4_), resolver_.Verdict(),
                   outbound_.Verdict()},
            .outbound_25_reason = outbound_.reason()};
  }

 private:
  void Add(const probe::Endpoint& endpoint) {
    RouteJudge& route = endpoint.address->is_ip6() ? ip6_ : ip4_;
    route.AddAddress();
    const bool smtp_port = endpoint.port == kSmtpPort;
    if (route.good() && outbound_.good()) return;
    const ResultStore::State state = store_.Find(endpoint.id);
    if (state == nullptr || !state->verdict) return;
    if (!TriedToConnect(*state->verdict)) return;
    route.Add(*endpoint.address, smtp_port, *state->verdict);
    if (smtp_port) outbound_.Add(*endpoint.address, *state->verdict);
  }

  const ResultStore& store_;
  RouteJudge ip4_;
  RouteJudge ip6_;
  ResolverJudge resolver_;
  OutboundJudge outbound_;
};

namespace {

// What a check that fails means and what to do, and that it is good again.
struct Sentences {
  std::string_view failed;
  std::string_view over;
};
constexpr std::array<Sentences, kVantageChecks> kSentences = {{
    {"This host has no route to IPv4 addresses, or one that leads nowhere: "
     "their servers are not probed, or look down while they may be well. Check "
     "the addresses and routes of this host (ip -4 route), or set ip_protocol: "
     "ip6.",
     "This host reaches IPv4 addresses again"},
    {"This host has no route to IPv6 addresses, or one that leads nowhere: "
     "their servers are not probed, or look down while they may be well. Check "
     "the addresses and routes of this host (ip -6 route), or set ip_protocol: "
     "ip4.",
     "This host reaches IPv6 addresses again"},
    {"The resolver answers for no name at all: names look unresolvable while "
     "their servers may be well. Check the resolver of this host, or the "
     "servers that the configuration names under dns.",
     "The resolver answers again"},
    {"No server can be connected to on port 25: most likely this host or its "
     "network must not send mail (a firewall, the provider), and the servers "
     "may be well. Have outgoing port 25 opened, or probe from another "
     "network.",
     "Servers can be connected to on port 25 again"},
}};

}  // namespace

VantageVerdicts Vantage::JudgeAll(const metrics::SeriesList& list,
                                  const ResultStore& store, probe::Time now) {
  Judge judge(store, now);
  for (const auto& target : list) {
    if (target != nullptr) judge.Add(*target);
  }
  return judge.Verdicts();
}

Vantage::Vantage(const ResultStore& store, metrics::SelfMetrics& self)
    : store_(store), self_(self) {}

Vantage::~Vantage() = default;

void Vantage::Check(const metrics::SeriesList& list, probe::Time now) {
  if (judge_ == nullptr) {
    judge_ = std::make_unique<Judge>(store_, now);
    slot_ = 0;
  }
  for (std::size_t looked_at = 0; slot_ < list.size() && !judge_->Finished();
       ++slot_) {
    if (looked_at++ == kVantageSlice) return;
    if (list[slot_] != nullptr) judge_->Add(*list[slot_]);
  }
  Tell(judge_->Verdicts());
  judge_ = nullptr;
}

void Vantage::Tell(const VantageVerdicts& verdicts) {
  const VantageVerdicts before = std::exchange(verdicts_, verdicts);
  for (std::size_t i = 0; i < kVantageChecks; ++i) {
    const std::optional<bool> ok = verdicts_.ok[i];
    if (ok == before.ok[i]) continue;
    self_.SetVantage(kVantageCheckNames[i], ok);
    if (!ok || *ok != warned_[i]) continue;
    warned_[i] = !*ok;
    const LogField check("check", kVantageCheckNames[i]);
    if (*ok) {
      LogInfo(kSentences[i].over, {check});
    } else if (i == static_cast<std::size_t>(VantageCheck::kOutbound25)) {
      LogWarn(kSentences[i].failed,
              {check,
               {"reason", std::string(Name(*verdicts_.outbound_25_reason))}});
    } else {
      LogWarn(kSentences[i].failed, {check});
    }
  }
}

std::vector<std::string> Vantage::Notices() const {
  std::vector<std::string> notices;
  for (std::size_t i = 0; i < kVantageChecks; ++i) {
    if (verdicts_.ok[i] == false) notices.emplace_back(kSentences[i].failed);
  }
  return notices;
}

}  // namespace exporter
