// The verdict of the latest probe.
#include <cstddef>

#include "exporter/metrics/family.h"
#include "probe/result.h"

namespace exporter::metrics {
namespace {

void AppendPhases(const Row& row, Samples& samples) {
  if (row.verdict() == nullptr) return;
  for (std::size_t i = 0; i < probe::kPhaseCount; ++i) {
    if (const auto& duration = row.verdict()->phase_durations[i]) {
      samples.Add({{"phase", Name(static_cast<probe::Phase>(i))}},
                  probe::Seconds(*duration));
    }
  }
}

constexpr Family kFamilies[] = {
    {"smtp_reachable", FamilyType::kGauge,
     "Whether the latest probe got a final 220 greeting and a positive answer "
     "to EHLO or HELO. 0 too while DNS does not lead to the server any more. "
     "Absent when a test on demand was not made, out of politeness.",
     [](const Row& row, Samples& samples) {
       if (row.verdict() == nullptr) return;
       const probe::Failure* const failure = row.failure();
       if (failure != nullptr && failure->reason == probe::Reason::kBackoff) {
         return;
       }
       samples.Add(row.reachable());
     }},
    {"smtp_probe_success", FamilyType::kGauge,
     "Whether the latest probe did everything that its module demands.",
     [](const Row& row, Samples& samples) {
       if (row.verdict() != nullptr) samples.Add(row.failure() == nullptr);
     }},
    {"smtp_probe_failure_info", FamilyType::kGauge,
     "Always 1 and only there while the latest probe failed: the phase of the "
     "conversation it failed in, and why. Phase resolve: the fault is in DNS.",
     [](const Row& row, Samples& samples) {
       if (row.verdict() == nullptr) return;
       if (const probe::Failure* const failure = row.failure()) {
         samples.Info({{"phase", Name(failure->phase)},
                       {"reason", Name(failure->reason)}});
       }
     }},
    {"smtp_probe_timestamp_seconds", FamilyType::kGauge,
     "When the latest probe ended, as a Unix time. Probes run on a schedule "
     "of their own and not when this page is scraped.",
     [](const Row& row, Samples& samples) {
       if (row.verdict() != nullptr) {
         samples.Add(UnixSeconds(row.verdict()->finished.wall));
       }
     }},
    {"smtp_probe_interval_seconds", FamilyType::kGauge,
     "Time from one probe to the next. It grows while the server asks its "
     "clients to come back later (421).",
     [](const Row& row, Samples& samples) {
       samples.Add(probe::Seconds(row.verdict() != nullptr
                                      ? row.state().interval
                                      : row.target().interval));
     },
     /*of_schedule=*/true},
    {"smtp_probe_duration_seconds", FamilyType::kGauge,
     "How long the latest probe took, with everything from the connection to "
     "the answer to QUIT.",
     [](const Row& row, Samples& samples) {
       if (row.verdict() != nullptr) {
         samples.Add(probe::Seconds(row.verdict()->duration));
       }
     }},
    {"smtp_probe_phase_duration_seconds", FamilyType::kGauge,
     "How long each phase of the latest probe took. A phase that failed has "
     "its time until then, one that was not reached is not there.",
     AppendPhases},
    {"smtp_probes_total", FamilyType::kCounter,
     "How many probes have ended, well or not.",
     [](const Row& row, Samples& samples) { samples.Add(row.state().probes); }},
    {"smtp_probe_failures_total", FamilyType::kCounter,
     "How many probes have failed.",
     [](const Row& row, Samples& samples) {
       samples.Add(row.state().failures);
     }},
};

}  // namespace

std::span<const Family> VerdictFamilies() { return kFamilies; }

}  // namespace exporter::metrics
