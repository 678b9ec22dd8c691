// process_*: what every Prometheus client library tells of its process, and
// prometheus-cpp does not.
#ifndef EXPORTER_METRICS_PROCESS_METRICS_H_
#define EXPORTER_METRICS_PROCESS_METRICS_H_

#include <prometheus/metric_family.h>

#include <optional>
#include <string>
#include <vector>

namespace exporter::metrics {

class ProcessMetrics {
 public:
  // `proc_self` is where the kernel describes this process.
  explicit ProcessMetrics(std::string proc_self = "/proc/self");

  // What can be read now; a value that cannot be read is left out. Any thread.
  std::vector<prometheus::MetricFamily> Collect() const;

 private:
  const std::string proc_self_;
  // Computed once: it comes from two clocks, and must not wobble with them.
  const std::optional<double> start_time_;
};

}  // namespace exporter::metrics

#endif  // EXPORTER_METRICS_PROCESS_METRICS_H_
