#include "exporter/kept_transcript.h"

#include <cstdint>
#include <string>

namespace exporter {
namespace {

using probe::TranscriptLine;

PackedLines::Line Packed(const TranscriptLine& line) {
  return {.at = line.at.count(),
          .kind = static_cast<std::uint8_t>(line.speaker),
          .text = line.text};
}

std::size_t Cost(const TranscriptLine& line) {
  return PackedLines::kOverhead + line.text.size();
}

// How many of the lines from `first` on fit into half of what is kept.
template <typename Iterator>
std::size_t CountFitting(Iterator first, Iterator last) {
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (; first != last; ++first, ++count) {
    bytes += Cost(*first);
    if (bytes > kMaxKeptBytes / 2) break;
  }
  return count;
}

PackedLines Pack(const std::vector<TranscriptLine>& said) {
  std::size_t bytes = 0;
  for (const TranscriptLine& line : said) bytes += Cost(line);
  std::size_t head = said.size();
  std::size_t tail = 0;
  if (bytes > kMaxKeptBytes) {
    head = CountFitting(said.begin(), said.end());
    tail = CountFitting(said.rbegin(), said.rend());
  }
  std::vector<PackedLines::Line> kept;
  kept.reserve(head + 1 + tail);
  for (std::size_t i = 0; i < head; ++i) kept.push_back(Packed(said[i]));
  const std::size_t left_out = said.size() - head - tail;
  const std::string note = std::to_string(left_out) + " lines are left out";
  if (left_out > 0) {
    kept.push_back(Packed({.speaker = TranscriptLine::Speaker::kNote,
                           .at = said[head].at,
                           .text = {}}));
    kept.back().text = note;
  }
  for (std::size_t i = said.size() - tail; i < said.size(); ++i) {
    kept.push_back(Packed(said[i]));
  }
  return PackedLines(kept);
}

}  // namespace

KeptTranscript::KeptTranscript(const probe::ProbeResult& result)
    : finished_(result.finished),
      success_(result.success()),
      lines_(Pack(result.transcript)) {}

std::vector<KeptTranscript::Line> KeptTranscript::Lines() const {
  std::vector<Line> lines;
  for (const PackedLines::Line& line : lines_.Unpack()) {
    lines.push_back({.speaker = static_cast<TranscriptLine::Speaker>(line.kind),
                     .at = probe::Duration(line.at),
                     .text = line.text});
  }
  return lines;
}

}  // namespace exporter
