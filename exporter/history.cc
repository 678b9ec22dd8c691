#include "exporter/history.h"

#include <algorithm>
#include <cstdint>
#include <string>

namespace exporter {
namespace {

// Whether a newer one of its kind makes `line` needless.
bool IsOutdated(const PackedLines::Line& line,
                std::span<const Change> changes) {
  return std::any_of(changes.begin(), changes.end(), [&](const Change& change) {
    return !change.logged && line.text.starts_with(change.message);
  });
}

}  // namespace

History::History(std::span<const PackedLines::Line> lines)
    : lines_(lines), size_(lines.size()) {}

std::shared_ptr<const History> History::Add(const History* before,
                                            std::span<const Change> changes,
                                            probe::WallTime at,
                                            std::size_t limit) {
  std::vector<std::string> texts;
  texts.reserve(changes.size());
  for (const Change& change : changes) texts.push_back(change.Text());
  std::vector<PackedLines::Line> lines;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    lines.push_back({.at = at.time_since_epoch().count(),
                     .kind = static_cast<std::uint8_t>(changes[i].level),
                     .text = texts[i]});
  }
  if (before != nullptr) {
    for (const PackedLines::Line& line : before->lines_.Unpack()) {
      if (!IsOutdated(line, changes)) lines.push_back(line);
    }
  }
  if (lines.size() > limit) lines.resize(limit);
  return std::shared_ptr<const History>(new History(lines));
}

std::vector<History::Entry> History::Entries() const {
  std::vector<Entry> entries;
  for (const PackedLines::Line& line : lines_.Unpack()) {
    entries.push_back({.at = probe::WallTime(probe::Duration(line.at)),
                       .level = static_cast<Change::Level>(line.kind),
                       .text = line.text});
  }
  return entries;
}

}  // namespace exporter
