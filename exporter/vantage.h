// Whether this host can see what it is to watch. When all that needs port 25, a
// family of addresses or the resolver fails alike, the fault is most likely
// here, and not every mail server on Earth is down.
#ifndef EXPORTER_VANTAGE_H_
#define EXPORTER_VANTAGE_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/metrics/families.h"
#include "exporter/metrics/self_metrics.h"
#include "exporter/result_store.h"
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
// Targets looked at for one judgement, spread evenly over the list: what all
// servers have in common, these have too, and no turn of the loop is long.
inline constexpr std::size_t kMaxVantageTargets = 8192;

struct VantageVerdicts {
  // By VantageCheck; none: not enough to judge by.
  std::array<std::optional<bool>, kVantageChecks> ok;
  // Why outbound_25 is false: timeout, unreachable or refused.
  std::optional<probe::Reason> outbound_25_reason;

  std::optional<bool> operator[](VantageCheck check) const {
    return ok[static_cast<std::size_t>(check)];
  }
};

// Judges by the latest verdicts. Probes that made no connection (DNS, back-off)
// and loopback addresses say nothing.
// - outbound_25: true as soon as one server was connected to on port 25; false
//   when kLeastServers addresses or more could not be, all for one reason among
//   timeout, unreachable and refused.
// - ipv4_route, ipv6_route: true as soon as a connection to an address of the
//   family did anything but fail as unreachable; false when kLeastServers
//   addresses or more did that, or when all addresses of the family were left
//   out because there is no route to them.
// - resolver: true as soon as one name's latest lookup was answered; false when
//   those of kLeastServers names or more were not. Reverse lookups do not
//   count: few depend on them, and many of their zones are broken.
VantageVerdicts JudgeVantage(const metrics::SeriesList& list,
                             const ResultStore& store);

// Tells what the judgement is, and when it changes. On the main loop's thread.
class Vantage {
 public:
  // Both must outlive this.
  Vantage(const ResultStore& store, metrics::SelfMetrics& self);
  Vantage(const Vantage&) = delete;
  Vantage& operator=(const Vantage&) = delete;

  // Judges anew: takes a few milliseconds at worst, and next to nothing while
  // all is well. Logs a warning when a check fails, once, and that it is over
  // when it is good again; between the two it may be unknown for a while.
  void Check(const metrics::SeriesList& list);
  // One sentence for each check that fails, as of the last Check: plain text.
  std::vector<std::string> Notices() const;

 private:
  const ResultStore& store_;
  metrics::SelfMetrics& self_;
  VantageVerdicts verdicts_;
  std::array<bool, kVantageChecks> warned_{};
};

}  // namespace exporter

#endif  // EXPORTER_VANTAGE_H_
