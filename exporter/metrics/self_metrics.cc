#include "exporter/metrics/self_metrics.h"

#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "exporter/build_info.h"
#include "exporter/metrics/process_metrics.h"

namespace exporter::metrics {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Registry;

// A loop that stalls for 20 ms bends measured latencies.
const Buckets& LoopLagBuckets() {
  static const Buckets buckets = {0.001, 0.005, 0.01, 0.02, 0.05,
                                  0.1,   0.25,  0.5,  1,    5};
  return buckets;
}

// A start waits for its server's previous conversation or for
// --probe.concurrency, up to whole intervals.
const Buckets& ScheduleLagBuckets() {
  static const Buckets buckets = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5,
                                  1,     5,     10,   30,   60,  300};
  return buckets;
}

// From a server next door to the default deadline of 45 s, with postscreen's
// 6 s between.
const Buckets& ProbeDurationBuckets() {
  static const Buckets buckets = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                  1,     2.5,  5,     10,   20,  45};
  return buckets;
}

// Two clock readings of a millisecond clock may show a timer as early; a sum
// that falls would look like a restart.
double Lag(probe::Duration lag) {
  return probe::Seconds(std::max(lag, probe::Duration::zero()));
}

Gauge& AddGauge(Registry& registry, const std::string& name,
                const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(
      {});
}

prometheus::Family<Histogram>& AddHistograms(Registry& registry,
                                             const std::string& name,
                                             const std::string& help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

void AddBuildInfo(Registry& registry) {
  const BuildInfo& build = GetBuildInfo();
  prometheus::BuildGauge()
      .Name("smtp_prober_build_info")
      .Help("Always 1: what this program was built from, and with.")
      .Register(registry)
      .Add({{"version", std::string(build.version)},
            {"revision", std::string(build.revision)},
            {"branch", std::string(build.branch)},
            {"compiler", build.compiler}})
      .Set(1);
}

}  // namespace

struct SelfMetrics::Families {
  explicit Families(Registry& registry);

  ProcessMetrics process;
  Gauge& reload_successful;
  Gauge& reload_time;
  Gauge& targets;
  Gauge& endpoints;
  Gauge& in_flight;
  Histogram& schedule_lag;
  Histogram& probe_duration;
  prometheus::Family<Histogram>& loop_lag;
};

SelfMetrics::Families::Families(Registry& registry)
    : reload_successful(
          AddGauge(registry, "smtp_prober_config_last_reload_successful",
                   "Whether the latest attempt to load the configuration "
                   "succeeded.")),
      reload_time(AddGauge(
          registry, "smtp_prober_config_last_reload_success_timestamp_seconds",
          "When the configuration was last loaded successfully, as a Unix "
          "time.")),
      targets(AddGauge(registry, "smtp_prober_targets",
                       "Targets in the configuration.")),
      endpoints(AddGauge(registry, "smtp_prober_endpoints",
                         "Endpoints that are probed: the addresses of all "
                         "targets, shared ones once.")),
      in_flight(AddGauge(registry, "smtp_prober_probes_in_flight",
                         "Probes that are running now.")),
      schedule_lag(AddHistograms(registry, "smtp_prober_schedule_lag_seconds",
                                 "How long after its due time a probe "
                                 "started.")
                       .Add({}, ScheduleLagBuckets())),
      probe_duration(AddHistograms(registry,
                                   "smtp_prober_probe_duration_seconds",
                                   "How long probes took, over all targets.")
                         .Add({}, ProbeDurationBuckets())),
      loop_lag(AddHistograms(registry, "smtp_prober_event_loop_lag_seconds",
                             "How late a timer of an event loop fired: how "
                             "long the loop was busy with something "
                             "else.")) {}

SelfMetrics::SelfMetrics()
    : registry_(std::make_unique<Registry>()),
      families_(std::make_unique<Families>(*registry_)) {
  AddBuildInfo(*registry_);
}

SelfMetrics::~SelfMetrics() = default;

void SelfMetrics::ConfigLoaded(bool ok, probe::WallTime now) {
  families_->reload_successful.Set(ok ? 1 : 0);
  if (ok) families_->reload_time.Set(probe::Seconds(now.time_since_epoch()));
}

void SelfMetrics::SetTargets(std::size_t targets, std::size_t endpoints) {
  families_->targets.Set(static_cast<double>(targets));
  families_->endpoints.Set(static_cast<double>(endpoints));
}

void SelfMetrics::ProbeStarted(probe::Duration lag) {
  families_->in_flight.Increment();
  families_->schedule_lag.Observe(Lag(lag));
}

void SelfMetrics::ProbeFinished(probe::Duration duration) {
  families_->in_flight.Decrement();
  families_->probe_duration.Observe(probe::Seconds(duration));
}

void SelfMetrics::LoopLag(std::string_view loop, probe::Duration lag) {
  families_->loop_lag.Add({{"loop", std::string(loop)}}, LoopLagBuckets())
      .Observe(Lag(lag));
}

std::vector<prometheus::MetricFamily> SelfMetrics::Collect() const {
  std::vector<prometheus::MetricFamily> all = registry_->Collect();
  std::vector<prometheus::MetricFamily> process = families_->process.Collect();
  all.insert(all.end(), std::make_move_iterator(process.begin()),
             std::make_move_iterator(process.end()));
  return all;
}

}  // namespace exporter::metrics
