// Writes Prometheus text 0.0.4 and OpenMetrics 1.0, piece by piece.
//
// Ours, because prometheus-cpp's TextSerializer does not escape HELP, knows no
// OpenMetrics and wants every series as an object of its own.
#ifndef EXPORTER_METRICS_EXPOSITION_H_
#define EXPORTER_METRICS_EXPOSITION_H_

#include <prometheus/metric_family.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::metrics {

enum class Format { kText, kOpenMetrics };
enum class FamilyType { kGauge, kCounter };

// A piece handed on to the client is about this long.
inline constexpr std::size_t kPieceBytes = 32 * 1024;
// Of one label value. What a peer says must not grow the page (and the index
// of everyone who scrapes it) at will.
inline constexpr std::size_t kMaxLabelBytes = 256;

// What the request's Accept header asks for (q-values respected; unknown or
// absent: text 0.0.4; never a refusal), and the Content-Type to answer with.
struct Negotiated {
  Format format = Format::kText;
  std::string content_type;
};
Negotiated NegotiateFormat(std::string_view accept);
// Whether Accept-Encoding allows gzip (q=0 refuses it).
bool AcceptsGzip(std::string_view accept_encoding);

// `name="value"` with the value escaped, safe for any bytes: control
// characters and bytes that are no UTF-8 become U+FFFD, and a value longer
// than `limit` bytes is cut on a character boundary. Appends to `out`, with a
// comma before it when `out` is not empty.
void AppendLabel(std::string& out, std::string_view name,
                 std::string_view value, std::size_t limit = kMaxLabelBytes);

class ExpositionWriter {
 public:
  explicit ExpositionWriter(Format format);

  Format format() const { return format_; }

  // Starts a family: HELP, TYPE and, in OpenMetrics, UNIT. `name` is the name
  // of its samples (a counter's ends in "_total").
  void Family(std::string_view name, FamilyType type, std::string_view help);
  // One sample of the family started last. `labels` is ready-made label text
  // (AppendLabel), `more` likewise; either may be empty.
  void Sample(std::string_view labels, std::string_view more, double value);
  void Sample(std::string_view labels, std::string_view more,
              std::uint64_t value);
  // Whole families of prometheus-cpp's Registry: gauge, counter, histogram,
  // summary, info, untyped. Sorted by name, their samples by label; text is
  // made valid UTF-8. Families without samples are left out.
  void Registry(const std::vector<prometheus::MetricFamily>& families);
  // Ends the page ("# EOF" in OpenMetrics).
  void Finish();

  std::size_t size() const { return out_.size(); }
  // What was written since the last call.
  std::string Take();

 private:
  // HELP, TYPE and UNIT of a family of any type, under the family's own name
  // (in OpenMetrics a counter's has no "_total").
  void Head(std::string_view family, std::string_view type,
            std::string_view help);
  void Line(std::string_view suffix, std::string_view labels,
            std::string_view more, std::string_view value);
  void RegistryFamily(const prometheus::MetricFamily& family);
  void RegistryMetric(prometheus::MetricType type, std::string_view labels,
                      const prometheus::ClientMetric& metric);
  void Histogram(std::string_view labels,
                 const prometheus::ClientMetric::Histogram& histogram);
  void Summary(std::string_view labels,
               const prometheus::ClientMetric::Summary& summary);
  // A sample whose value of `le` or `quantile` is `bound`.
  void Bound(std::string_view suffix, std::string_view labels,
             std::string_view name, double bound, std::string_view value);

  const Format format_;
  std::string name_;  // Of the current family's samples, without a suffix.
  std::string out_;
};

}  // namespace exporter::metrics

#endif  // EXPORTER_METRICS_EXPOSITION_H_
