#include "exporter/metrics/self_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <mutex>
#include <string>

#include "exporter/build_info.h"
#include "exporter/metrics/process_metrics.h"
#include "exporter/metrics/record_name.h"
#include "probe/tls/hexadecimal.h"
#include "probe/utf8.h"

namespace exporter::metrics {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;
using prometheus::Counter;
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

prometheus::Family<Gauge>& AddGauges(Registry& registry,
                                     const std::string& name,
                                     const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

Gauge& AddGauge(Registry& registry, const std::string& name,
                const std::string& help) {
  return AddGauges(registry, name, help).Add({});
}

prometheus::Family<Counter>& AddCounters(Registry& registry,
                                         const std::string& name,
                                         const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
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

// Of one record type; there from the start, at 0.
struct LookupCounters {
  Counter& lookups;
  Counter& failures;
};

// About lists of targets from elsewhere, one metric for each source in each.
class DiscoveryFamilies {
 public:
  explicit DiscoveryFamilies(Registry& registry)
      : refreshes_(AddCounters(
            registry, "smtp_prober_discovery_refreshes_total",
            "How often a list of targets (a file of target_files, a URL of "
            "http_sd) was read, well or not.")),
        failures_(AddCounters(
            registry, "smtp_prober_discovery_failures_total",
            "How often a list of targets could not be read. The last good one "
            "stays in use.")),
        targets_(AddGauges(registry, "smtp_prober_discovery_targets",
                           "Targets in the list that is in use.")),
        success_time_(AddGauges(
            registry, "smtp_prober_discovery_last_success_timestamp_seconds",
            "When a list of targets was last read well, as a Unix time. 0: "
            "never yet.")) {}

  void Read(const prometheus::Labels& source, bool ok, std::size_t targets,
            probe::WallTime now) {
    const std::lock_guard lock(mutex_);
    refreshes_.Add(source).Increment();
    failures_.Add(source).Increment(ok ? 0 : 1);
    Gauge& count = targets_.Add(source);
    Gauge& success_time = success_time_.Add(source);
    if (!ok) return;
    count.Set(static_cast<double>(targets));
    success_time.Set(probe::Seconds(now.time_since_epoch()));
  }

  void Forget(const prometheus::Labels& source) {
    const std::lock_guard lock(mutex_);
    refreshes_.Remove(&refreshes_.Add(source));
    failures_.Remove(&failures_.Add(source));
    targets_.Remove(&targets_.Add(source));
    success_time_.Remove(&success_time_.Add(source));
  }

 private:
  std::mutex mutex_;  // A metric must not go while it is written.
  prometheus::Family<Counter>& refreshes_;
  prometheus::Family<Counter>& failures_;
  prometheus::Family<Gauge>& targets_;
  prometheus::Family<Gauge>& success_time_;
};

}  // namespace

struct SelfMetrics::Families {
  explicit Families(Registry& registry);

  LookupCounters AddLookups(probe::RecordType record) {
    const prometheus::Labels labels = {{"record", std::string(Name(record))}};
    return {lookups.Add(labels), lookup_failures.Add(labels)};
  }

  ProcessMetrics process;
  Gauge& reload_successful;
  Gauge& reload_time;
  DiscoveryFamilies discovery;
  Gauge& duplicates;
  prometheus::Family<Counter>& lookups;
  prometheus::Family<Counter>& lookup_failures;
  std::array<LookupCounters, 4> by_record;  // By RecordType.
  std::mutex vantage_mutex;  // A gauge must not go while it is written.
  prometheus::Family<Gauge>& vantage;
  Counter& unknown_modules;
  Counter& on_demand;
  prometheus::Family<Counter>& refusals;
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
      discovery(registry),
      duplicates(
          AddGauge(registry, "smtp_prober_duplicate_targets",
                   "Targets that are left out, because one before them has "
                   "the same name and module.")),
      lookups(AddCounters(registry, "smtp_prober_dns_lookups_total",
                          "How many questions were put to DNS.")),
      lookup_failures(
          AddCounters(registry, "smtp_prober_dns_lookup_failures_total",
                      "How many questions DNS did not answer (a timeout, "
                      "SERVFAIL). That there is nothing is an answer.")),
      by_record{AddLookups(probe::RecordType::kA),
                AddLookups(probe::RecordType::kAaaa),
                AddLookups(probe::RecordType::kMx),
                AddLookups(probe::RecordType::kPtr)},
      vantage(AddGauges(
          registry, "smtp_prober_vantage_ok",
          "Whether this host can see what it is to watch. 0: all that a check "
          "looks at fails alike, so the fault is most likely here (no route, "
          "a dead resolver, a blocked port 25) and not with the servers. "
          "Absent while there is not enough to judge by.")),
      unknown_modules(
          AddCounters(registry, "smtp_prober_module_unknown_total",
                      "How often /probe was asked for a module that is not "
                      "configured.")
              .Add({})),
      on_demand(AddCounters(registry, "smtp_prober_on_demand_probes_total",
                            "Tests that somebody asked for at /probe, on the "
                            "web page or by the API.")
                    .Add({})),
      refusals(AddCounters(
          registry, "smtp_prober_on_demand_refusals_total",
          "Tests that were asked for and not made: the target is not permitted "
          "(forbidden), or there are too many (rate, concurrency).")),
      targets(AddGauge(registry, "smtp_prober_targets",
                       "Targets that are watched.")),
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
                             "else.")) {
  for (const char* const reason : {"forbidden", "rate", "concurrency"}) {
    refusals.Add({{"reason", reason}});
  }
}

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

namespace {

// A file name as text that the page does not change any more: what it would
// replace is written as hexadecimal, so that two names stay two.
std::string Distinct(std::string_view source) {
  std::string text;
  while (!source.empty()) {
    const probe::Utf8Character next = probe::DecodeUtf8(source);
    const std::string_view bytes = source.substr(0, next.bytes);
    source.remove_prefix(next.bytes);
    if (next.valid && probe::IsPrintable(next.code_point)) {
      text += bytes;
      continue;
    }
    text += "\\x";
    text += probe::tls::Hexadecimal(
        reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  }
  return text;
}

}  // namespace

void SelfMetrics::DiscoveryRead(std::string_view source, bool ok,
                                std::size_t targets, probe::WallTime now) {
  families_->discovery.Read({{"source", Distinct(source)}}, ok, targets, now);
}

void SelfMetrics::DiscoveryForgotten(std::string_view source) {
  families_->discovery.Forget({{"source", Distinct(source)}});
}

void SelfMetrics::SetDuplicates(std::size_t targets) {
  families_->duplicates.Set(static_cast<double>(targets));
}

void SelfMetrics::UnknownModule() { families_->unknown_modules.Increment(); }

void SelfMetrics::OnDemandProbe() { families_->on_demand.Increment(); }

void SelfMetrics::OnDemandRefused(std::string_view reason) {
  families_->refusals.Add({{"reason", std::string(reason)}}).Increment();
}

void SelfMetrics::DnsLookup(probe::RecordType record, bool answered) {
  LookupCounters& counters =
      families_->by_record[static_cast<std::size_t>(record)];
  counters.lookups.Increment();
  if (!answered) counters.failures.Increment();
}

void SelfMetrics::SetVantage(std::string_view check, std::optional<bool> ok) {
  const std::lock_guard lock(families_->vantage_mutex);
  Gauge& gauge = families_->vantage.Add({{"check", std::string(check)}});
  if (ok) {
    gauge.Set(*ok ? 1 : 0);
  } else {
    families_->vantage.Remove(&gauge);
  }
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
