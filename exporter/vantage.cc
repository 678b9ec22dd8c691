#include "exporter/vantage.h"

#include <algorithm>
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
  void Add(const IpAddress& address, const EndpointState::Verdict& verdict) {
    const auto& failure = verdict.failure;
    if (failure && failure->phase == Phase::kConnect &&
        failure->reason == Reason::kUnreachable) {
      unreachable_.Add(address);
    } else {
      reached_ = true;
    }
  }
  bool good() const { return reached_; }
  std::optional<bool> Verdict() const {
    if (reached_) return true;
    if (unreachable_.Enough() || (left_out_ && !has_address_)) return false;
    return std::nullopt;
  }

 private:
  bool left_out_ = false;
  bool has_address_ = false;
  bool reached_ = false;
  Witnesses<IpAddress> unreachable_;
};

class ResolverJudge {
 public:
  void Add(const probe::Expansion& expansion) {
    for (const probe::NamedLookup& named : expansion.lookups) {
      if (named.record == probe::RecordType::kPtr) continue;
      if (named.lookup->local) continue;
      if (named.lookup->answered) {
        answered_ = true;
        return;
      }
      unanswered_.Add(named.mx.empty() ? expansion.target->host : named.mx);
    }
  }
  bool good() const { return answered_; }
  std::optional<bool> Verdict() const {
    if (answered_) return true;
    return unanswered_.Enough() ? std::optional(false) : std::nullopt;
  }

 private:
  bool answered_ = false;
  Witnesses<std::string> unanswered_;
};

class Judge {
 public:
  explicit Judge(const ResultStore& store) : store_(store) {}

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
    return {.ok = {ip4_.Verdict(), ip6_.Verdict(), resolver_.Verdict(),
                   outbound_.Verdict()},
            .outbound_25_reason = outbound_.reason()};
  }

 private:
  void Add(const probe::Endpoint& endpoint) {
    RouteJudge& route = endpoint.address->is_ip6() ? ip6_ : ip4_;
    route.AddAddress();
    const bool outbound = endpoint.port == kSmtpPort && !outbound_.good();
    if (route.good() && !outbound) return;
    const ResultStore::State state = store_.Find(endpoint.id);
    if (state == nullptr || !state->verdict) return;
    if (!TriedToConnect(*state->verdict)) return;
    route.Add(*endpoint.address, *state->verdict);
    if (outbound) outbound_.Add(*endpoint.address, *state->verdict);
  }

  const ResultStore& store_;
  RouteJudge ip4_;
  RouteJudge ip6_;
  ResolverJudge resolver_;
  OutboundJudge outbound_;
};

// What a check that fails means and what to do, and that it is good again.
struct Sentences {
  std::string_view failed;
  std::string_view over;
};
constexpr std::array<Sentences, kVantageChecks> kSentences = {{
    {"This host has no route to IPv4 addresses: their servers are not probed, "
     "or look unreachable while they may be well. Check the addresses and "
     "routes of this host (ip -4 route), or set ip_protocol: ip6.",
     "This host reaches IPv4 addresses again"},
    {"This host has no route to IPv6 addresses: their servers are not probed, "
     "or look unreachable while they may be well. Check the addresses and "
     "routes of this host (ip -6 route), or set ip_protocol: ip4.",
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

VantageVerdicts JudgeVantage(const metrics::SeriesList& list,
                             const ResultStore& store) {
  Judge judge(store);
  const std::size_t step =
      (list.size() + kMaxVantageTargets - 1) / kMaxVantageTargets;
  for (std::size_t slot = 0; slot < list.size() && !judge.Finished();
       slot += step) {
    if (list[slot] != nullptr) judge.Add(*list[slot]);
  }
  return judge.Verdicts();
}

Vantage::Vantage(const ResultStore& store, metrics::SelfMetrics& self)
    : store_(store), self_(self) {}

void Vantage::Check(const metrics::SeriesList& list) {
  const VantageVerdicts before = verdicts_;
  verdicts_ = JudgeVantage(list, store_);
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
