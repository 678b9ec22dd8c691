#include "exporter/config/problems.h"

#include <algorithm>
#include <cstdio>
#include <tuple>
#include <utility>

#include "exporter/config/config.h"
#include "probe/utf8.h"

namespace exporter::config {
namespace {

// Enough to recognise a text by; host names of 253 are rare.
constexpr std::size_t kMaxShownBytes = 80;

}  // namespace

void Problems::Add(Place place, const std::string& path,
                   const std::string& sentence) {
  ++count_;
  if (full()) return;
  std::string text = path;
  if (!text.empty()) text += ": ";
  text += sentence;
  problems_.push_back({place, count_, std::move(text)});
}

bool Problems::full() const { return problems_.size() >= kMaxConfigMessages; }

std::vector<std::string> Problems::Messages() const {
  std::vector<Problem> sorted = problems_;
  // The number keeps the order of those that stand at one place.
  std::sort(sorted.begin(), sorted.end(),
            [](const Problem& a, const Problem& b) {
              return std::tie(a.place, a.number) < std::tie(b.place, b.number);
            });
  std::vector<std::string> messages;
  for (const Problem& problem : sorted) {
    messages.push_back(file_ + ':' + std::to_string(problem.place.line) + ':' +
                       std::to_string(problem.place.column) + ": " +
                       problem.text);
  }
  return messages;
}

std::string Printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    if (shown.size() >= kMaxShownBytes) return shown + "...";
    const probe::Utf8Character character = probe::DecodeUtf8(text);
    if (!character.valid) {
      shown += "\xEF\xBF\xBD";  // U+FFFD.
    } else if (probe::IsPrintable(character.code_point)) {
      shown += text.substr(0, character.bytes);
    } else {
      char escape[16];
      std::snprintf(escape, sizeof(escape),
                    character.code_point < 0x80 ? "\\x%02x" : "\\u%04x",
                    static_cast<unsigned>(character.code_point));
      shown += escape;
    }
    text.remove_prefix(character.bytes);
  }
  return shown;
}

std::string Quoted(std::string_view text) {
  return '"' + Printable(text) + '"';
}

}  // namespace exporter::config
