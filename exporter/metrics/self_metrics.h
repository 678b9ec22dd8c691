// The daemon's own metrics, through prometheus-cpp's Registry. Every method
// may be called from any thread.
#ifndef EXPORTER_METRICS_SELF_METRICS_H_
#define EXPORTER_METRICS_SELF_METRICS_H_

#include <prometheus/metric_family.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "probe/clock.h"
#include "probe/lookup.h"

namespace prometheus {
class Registry;
}

namespace exporter::metrics {

class SelfMetrics {
 public:
  SelfMetrics();
  ~SelfMetrics();
  SelfMetrics(const SelfMetrics&) = delete;
  SelfMetrics& operator=(const SelfMetrics&) = delete;

  // smtp_prober_config_last_reload_successful and
  // smtp_prober_config_last_reload_success_timestamp_seconds.
  void ConfigLoaded(bool ok, probe::WallTime now);
  // smtp_prober_discovery_refreshes_total{source},
  // smtp_prober_discovery_failures_total{source},
  // smtp_prober_discovery_targets{source} and
  // smtp_prober_discovery_last_success_timestamp_seconds{source}: a list of
  // targets was read, or could not be. `source` is its file or URL; `targets`
  // counts while it is good.
  void DiscoveryRead(std::string_view source, bool ok, std::size_t targets,
                     probe::WallTime now);
  // The source is not read any more: its series leave.
  void DiscoveryForgotten(std::string_view source);
  // smtp_prober_duplicate_targets: left out now, because one before has the
  // same name and module.
  void SetDuplicates(std::size_t targets);
  // smtp_prober_dns_lookups_total{record} and
  // smtp_prober_dns_lookup_failures_total{record} (no answer: timeout,
  // SERVFAIL ...).
  void DnsLookup(probe::RecordType record, bool answered);
  // smtp_prober_vantage_ok{check}: none removes the series (not known).
  void SetVantage(std::string_view check, std::optional<bool> ok);
  // smtp_prober_module_unknown_total: somebody asked for a module that is not
  // there.
  void UnknownModule();
  // smtp_prober_on_demand_probes_total: tests that somebody asked for.
  void OnDemandProbe();
  // smtp_prober_on_demand_refusals_total{reason="forbidden"|"rate"|
  // "concurrency"}: those that were not made.
  void OnDemandRefused(std::string_view reason);
  // smtp_prober_targets, smtp_prober_endpoints.
  void SetTargets(std::size_t targets, std::size_t endpoints);
  // smtp_prober_probes_in_flight, smtp_prober_schedule_lag_seconds (how long
  // after its due time the latest probe started, a histogram).
  void ProbeStarted(probe::Duration lag);
  // smtp_prober_probe_duration_seconds, a histogram; lowers the in-flight
  // gauge.
  void ProbeFinished(probe::Duration duration);
  // smtp_prober_event_loop_lag_seconds{loop="main"|"probe-0"...}: how late a
  // timer fired, a histogram.
  void LoopLag(std::string_view loop, probe::Duration lag);

  // All of it and process_*, fresh.
  std::vector<prometheus::MetricFamily> Collect() const;

 private:
  struct Families;
  std::unique_ptr<prometheus::Registry> registry_;
  std::unique_ptr<Families> families_;
};

}  // namespace exporter::metrics

#endif  // EXPORTER_METRICS_SELF_METRICS_H_
