#include "exporter/metrics/escape.h"

#include <algorithm>

#include "probe/utf8.h"

namespace exporter::metrics {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool IsPlain(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

// Also what a terminal would obey and a parser may stumble over.
bool IsControl(char32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
}

}  // namespace

void AppendEscaped(std::string& out, std::string_view text, Quotes quotes,
                   std::size_t limit) {
  while (!text.empty()) {
    const auto bound = text.begin() + static_cast<std::ptrdiff_t>(
                                          std::min(limit, text.size()));
    const auto end = std::find_if_not(text.begin(), bound, IsPlain);
    const auto plain = static_cast<std::size_t>(end - text.begin());
    out.append(text, 0, plain);
    text.remove_prefix(plain);
    limit -= plain;
    if (text.empty() || limit == 0) return;

    const char c = text.front();
    std::size_t consumed = 1;
    std::size_t seen = 1;
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"') {
      out += quotes == Quotes::kEscaped ? "\\\"" : "\"";
    } else {
      const probe::Utf8Character character = probe::DecodeUtf8(text);
      const bool kept = character.valid && !IsControl(character.code_point);
      const std::string_view shown =
          kept ? text.substr(0, character.bytes) : kReplacement;
      if (shown.size() > limit) return;
      out += shown;
      consumed = character.bytes;
      seen = shown.size();
    }
    text.remove_prefix(consumed);
    limit -= seen;
  }
}

}  // namespace exporter::metrics
