#include "exporter/metrics/exposition.h"
#include "tests/support/catch.h"

namespace exporter::metrics {
namespace {

constexpr std::string_view kText = "text/plain; version=0.0.4; charset=utf-8";

std::string Open(std::string_view escaping) {
  return "application/openmetrics-text; version=1.0.0; charset=utf-8; "
         "escaping=" +
         std::string(escaping);
}

TEST_CASE("the format follows Accept") {
  struct Case {
    const char* name;
    std::string accept;
    std::string want;
  };
  const std::string text(kText);
  const std::vector<Case> cases = {
      {"Prometheus 2.42",
       "application/openmetrics-text;version=1.0.0,application/"
       "openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,"
       "*/*;q=0.1",
       Open("underscores")},
      {"Prometheus 2.5, OpenMetrics 0.0.1 only",
       "application/openmetrics-text; version=0.0.1,"
       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       text},
      {"Prometheus 3.0",
       "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8,"
       "application/openmetrics-text;version=0.0.1;q=0.75;escaping=allow-utf-8,"
       "text/plain;version=0.0.4;q=0.5;escaping=allow-utf-8,"
       "*/*;q=0.1;escaping=allow-utf-8",
       Open("allow-utf-8")},
      {"Prometheus 3.4",
       "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
       "application/openmetrics-text;version=0.0.1;q=0.5,"
       "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
       "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       Open("allow-utf-8")},
      {"Prometheus 3.4, text first",
       "text/plain;version=0.0.4;q=0.5,application/openmetrics-text;"
       "version=1.0.0;q=0.4,*/*;q=0.2",
       text},
      {"Prometheus with native histograms",
       "application/vnd.google.protobuf;proto=io.prometheus.client."
       "MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;"
       "version=1.0.0;escaping=dots;q=0.5,text/plain;version=0.0.4;q=0.3",
       Open("dots")},
      {"none", "", text},
      {"curl", "*/*", text},
      {"a browser",
       "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,"
       "image/webp,*/*;q=0.8",
       text},
      {"only what we do not have", "application/json", text},
      {"OpenMetrics without a version", "application/openmetrics-text",
       Open("underscores")},
      {"OpenMetrics of the future",
       "application/openmetrics-text; version=2.0.0", text},
      {"OpenMetrics refused",
       "application/openmetrics-text;version=1.0.0;q=0, text/plain;q=0.1",
       text},
      {"everything refused", "*/*;q=0", text},
      {"q=0 with three decimals",
       "application/openmetrics-text;version=1.0.0;q=0.000", text},
      {"equal weights: the first", "application/openmetrics-text, text/plain",
       Open("underscores")},
      {"equal weights: the first, text",
       "text/plain, application/openmetrics-text", text},
      {"the specific element decides, not the wildcard",
       "text/plain;q=0.1, */*, application/openmetrics-text;q=0.5",
       Open("underscores")},
      {"upper case and blanks",
       " Application/OpenMetrics-Text ; Version=1.0.0 ; Q=1 ",
       Open("underscores")},
      {"quoted parameter",
       "application/openmetrics-text;version=\"1.0.0\";escaping=\"values\"",
       Open("values")},
      {"a comma in quotes is no separator",
       "text/html;x=\"a,application/openmetrics-text\"", text},
      {"an escaping that nobody knows",
       "application/openmetrics-text;version=1.0.0;escaping=\r\nX: y",
       Open("underscores")},
      {"unreadable weight", "application/openmetrics-text;q=high", text},
      {"weight out of range", "application/openmetrics-text;q=7", text},
      {"weight is no number", "application/openmetrics-text;q=nan", text},
      {"negative weight", "application/openmetrics-text;q=-1", text},
      {"separators only", ",;,;=,;;q=,", text},
      {"open quote", "application/openmetrics-text;a=\"", Open("underscores")},
      {"quote ends in a backslash", "text/plain;a=\"\\", text},
      {"bytes", std::string("\x00\xff\x80,\x01", 5), text},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    const Negotiated got = NegotiateFormat(c.accept);
    CHECK(got.content_type == c.want);
    CHECK(got.format ==
          (c.want == text ? Format::kText : Format::kOpenMetrics));
  }
}

TEST_CASE("gzip follows Accept-Encoding") {
  struct Case {
    std::string_view accept;
    bool want;
  };
  const std::vector<Case> cases = {
      {"gzip", true},         {"", false},
      {"identity", false},    {"gzip;q=0", false},
      {"gzip; q=0.0", false}, {"gzip;q=0.1", true},
      {"zstd, gzip", true},   {"deflate, GZIP ;q=0.5, br", true},
      {"x-gzip", true},       {"notgzip", false},
      {"gzipped", false},     {"*", true},
      {"*;q=0", false},       {"gzip;q=0, *", false},
      {"*, gzip;q=0", false}, {"*;q=0, gzip", true},
      {"gzip;q=x", false},    {",,;", false},
  };
  for (const Case& c : cases) {
    INFO(c.accept);
    CHECK(AcceptsGzip(c.accept) == c.want);
  }
}

}  // namespace
}  // namespace exporter::metrics
