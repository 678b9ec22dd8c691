// The part of ExpositionWriter that reads prometheus-cpp's data model.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "exporter/metrics/exposition.h"
#include "exporter/metrics/number_text.h"

namespace exporter::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// MetricType::Info came with prometheus-cpp 1.1; Debian 12 has 1.0.1.
template <typename Type>
bool IsInfo(Type type) {
  if constexpr (requires { Type::Info; }) {
    return type == Type::Info;
  } else {
    return false;
  }
}

std::string_view TypeName(MetricType type, Format format) {
  // Text 0.0.4 knows no info; there it is a gauge that is always 1.
  if (IsInfo(type)) return format == Format::kText ? "gauge" : "info";
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Histogram:
      return "histogram";
    case MetricType::Summary:
      return "summary";
    default:  // Untyped, and Info where it exists.
      return format == Format::kText ? "untyped" : "unknown";
  }
}

std::string LabelText(const ClientMetric& metric) {
  std::string text;
  for (const ClientMetric::Label& label : metric.label) {
    AppendLabel(text, label.name, label.value);
  }
  return text;
}

}  // namespace

void ExpositionWriter::Registry(const std::vector<MetricFamily>& families) {
  std::vector<const MetricFamily*> sorted;
  sorted.reserve(families.size());
  for (const MetricFamily& family : families) {
    if (!family.metric.empty()) sorted.push_back(&family);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const MetricFamily* left, const MetricFamily* right) {
              return left->name < right->name;
            });
  for (const MetricFamily* family : sorted) RegistryFamily(*family);
}

void ExpositionWriter::RegistryFamily(const MetricFamily& family) {
  const bool open = format_ == Format::kOpenMetrics;
  const bool info = IsInfo(family.type);
  std::string_view name = family.name;
  name_ = name;
  if (family.type == MetricType::Counter && open) {
    if (name.ends_with("_total")) {
      name.remove_suffix(std::string_view("_total").size());
    } else {
      name_ += "_total";
    }
  }
  if (info) {
    if (name.ends_with("_info")) {
      name.remove_suffix(std::string_view("_info").size());
    } else {
      name_ += "_info";
    }
  }
  Head(info && !open ? std::string_view(name_) : name,
       TypeName(family.type, format_), family.help);

  // The Registry keeps them in a hash map.
  std::vector<std::pair<std::string, const ClientMetric*>> sorted;
  sorted.reserve(family.metric.size());
  for (const ClientMetric& metric : family.metric) {
    sorted.emplace_back(LabelText(metric), &metric);
  }
  std::sort(sorted.begin(), sorted.end());
  for (const auto& [labels, metric] : sorted) {
    RegistryMetric(family.type, labels, *metric);
  }
}

void ExpositionWriter::RegistryMetric(MetricType type, std::string_view labels,
                                      const ClientMetric& metric) {
  if (IsInfo(type)) return Sample(labels, {}, 1.0);
  switch (type) {
    case MetricType::Counter:
      return Sample(labels, {}, metric.counter.value);
    case MetricType::Gauge:
      return Sample(labels, {}, metric.gauge.value);
    case MetricType::Histogram:
      return Histogram(labels, metric.histogram);
    case MetricType::Summary:
      return Summary(labels, metric.summary);
    default:
      return Sample(labels, {}, metric.untyped.value);
  }
}

void ExpositionWriter::Histogram(std::string_view labels,
                                 const ClientMetric::Histogram& histogram) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const NumberText count(histogram.sample_count);
  bool complete = false;
  for (const ClientMetric::Bucket& bucket : histogram.bucket) {
    Bound("_bucket", labels, "le", bucket.upper_bound,
          NumberText(bucket.cumulative_count).view());
    complete = complete || bucket.upper_bound == kInfinity;
  }
  if (!complete) Bound("_bucket", labels, "le", kInfinity, count.view());
  Line("_sum", labels, {}, NumberText(histogram.sample_sum).view());
  Line("_count", labels, {}, count.view());
}

void ExpositionWriter::Summary(std::string_view labels,
                               const ClientMetric::Summary& summary) {
  for (const ClientMetric::Quantile& quantile : summary.quantile) {
    Bound({}, labels, "quantile", quantile.quantile,
          NumberText(quantile.value).view());
  }
  Line("_sum", labels, {}, NumberText(summary.sample_sum).view());
  Line("_count", labels, {}, NumberText(summary.sample_count).view());
}

void ExpositionWriter::Bound(std::string_view suffix, std::string_view labels,
                             std::string_view name, double bound,
                             std::string_view value) {
  std::string text(NumberText(bound).view());
  // OpenMetrics 1.0, "Canonical Numbers": a label that is a number is written
  // as a float, 1.0 and not 1.
  if (format_ == Format::kOpenMetrics && std::isfinite(bound) &&
      text.find_first_of(".e") == std::string::npos) {
    text += ".0";
  }
  std::string more;
  AppendLabel(more, name, text);
  Line(suffix, labels, more, value);
}

}  // namespace exporter::metrics
