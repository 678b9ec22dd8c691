#include "probe/smtp/transcript.h"

#include "probe/smtp/text.h"

namespace probe::smtp {

void Transcript::Add(TranscriptLine::Speaker speaker, Duration at,
                     std::string_view text) {
  if (lines_.size() >= kMaxTranscriptLines || bytes_ >= kMaxTranscriptBytes) {
    return;
  }
  TranscriptLine line{.speaker = speaker,
                      .at = at,
                      .text = Printable(text, kMaxTranscriptLine)};
  bytes_ += line.text.size();
  if (lines_.size() + 1 >= kMaxTranscriptLines ||
      bytes_ >= kMaxTranscriptBytes) {
    line.speaker = TranscriptLine::Speaker::kNote;
    line.text = "the rest is left out";
  }
  lines_.push_back(std::move(line));
}

}  // namespace probe::smtp
