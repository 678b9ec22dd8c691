// What was said in one conversation, as it may be shown to people. Bounded.
#ifndef PROBE_SMTP_TRANSCRIPT_H_
#define PROBE_SMTP_TRANSCRIPT_H_

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "probe/clock.h"
#include "probe/result.h"

namespace probe::smtp {

// What a transcript keeps; the rest is dropped with a note.
inline constexpr std::size_t kMaxTranscriptLines = 200;
inline constexpr std::size_t kMaxTranscriptBytes = 16 * 1024;
inline constexpr std::size_t kMaxTranscriptLine = 512;

class Transcript {
 public:
  // `at` is the time since the start of the probe; `text` may be any bytes.
  void Add(TranscriptLine::Speaker speaker, Duration at, std::string_view text);
  std::vector<TranscriptLine> Take() { return std::move(lines_); }

 private:
  std::vector<TranscriptLine> lines_;
  std::size_t bytes_ = 0;
};

}  // namespace probe::smtp

#endif  // PROBE_SMTP_TRANSCRIPT_H_
