// Whether this host can see what it is to watch. When all that needs port 25, a
// family of addresses or the resolver fails alike, the fault is most likely
// here, and not every mail server on Earth is down.
#ifndef EXPORTER_VANTAGE_H_
#define EXPORTER_VANTAGE_H_

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/metrics/families.h"
#include "exporter/metrics/self_metrics.h"
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

// One server that is down, or a primary and its backup, is no proof that the
// fault is ours: so many different ones have to fail alike.
inline constexpr std::size_t kLeastServers = 3;
// Targets looked at in one turn of the loop. Not a sample: the good ones may
// well lie where it does not look.
inline constexpr std::size_t kVantageSlice = 8192;
// While an answer of DNS is as young as this, the resolver works.
inline constexpr probe::Duration kFreshAnswer = std::chrono::seconds(10);

struct VantageVerdicts {
  // By VantageCheck; none: not enough to judge by.
  std::array<std::optional<bool>, kVantageChecks> ok;
  // Why outbound_25 is false: timeout, unreachable or refused.
  std::optional<probe::Reason> outbound_25_reason;

  std::optional<bool> operator[](VantageCheck check) const {
    return ok[static_cast<std::size_t>(check)];
  }
};

// It judges by the latest verdicts. Probes that made no connection (DNS,
// back-off) and loopback addresses say nothing.
// - outbound_25: true as soon as one server was connected to on port 25; false
//   when kLeastServers addresses or more could not be, all for one reason among
//   timeout, unreachable and refused.
// - ipv4_route, ipv6_route: true as soon as a server at an address of the
//   family was connected to or refused it. Silence proves nothing by itself,
//   neither a route nor that there is none. False, if there is no such server:
//   when all addresses of the family were left out because there is no route to
//   them; when kLeastServers addresses or more are unreachable and none timed
//   out; or when so many timed out or are unreachable on a port where the other
//   family connects (port 25, or any other): their packets are swallowed. Both
//   families silent are no matter of routes, but of port 25.
// - resolver: false when kLeastServers names or more that were answered before
//   are not any more, and no other name was answered since; or that many at the
//   start. True otherwise, if any name was answered. The hosts file says
//   nothing about it, nor do reverse lookups: few depend on them, and many of
//   their zones are broken.
//
// Tells what the judgement is, and when it changes. On the main loop's thread.
class Vantage {
 public:
  // Both must outlive this.
  Vantage(const ResultStore& store, metrics::SelfMetrics& self);
  ~Vantage();
  Vantage(const Vantage&) = delete;
  Vantage& operator=(const Vantage&) = delete;

  // Judges, kVantageSlice targets at a time: what is found counts once all were
  // looked at, or as soon as all is known to be well. Logs a warning when a
  // check fails, once, and that it is over when it is good again; between the
  // two it may be unknown for a while.
  void Check(const metrics::SeriesList& list, probe::Time now);
  // The judgement at once, whatever it takes.
  static VantageVerdicts JudgeAll(const metrics::SeriesList& list,
                                  const ResultStore& store, probe::Time now);
  // One sentence for each check that fails, as of the last Check: plain text.
  std::vector<std::string> Notices() const;

 private:
  class Judge;
  void Tell(const VantageVerdicts& verdicts);

  const ResultStore& store_;
  metrics::SelfMetrics& self_;
  std::unique_ptr<Judge> judge_;  // Of the round under way; or null.
  std::size_t slot_ = 0;          // Where it goes on.
  VantageVerdicts verdicts_;
  std::array<bool, kVantageChecks> warned_{};
};

}  // namespace exporter

#endif  // EXPORTER_VANTAGE_H_
