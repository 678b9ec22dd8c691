// What a client accepts (RFC 9110 section 12.5): NegotiateFormat, AcceptsGzip.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include "exporter/metrics/exposition.h"

namespace exporter::metrics {
namespace {

constexpr std::string_view kBlanks = " \t";

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// Cuts the part before `separator` off `rest`. A separator inside a quoted
// string does not count.
std::string_view Cut(std::string_view& rest, char separator) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest.size(); ++end) {
    if (quoted && rest[end] == '\\' && end + 1 < rest.size()) {
      ++end;
    } else if (rest[end] == '"') {
      quoted = !quoted;
    } else if (rest[end] == separator && !quoted) {
      break;
    }
  }
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return Trimmed(part);
}

bool EqualsIgnoringCase(std::string_view left, std::string_view right) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [lower](char a, char b) { return lower(a) == lower(b); });
}

std::optional<double> ParseWeight(std::string_view text) {
  double weight = 0;
  const char* const end = text.data() + text.size();
  const auto parsed =
      std::from_chars(text.data(), end, weight, std::chars_format::fixed);
  // The negation also refuses NaN.
  if (parsed.ec != std::errc() || parsed.ptr != end ||
      !(weight >= 0 && weight <= 1)) {
    return std::nullopt;
  }
  return weight;
}

// One element of Accept or Accept-Encoding.
struct Choice {
  std::string_view name;      // "text/plain", "gzip", "*"
  std::string_view version;   // Parameter; "" when there is none.
  std::string_view escaping;  // Likewise.
  double weight = 1;
};

// None when the weight is unreadable: then nobody knows what is meant.
std::optional<Choice> ParseChoice(std::string_view text) {
  Choice choice;
  choice.name = Cut(text, ';');
  while (!text.empty()) {
    std::string_view value = Cut(text, ';');
    const std::string_view key = Cut(value, '=');
    value = Trimmed(value);
    if (EqualsIgnoringCase(key, "q")) {
      const std::optional<double> weight = ParseWeight(value);
      if (!weight) return std::nullopt;
      choice.weight = *weight;
      continue;
    }
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (EqualsIgnoringCase(key, "version")) choice.version = value;
    if (EqualsIgnoringCase(key, "escaping")) choice.escaping = value;
  }
  return choice;
}

// What a client thinks of one format: the most specific element that names it
// decides (RFC 9110 section 12.5.1), among equals the heaviest.
class Opinion {
 public:
  void Add(int specificity, std::size_t position, const Choice& choice) {
    if (specificity < specificity_ ||
        (specificity == specificity_ && choice.weight <= choice_.weight)) {
      return;
    }
    specificity_ = specificity;
    position_ = position;
    choice_ = choice;
  }

  double weight() const { return specificity_ < 0 ? 0 : choice_.weight; }
  std::size_t position() const { return position_; }
  std::string_view escaping() const { return choice_.escaping; }

 private:
  int specificity_ = -1;
  std::size_t position_ = 0;
  Choice choice_;
};

// The parameter that content_negotiation.md of Prometheus demands from version
// 1.0.0 on. All our names are in the legacy character set, where every scheme
// leaves them as they are.
std::string_view Escaping(std::string_view asked) {
  constexpr std::array<std::string_view, 4> kSchemes = {
      "allow-utf-8", "underscores", "dots", "values"};
  const auto found = std::find(kSchemes.begin(), kSchemes.end(), asked);
  return found == kSchemes.end() ? "underscores" : *found;
}

}  // namespace

Negotiated NegotiateFormat(std::string_view accept) {
  Opinion text;
  // Has to be named: a browser's or curl's "*/*" means text.
  Opinion open;
  for (std::size_t position = 0; !accept.empty(); ++position) {
    const std::optional<Choice> choice = ParseChoice(Cut(accept, ','));
    if (!choice) continue;
    const std::string_view version = choice->version;
    if (EqualsIgnoringCase(choice->name, "application/openmetrics-text")) {
      if (version == "1.0.0") open.Add(3, position, *choice);
      if (version.empty()) open.Add(2, position, *choice);
    } else if (EqualsIgnoringCase(choice->name, "text/plain")) {
      if (version == "0.0.4") text.Add(3, position, *choice);
      if (version.empty()) text.Add(2, position, *choice);
    } else if (EqualsIgnoringCase(choice->name, "text/*")) {
      text.Add(1, position, *choice);
    } else if (choice->name == "*/*") {
      text.Add(0, position, *choice);
    }
  }
  const bool wins = open.weight() > text.weight() ||
                    (open.weight() == text.weight() && open.weight() > 0 &&
                     open.position() < text.position());
  if (!wins) return {Format::kText, "text/plain; version=0.0.4; charset=utf-8"};
  std::string content_type =
      "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=";
  content_type += Escaping(open.escaping());
  return {Format::kOpenMetrics, std::move(content_type)};
}

bool AcceptsGzip(std::string_view accept_encoding) {
  std::optional<double> gzip;
  double any = 0;
  while (!accept_encoding.empty()) {
    const std::optional<Choice> choice = ParseChoice(Cut(accept_encoding, ','));
    if (!choice) continue;
    // RFC 9110 section 8.4.1.3: x-gzip is the same thing.
    if (EqualsIgnoringCase(choice->name, "gzip") ||
        EqualsIgnoringCase(choice->name, "x-gzip")) {
      gzip = std::max(gzip.value_or(0), choice->weight);
    } else if (choice->name == "*") {
      any = choice->weight;
    }
  }
  return gzip.value_or(any) > 0;
}

}  // namespace exporter::metrics
