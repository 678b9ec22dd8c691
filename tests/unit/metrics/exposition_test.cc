#include "exporter/metrics/exposition.h"

#include <cmath>
#include <limits>

#include "tests/support/catch.h"

namespace exporter::metrics {
namespace {

std::string Repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST_CASE("a label is safe whatever its value") {
  struct Case {
    const char* name;
    std::string value;
    std::string want;
  };
  const std::vector<Case> cases = {
      {"plain", "mx1.example.com:25", "mx1.example.com:25"},
      {"empty", "", ""},
      {"the three escapes", "a\"b\\c\nd", R"(a\"b\\c\nd)"},
      {"UTF-8 of two, three and four bytes", "é€😀", "é€😀"},
      {"C0", std::string("a\0b\rc\td\x1b[31m", 12), "a�b�c�d�[31m"},
      {"DEL", "a\x7f", "a�"},
      {"C1", "a\xc2\x85z", "a�z"},
      {"first character behind C1", "\xc2\xa0", "\xc2\xa0"},
      {"Latin-1", "caf\xe9 au lait", "caf� au lait"},
      {"a lone tail byte", "\x80", "�"},
      {"overlong slash", "\xc0\xaf", "��"},
      {"overlong in three", "\xe0\x80\xaf", "���"},
      {"surrogate", "\xed\xa0\x80", "���"},
      {"last before the surrogates", "\xed\x9f\xbf", "\xed\x9f\xbf"},
      {"beyond U+10FFFF", "\xf4\x90\x80\x80", "����"},
      {"the last character", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
      {"no UTF-8 at all", "\xff\xfe", "��"},
      {"cut off at the end", "a\xe2\x82", "a��"},
      {"256 bytes", std::string(256, 'x'), std::string(256, 'x')},
      {"257 bytes", std::string(257, 'x'), std::string(256, 'x')},
      {"the cut spares a character", std::string(255, 'x') + "é",
       std::string(255, 'x')},
      {"a character fits exactly", std::string(254, 'x') + "éy",
       std::string(254, 'x') + "é"},
      {"an escape counts as what it means", Repeated("\"", 300),
       Repeated("\\\"", 256)},
      {"replaced bytes count as what they become", Repeated("\xff", 300),
       Repeated("�", 85)},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    std::string label;
    AppendLabel(label, "name", c.value);
    CHECK(label == "name=\"" + c.want + "\"");
  }
}

TEST_CASE("labels are joined by commas") {
  std::string labels;
  AppendLabel(labels, "a", "1");
  AppendLabel(labels, "b", "2");
  CHECK(labels == R"(a="1",b="2")");
}

TEST_CASE("a limit of the caller's own") {
  std::string label;
  AppendLabel(label, "a", std::string(300, 'x'),
              std::numeric_limits<std::size_t>::max());
  CHECK(label == "a=\"" + std::string(300, 'x') + "\"");
}

TEST_CASE("numbers are the shortest text that reads back") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  struct Case {
    double value;
    std::string want;
  };
  const std::vector<Case> cases = {
      {0, "0"},
      {1, "1"},
      {-1, "-1"},
      {0.1, "0.1"},
      {0.25, "0.25"},
      {1.0 / 3, "0.3333333333333333"},
      {0.1 + 0.2, "0.30000000000000004"},
      {300000, "300000"},
      {10240000, "10240000"},
      {1795428000.125, "1795428000.125"},
      {9007199254740991.0, "9007199254740991"},
      {18446744073709551615.0, "18446744073709551616"},
      {1e22, "1e+22"},
      {1e-9, "1e-09"},
      {std::numeric_limits<double>::max(), "1.7976931348623157e+308"},
      {std::numeric_limits<double>::denorm_min(), "5e-324"},
      {kInfinity, "+Inf"},
      {-kInfinity, "-Inf"},
      {std::nan(""), "NaN"},
      {-std::nan(""), "NaN"},
  };
  for (const Case& c : cases) {
    ExpositionWriter writer(Format::kText);
    writer.Family("x", FamilyType::kGauge, "X.");
    writer.Take();
    writer.Sample({}, {}, c.value);
    CHECK(writer.Take() == "x " + c.want + "\n");
  }
  ExpositionWriter writer(Format::kText);
  writer.Sample({}, {}, std::numeric_limits<std::uint64_t>::max());
  CHECK(writer.Take() == " 18446744073709551615\n");
}

std::string SmallPage(Format format) {
  ExpositionWriter writer(format);
  writer.Family("smtp_reachable", FamilyType::kGauge, "Up.");
  writer.Sample(R"(target="a:25")", {}, std::uint64_t{1});
  writer.Sample({}, R"(phase="ehlo")", 0.5);
  writer.Sample(R"(target="a:25")", R"(phase="ehlo")", 0.5);
  writer.Family("smtp_wait_seconds", FamilyType::kGauge,
                "A \"b\" \\ c\nd \xff.");
  writer.Sample({}, {}, 1.5);
  writer.Family("smtp_probes_total", FamilyType::kCounter, "Probes.");
  writer.Sample({}, {}, std::uint64_t{7});
  writer.Family("smtp_cpu_seconds_total", FamilyType::kCounter, "Time.");
  writer.Sample({}, {}, 0.25);
  writer.Family("smtp_size_limit_bytes", FamilyType::kGauge, "Size.");
  writer.Sample({}, {}, std::numeric_limits<double>::infinity());
  writer.Finish();
  return writer.Take();
}

TEST_CASE("text 0.0.4") {
  CHECK(SmallPage(Format::kText) == R"(# HELP smtp_reachable Up.
# TYPE smtp_reachable gauge
smtp_reachable{target="a:25"} 1
smtp_reachable{phase="ehlo"} 0.5
smtp_reachable{target="a:25",phase="ehlo"} 0.5
# HELP smtp_wait_seconds A "b" \\ c\nd �.
# TYPE smtp_wait_seconds gauge
smtp_wait_seconds 1.5
# HELP smtp_probes_total Probes.
# TYPE smtp_probes_total counter
smtp_probes_total 7
# HELP smtp_cpu_seconds_total Time.
# TYPE smtp_cpu_seconds_total counter
smtp_cpu_seconds_total 0.25
# HELP smtp_size_limit_bytes Size.
# TYPE smtp_size_limit_bytes gauge
smtp_size_limit_bytes +Inf
)");
}

TEST_CASE("OpenMetrics 1.0") {
  CHECK(SmallPage(Format::kOpenMetrics) == R"(# TYPE smtp_reachable gauge
# HELP smtp_reachable Up.
smtp_reachable{target="a:25"} 1
smtp_reachable{phase="ehlo"} 0.5
smtp_reachable{target="a:25",phase="ehlo"} 0.5
# TYPE smtp_wait_seconds gauge
# UNIT smtp_wait_seconds seconds
# HELP smtp_wait_seconds A \"b\" \\ c\nd �.
smtp_wait_seconds 1.5
# TYPE smtp_probes counter
# HELP smtp_probes Probes.
smtp_probes_total 7
# TYPE smtp_cpu_seconds counter
# UNIT smtp_cpu_seconds seconds
# HELP smtp_cpu_seconds Time.
smtp_cpu_seconds_total 0.25
# TYPE smtp_size_limit_bytes gauge
# UNIT smtp_size_limit_bytes bytes
# HELP smtp_size_limit_bytes Size.
smtp_size_limit_bytes +Inf
# EOF
)");
}

TEST_CASE("Take hands on only what is new") {
  ExpositionWriter writer(Format::kOpenMetrics);
  writer.Family("x", FamilyType::kGauge, "X.");
  const std::size_t size = writer.size();
  CHECK(size > 0);
  CHECK(writer.Take().size() == size);
  CHECK(writer.size() == 0);
  writer.Sample({}, {}, 1.0);
  CHECK(writer.Take() == "x 1\n");
  writer.Finish();
  CHECK(writer.Take() == "# EOF\n");
}

}  // namespace
}  // namespace exporter::metrics
