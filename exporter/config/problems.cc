#include "exporter/config/problems.h"

#include <algorithm>
#include <cstdio>
#include <tuple>
#include <utility>

#include "exporter/config/config.h"
#include "probe/utf8.h"

namespace exporter::config {

std::string Problems::Line(const std::string& path,
                           const std::string& sentence) const {
  if (path.empty()) return sentence;
  return (show_path_ != nullptr ? show_path_(path) : path) + ": " + sentence;
}

void Problems::Add(Place place, const std::string& path,
                   const std::string& sentence) {
  ++count_;
  if (full()) return;
  std::string text = Line(path, sentence);
  for (const Problem& known : problems_) {
    if (known.place == place && known.text == text) return;
  }
  problems_.push_back({place, count_, std::move(text)});
}

void Problems::Warn(Place place, const std::string& path,
                    const std::string& sentence) {
  ++warning_count_;
  if (warnings_.size() >= kMaxConfigMessages) return;
  warnings_.push_back({place, warning_count_, Line(path, sentence)});
}

bool Problems::full() const { return problems_.size() >= kMaxConfigMessages; }

std::vector<std::string> Problems::Messages() const {
  return Sorted(problems_);
}

std::vector<std::string> Problems::Texts() const {
  std::vector<std::string> texts;
  for (const Problem& problem : problems_) texts.push_back(problem.text);
  return texts;
}

std::vector<std::string> Problems::Warnings() const {
  std::vector<std::string> warnings = Sorted(warnings_);
  if (warning_count_ > warnings_.size()) {
    warnings.push_back(std::to_string(warning_count_ - warnings_.size()) +
                       " more warnings of this kind");
  }
  return warnings;
}

std::vector<std::string> Problems::Sorted(std::vector<Problem> sorted) const {
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

std::string TooManyValues(std::size_t most) {
  return "holds more than " + std::to_string(most) + " values";
}

std::string Printable(std::string_view text, std::size_t most_bytes) {
  std::string shown;
  while (!text.empty()) {
    if (shown.size() >= most_bytes) return shown + "...";
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
