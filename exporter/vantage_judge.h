// The rule behind smtp_prober_vantage_ok: what the latest verdicts and lookups
// say of this host, and when they say nothing. Pure, but for reading the store.
#ifndef EXPORTER_VANTAGE_JUDGE_H_
#define EXPORTER_VANTAGE_JUDGE_H_

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "exporter/metrics/families.h"
#include "exporter/result_store.h"
#include "probe/clock.h"
#include "probe/result.h"

namespace exporter {

enum class VantageCheck { kIp4Route, kIp6Route, kResolver, kOutbound25 };
inline constexpr std::size_t kVantageChecks = 4;
// Values of the label `check`, in the order of the enumerators.
inline constexpr std::array<std::string_view, kVantageChecks>
    kVantageCheckNames = {"ipv4_route", "ipv6_route", "resolver",
                          "outbound_25"};

// One site that is down, or a site and its backup elsewhere, is no proof that
// the fault is ours: so many different ones have to fail alike.
inline constexpr std::size_t kLeastWitnesses = 3;
// While an answer of DNS is as young as this, the resolver works.
inline constexpr probe::Duration kFreshAnswer = std::chrono::seconds(10);
// While an answer of a server is as young as this, it stands whatever else
// failed since: one probe may take most of it.
inline constexpr probe::Duration kFreshContact = std::chrono::minutes(1);

struct VantageVerdicts {
  // By VantageCheck; none: not enough to judge by.
  std::array<std::optional<bool>, kVantageChecks> ok;
  // Why outbound_25 is false: timeout, unreachable or refused.
  std::optional<probe::Reason> outbound_25_reason;

  std::optional<bool> operator[](VantageCheck check) const {
    return ok[static_cast<std::size_t>(check)];
  }
};

// A server is *connected to* when its latest probe got beyond the connection,
// *silent* when that timed out or was unreachable, and else *answers*: mostly
// by refusing. Probes that tried no connection (DNS, back-off) and loopback
// addresses say nothing. Silence proves nothing by itself, neither a way nor
// that there is none.
//
// - outbound_25, of port 25 in both families: true while a server is connected
//   to. Else false when kLeastWitnesses sites are silent and none answers, or
//   as many refuse and none does anything else (a firewall may do either). One
//   that refuses among silent ones makes it unknown, on purpose: if that is a
//   server that is down, the way to it is open; if it is a firewall's word, the
//   way is not.
// - ipv4_route, ipv6_route: true while a server of the family is connected to
//   or answers. Else false when all addresses of the family were left out
//   because there is no route to them; when kLeastWitnesses sites are
//   unreachable and none times out; or when so many are silent on a port (25,
//   or any other) where the other family connects: their packets are swallowed.
//   Both families silent are no matter of routes, but of port 25.
// - resolver: false when kLeastWitnesses names or more that were answered
//   before are not any more, and no other name was answered since; or that many
//   at the start. True otherwise, if any name was answered. The hosts file says
//   nothing about it, nor do reverse lookups: few depend on them, and many of
//   their zones are broken.
//
// Sites, and not servers: all exchangers of one site are often down together.
// Names are of one site when their last two labels are the same (three below
// the likes of co.uk); an IP literal is a site of its own.
//
// An answer counts until kLeastWitnesses sites have gone on failing for two of
// their intervals, and for kFreshContact, since it came: a verdict that is a
// day old, as after a back-off, says nothing of now. A shorter time would call
// it bad again and again: between two probes of a server that is well, several
// that are down have their turn.
//
// What is not public (a relay of one's own network) is reached in other ways
// than the Internet: such addresses count in a check for which no public one
// was tried.
class VantageJudge {
 public:
  // `store` must outlive the judge.
  VantageJudge(const ResultStore& store, probe::Time now);
  ~VantageJudge();
  VantageJudge(const VantageJudge&) = delete;
  VantageJudge& operator=(const VantageJudge&) = delete;

  void Add(const metrics::TargetSeries& target);
  // All is well, and nothing more can change that.
  bool Finished() const;
  VantageVerdicts Verdicts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace exporter

#endif  // EXPORTER_VANTAGE_JUDGE_H_
