#include "exporter/metrics/self_metrics.h"

#include <string>
#include <thread>
#include <vector>

#include "exporter/build_info.h"
#include "exporter/metrics/exposition.h"
#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter::metrics {
namespace {

using tests::kNow;
using tests::milliseconds;
using tests::seconds;

std::string Render(const SelfMetrics& metrics) {
  ExpositionWriter writer(Format::kText);
  writer.Registry(metrics.Collect());
  return writer.Take();
}

bool HasLine(const std::string& page, const std::string& line) {
  return ("\n" + page).find("\n" + line + "\n") != std::string::npos;
}

TEST_CASE("before anything has happened") {
  const std::string page = Render(SelfMetrics());
  for (const std::string line :
       {"smtp_prober_config_last_reload_successful 0",
        "smtp_prober_config_last_reload_success_timestamp_seconds 0",
        "smtp_prober_targets 0", "smtp_prober_endpoints 0",
        "smtp_prober_probes_in_flight 0",
        "smtp_prober_schedule_lag_seconds_count 0",
        "smtp_prober_probe_duration_seconds_count 0"}) {
    INFO(line);
    CHECK(HasLine(page, line));
  }
  CHECK(page.find("NaN") == std::string::npos);
  // No loop has told anything, and process_* is there.
  CHECK(page.find("smtp_prober_event_loop_lag_seconds") == std::string::npos);
  CHECK(page.find("\nprocess_threads ") != std::string::npos);
}

TEST_CASE("tests on demand") {
  SelfMetrics metrics;
  // Counters are there before there is anything to count.
  for (const std::string line :
       {"smtp_prober_module_unknown_total 0",
        "smtp_prober_on_demand_probes_total 0",
        "smtp_prober_on_demand_refusals_total{reason=\"concurrency\"} 0",
        "smtp_prober_on_demand_refusals_total{reason=\"forbidden\"} 0",
        "smtp_prober_on_demand_refusals_total{reason=\"rate\"} 0"}) {
    INFO(line);
    CHECK(HasLine(Render(metrics), line));
  }
  metrics.UnknownModule();
  metrics.OnDemandProbe();
  metrics.OnDemandProbe();
  for (const char* reason : {"rate", "forbidden", "rate"}) {
    metrics.OnDemandRefused(reason);
  }
  for (const std::string line :
       {"smtp_prober_module_unknown_total 1",
        "smtp_prober_on_demand_probes_total 2",
        "smtp_prober_on_demand_refusals_total{reason=\"concurrency\"} 0",
        "smtp_prober_on_demand_refusals_total{reason=\"forbidden\"} 1",
        "smtp_prober_on_demand_refusals_total{reason=\"rate\"} 2"}) {
    INFO(line);
    CHECK(HasLine(Render(metrics), line));
  }
}

TEST_CASE("what the program was built from") {
  const BuildInfo& build = GetBuildInfo();
  std::string labels;  // prometheus-cpp sorts them.
  AppendLabel(labels, "branch", build.branch);
  AppendLabel(labels, "compiler", build.compiler);
  AppendLabel(labels, "revision", build.revision);
  AppendLabel(labels, "version", build.version);
  CHECK(HasLine(Render(SelfMetrics()),
                "smtp_prober_build_info{" + labels + "} 1"));
}

TEST_CASE("a failed reload keeps the time of the last good one") {
  SelfMetrics metrics;
  metrics.ConfigLoaded(true, kNow);
  metrics.ConfigLoaded(false, kNow + seconds(60));
  const std::string page = Render(metrics);
  CHECK(HasLine(page, "smtp_prober_config_last_reload_successful 0"));
  CHECK(HasLine(page,
                "smtp_prober_config_last_reload_success_timestamp_seconds "
                "1795428000"));
  metrics.ConfigLoaded(true, kNow + seconds(90));
  CHECK(
      HasLine(Render(metrics), "smtp_prober_config_last_reload_successful 1"));
}

TEST_CASE("probes and loops") {
  SelfMetrics metrics;
  metrics.SetTargets(3, 5);
  metrics.ProbeStarted(milliseconds(3));
  metrics.ProbeStarted(milliseconds(-3));
  metrics.ProbeFinished(milliseconds(250));
  metrics.LoopLag("main", milliseconds(15));
  metrics.LoopLag("probe-0", milliseconds(1));
  metrics.LoopLag("main", milliseconds(30));
  const std::string page = Render(metrics);
  for (const std::string line :
       {"smtp_prober_targets 3", "smtp_prober_endpoints 5",
        "smtp_prober_probes_in_flight 1",
        "smtp_prober_schedule_lag_seconds_bucket{le=\"0.001\"} 1",
        "smtp_prober_schedule_lag_seconds_bucket{le=\"0.005\"} 2",
        "smtp_prober_schedule_lag_seconds_sum 0.003",
        "smtp_prober_probe_duration_seconds_bucket{le=\"0.1\"} 0",
        "smtp_prober_probe_duration_seconds_bucket{le=\"0.25\"} 1",
        "smtp_prober_probe_duration_seconds_sum 0.25",
        "smtp_prober_event_loop_lag_seconds_bucket{loop=\"main\",le=\"0.02\"} "
        "1",
        "smtp_prober_event_loop_lag_seconds_count{loop=\"main\"} 2",
        "smtp_prober_event_loop_lag_seconds_count{loop=\"probe-0\"} 1"}) {
    INFO(line);
    CHECK(HasLine(page, line));
  }
}

TEST_CASE("lists of targets") {
  SelfMetrics metrics;
  const std::string file = "/etc/targets/a.yaml";
  metrics.DiscoveryRead(file, /*ok=*/false, 0, kNow);
  std::string page = Render(metrics);
  const std::string label = "{source=\"" + file + "\"} ";
  const std::string prefix = "smtp_prober_discovery_";
  CHECK(HasLine(page, prefix + "refreshes_total" + label + "1"));
  CHECK(HasLine(page, prefix + "failures_total" + label + "1"));
  CHECK(HasLine(page, prefix + "targets" + label + "0"));
  CHECK(HasLine(page, prefix + "last_success_timestamp_seconds" + label + "0"));
  metrics.DiscoveryRead(file, /*ok=*/true, 7, kNow);
  // The good list stays, and so does when it was read.
  metrics.DiscoveryRead(file, /*ok=*/false, 0, kNow + seconds(60));
  metrics.DiscoveryRead("https://inventory.example.net/mail", /*ok=*/true, 2,
                        kNow);
  page = Render(metrics);
  CHECK(HasLine(page, prefix + "refreshes_total" + label + "3"));
  CHECK(HasLine(page, prefix + "failures_total" + label + "2"));
  CHECK(HasLine(page, prefix + "targets" + label + "7"));
  CHECK(HasLine(
      page, prefix + "last_success_timestamp_seconds" + label + "1795428000"));
  metrics.DiscoveryForgotten(file);
  metrics.DiscoveryForgotten("/never/read.yaml");
  page = Render(metrics);
  CHECK_FALSE(tests::Contains(page, file));
  CHECK_FALSE(tests::Contains(page, "/never"));
  CHECK(HasLine(page, prefix +
                          "failures_total{source=\"https://inventory.example."
                          "net/mail\"} 0"));
}

TEST_CASE("lookups and duplicates count from 0") {
  SelfMetrics metrics;
  std::string page = Render(metrics);
  CHECK(HasLine(page, "smtp_prober_duplicate_targets 0"));
  for (const std::string record : {"a", "aaaa", "mx", "ptr"}) {
    const std::string label = "{record=\"" + record + "\"} 0";
    CHECK(HasLine(page, "smtp_prober_dns_lookups_total" + label));
    CHECK(HasLine(page, "smtp_prober_dns_lookup_failures_total" + label));
  }
  metrics.SetDuplicates(1);
  metrics.DnsLookup(probe::RecordType::kAaaa, true);
  metrics.DnsLookup(probe::RecordType::kAaaa, false);
  page = Render(metrics);
  CHECK(HasLine(page, "smtp_prober_duplicate_targets 1"));
  CHECK(HasLine(page, "smtp_prober_dns_lookups_total{record=\"aaaa\"} 2"));
  CHECK(HasLine(page,
                "smtp_prober_dns_lookup_failures_total{record=\"aaaa\"} 1"));
  CHECK(HasLine(page, "smtp_prober_dns_lookups_total{record=\"a\"} 0"));
}

TEST_CASE("what is not known of the vantage point is not there") {
  SelfMetrics metrics;
  const std::string name = "smtp_prober_vantage_ok";
  CHECK_FALSE(tests::Contains(Render(metrics), name));
  metrics.SetVantage("resolver", std::nullopt);
  CHECK_FALSE(tests::Contains(Render(metrics), name));
  metrics.SetVantage("resolver", true);
  metrics.SetVantage("outbound_25", false);
  const std::string page = Render(metrics);
  CHECK(HasLine(page, name + "{check=\"resolver\"} 1"));
  CHECK(HasLine(page, name + "{check=\"outbound_25\"} 0"));
  metrics.SetVantage("outbound_25", std::nullopt);
  CHECK_FALSE(tests::Contains(Render(metrics), "outbound_25"));
}

TEST_CASE("any thread may write while one reads") {
  SelfMetrics metrics;
  std::vector<std::thread> threads;
  for (const char* const loop : {"probe-0", "probe-1"}) {
    threads.emplace_back([&metrics, loop] {
      for (int i = 0; i < 300; ++i) {
        metrics.ProbeStarted(milliseconds(1));
        metrics.LoopLag(loop, milliseconds(1));
        metrics.DiscoveryRead("a", true, 1, kNow);
        metrics.DiscoveryForgotten("a");
        metrics.SetVantage("resolver", true);
        metrics.SetVantage("resolver", std::nullopt);
        metrics.ProbeFinished(milliseconds(1));
      }
    });
  }
  for (int i = 0; i < 20; ++i) CHECK_FALSE(metrics.Collect().empty());
  for (std::thread& thread : threads) thread.join();
  const std::string page = Render(metrics);
  CHECK(HasLine(page, "smtp_prober_probes_in_flight 0"));
  CHECK(HasLine(page, "smtp_prober_probe_duration_seconds_count 600"));
}

}  // namespace
}  // namespace exporter::metrics
