// Whether this host can see what it is to watch. When all that needs port 25, a
// family of addresses or the resolver fails alike, the fault is most likely
// here, and not every mail server on Earth is down.
#ifndef EXPORTER_VANTAGE_H_
#define EXPORTER_VANTAGE_H_

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "exporter/metrics/families.h"
#include "exporter/metrics/self_metrics.h"
#include "exporter/result_store.h"
#include "exporter/vantage_judge.h"
#include "probe/clock.h"

namespace exporter {

// Targets looked at in one turn of the loop. Not a sample: the good ones may
// well lie where it does not look.
inline constexpr std::size_t kVantageSlice = 8192;

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
  void Tell(const VantageVerdicts& verdicts);

  const ResultStore& store_;
  metrics::SelfMetrics& self_;
  std::unique_ptr<VantageJudge> judge_;  // Of the round under way; or null.
  std::size_t slot_ = 0;                 // Where it goes on.
  VantageVerdicts verdicts_;
  std::array<bool, kVantageChecks> warned_{};
};

}  // namespace exporter

#endif  // EXPORTER_VANTAGE_H_
