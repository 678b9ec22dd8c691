#include <prometheus/client_metric.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "exporter/metrics/exposition.h"
#include "tests/support/catch.h"

namespace exporter::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

MetricFamily MakeFamily(std::string name, MetricType type, std::string help,
                        std::vector<ClientMetric> metrics) {
  MetricFamily family;
  family.name = std::move(name);
  family.type = type;
  family.help = std::move(help);
  family.metric = std::move(metrics);
  return family;
}

ClientMetric Labelled(const std::string& name, const std::string& value) {
  ClientMetric metric;
  ClientMetric::Label label;
  label.name = name;
  label.value = value;
  metric.label.push_back(label);
  return metric;
}

std::vector<MetricFamily> AllTypes() {
  ClientMetric gauge = Labelled("loop", "main");
  gauge.gauge.value = std::nan("");
  ClientMetric other = Labelled("loop", "\"\xff\n");
  other.gauge.value = -kInfinity;
  ClientMetric counter;
  counter.counter.value = 3;
  counter.timestamp_ms = 1795428000000;
  ClientMetric histogram = Labelled("loop", "probe-0");
  histogram.histogram.sample_count = 5;
  histogram.histogram.sample_sum = 2.5;
  histogram.histogram.bucket = {{1, 0.02}, {3, 1}, {5, kInfinity}};
  ClientMetric summary;
  summary.summary.sample_count = 2;
  summary.summary.sample_sum = 1;
  summary.summary.quantile = {{0.5, 0.25}, {1, 0.75}};
  ClientMetric untyped;
  untyped.untyped.value = 9;
  return {
      MakeFamily("u", MetricType::Untyped, "Unknown.", {untyped}),
      MakeFamily("s_seconds", MetricType::Summary, "Summary.", {summary}),
      MakeFamily("h_seconds", MetricType::Histogram, "Two\nlines \\ \"q\".",
                 {histogram}),
      MakeFamily("c_total", MetricType::Counter, "Counter.", {counter}),
      MakeFamily("bare", MetricType::Counter, "Counter.", {counter}),
      MakeFamily("empty", MetricType::Gauge, "Nothing.", {}),
      MakeFamily("a_gauge", MetricType::Gauge, "Gauge.", {gauge, other}),
  };
}

std::string Render(Format format, const std::vector<MetricFamily>& families) {
  ExpositionWriter writer(format);
  writer.Registry(families);
  return writer.Take();
}

TEST_CASE("registry in text 0.0.4") {
  CHECK(Render(Format::kText, AllTypes()) == R"(# HELP a_gauge Gauge.
# TYPE a_gauge gauge
a_gauge{loop="\"�\n"} -Inf
a_gauge{loop="main"} NaN
# HELP bare Counter.
# TYPE bare counter
bare 3
# HELP c_total Counter.
# TYPE c_total counter
c_total 3
# HELP h_seconds Two\nlines \\ "q".
# TYPE h_seconds histogram
h_seconds_bucket{loop="probe-0",le="0.02"} 1
h_seconds_bucket{loop="probe-0",le="1"} 3
h_seconds_bucket{loop="probe-0",le="+Inf"} 5
h_seconds_sum{loop="probe-0"} 2.5
h_seconds_count{loop="probe-0"} 5
# HELP s_seconds Summary.
# TYPE s_seconds summary
s_seconds{quantile="0.5"} 0.25
s_seconds{quantile="1"} 0.75
s_seconds_sum 1
s_seconds_count 2
# HELP u Unknown.
# TYPE u untyped
u 9
)");
}

TEST_CASE("registry in OpenMetrics 1.0") {
  CHECK(Render(Format::kOpenMetrics, AllTypes()) == R"(# TYPE a_gauge gauge
# HELP a_gauge Gauge.
a_gauge{loop="\"�\n"} -Inf
a_gauge{loop="main"} NaN
# TYPE bare counter
# HELP bare Counter.
bare_total 3
# TYPE c counter
# HELP c Counter.
c_total 3
# TYPE h_seconds histogram
# UNIT h_seconds seconds
# HELP h_seconds Two\nlines \\ \"q\".
h_seconds_bucket{loop="probe-0",le="0.02"} 1
h_seconds_bucket{loop="probe-0",le="1.0"} 3
h_seconds_bucket{loop="probe-0",le="+Inf"} 5
h_seconds_sum{loop="probe-0"} 2.5
h_seconds_count{loop="probe-0"} 5
# TYPE s_seconds summary
# UNIT s_seconds seconds
# HELP s_seconds Summary.
s_seconds{quantile="0.5"} 0.25
s_seconds{quantile="1.0"} 0.75
s_seconds_sum 1
s_seconds_count 2
# TYPE u unknown
# HELP u Unknown.
u 9
)");
}

TEST_CASE("a histogram without a last bucket gets one") {
  ClientMetric metric;
  metric.histogram.sample_count = 4;
  metric.histogram.bucket = {{1, 1e-05}};
  const auto family =
      MakeFamily("h", MetricType::Histogram, "H.", {std::move(metric)});
  CHECK(Render(Format::kText, {family}) == R"(# HELP h H.
# TYPE h histogram
h_bucket{le="1e-05"} 1
h_bucket{le="+Inf"} 4
h_sum 0
h_count 4
)");
}

// MetricType::Info exists from prometheus-cpp 1.1 on.
template <typename Type>
void CheckInfo() {
  if constexpr (requires { Type::Info; }) {
    const auto family =
        MakeFamily("build", Type::Info, "B.", {Labelled("version", "1")});
    CHECK(Render(Format::kText, {family}) ==
          "# HELP build_info B.\n# TYPE build_info gauge\n"
          "build_info{version=\"1\"} 1\n");
    CHECK(Render(Format::kOpenMetrics, {family}) ==
          "# TYPE build info\n# HELP build B.\n"
          "build_info{version=\"1\"} 1\n");
  } else {
    WARN("this prometheus-cpp has no Info type: not checked");
  }
}

TEST_CASE("info") { CheckInfo<MetricType>(); }

}  // namespace
}  // namespace exporter::metrics
