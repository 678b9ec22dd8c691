#include "exporter/metrics/exposition.h"

#include <utility>

#include "exporter/metrics/escape.h"
#include "exporter/metrics/number_text.h"

namespace exporter::metrics {
namespace {

constexpr std::string_view kTotal = "_total";
// HELP is ours, so nothing needs to be cut.
constexpr std::size_t kMaxHelpBytes = 4096;
// A piece is handed on after the sample that crosses kPieceBytes.
constexpr std::size_t kPieceSlack = 4096;

// OpenMetrics wants the unit as a line of its own; it must be the suffix of
// the name. Only base units are in use.
std::string_view Unit(std::string_view family) {
  for (const std::string_view unit : {"seconds", "bytes", "ratio"}) {
    if (family.size() > unit.size() && family.ends_with(unit) &&
        family[family.size() - unit.size() - 1] == '_') {
      return unit;
    }
  }
  return {};
}

}  // namespace

void AppendLabel(std::string& out, std::string_view name,
                 std::string_view value, std::size_t limit) {
  if (!out.empty()) out += ',';
  out += name;
  out += "=\"";
  AppendEscaped(out, value, Quotes::kEscaped, limit);
  out += '"';
}

ExpositionWriter::ExpositionWriter(Format format) : format_(format) {
  out_.reserve(kPieceBytes + kPieceSlack);
}

void ExpositionWriter::Family(std::string_view name, FamilyType type,
                              std::string_view help) {
  name_ = name;
  if (type == FamilyType::kGauge) {
    Head(name, "gauge", help);
    return;
  }
  if (format_ == Format::kOpenMetrics && name.ends_with(kTotal)) {
    name.remove_suffix(kTotal.size());
  }
  Head(name, "counter", help);
}

void ExpositionWriter::Sample(std::string_view labels, std::string_view more,
                              double value) {
  Line({}, labels, more, NumberText(value).view());
}

void ExpositionWriter::Sample(std::string_view labels, std::string_view more,
                              std::uint64_t value) {
  Line({}, labels, more, NumberText(value).view());
}

void ExpositionWriter::Finish() {
  if (format_ == Format::kOpenMetrics) out_ += "# EOF\n";
}

std::string ExpositionWriter::Take() {
  std::string piece = std::exchange(out_, {});
  out_.reserve(kPieceBytes + kPieceSlack);
  return piece;
}

void ExpositionWriter::Head(std::string_view family, std::string_view type,
                            std::string_view help) {
  const auto line = [this, family](std::string_view keyword) {
    out_ += "# ";
    out_ += keyword;
    out_ += ' ';
    out_ += family;
    out_ += ' ';
  };
  const auto help_line = [&](Quotes quotes) {
    line("HELP");
    AppendEscaped(out_, help, quotes, kMaxHelpBytes);
    out_ += '\n';
  };
  if (format_ == Format::kText) help_line(Quotes::kPlain);
  line("TYPE");
  out_ += type;
  out_ += '\n';
  if (format_ == Format::kText) return;
  if (const std::string_view unit = Unit(family); !unit.empty()) {
    line("UNIT");
    out_ += unit;
    out_ += '\n';
  }
  help_line(Quotes::kEscaped);
}

void ExpositionWriter::Line(std::string_view suffix, std::string_view labels,
                            std::string_view more, std::string_view value) {
  out_ += name_;
  out_ += suffix;
  if (!labels.empty() || !more.empty()) {
    out_ += '{';
    out_ += labels;
    if (!labels.empty() && !more.empty()) out_ += ',';
    out_ += more;
    out_ += '}';
  }
  out_ += ' ';
  out_ += value;
  out_ += '\n';
}

}  // namespace exporter::metrics
