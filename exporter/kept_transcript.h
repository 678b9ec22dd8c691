// What was said in one conversation, kept for people: the evidence next to a
// verdict.
#ifndef EXPORTER_KEPT_TRANSCRIPT_H_
#define EXPORTER_KEPT_TRANSCRIPT_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "exporter/packed_lines.h"
#include "probe/clock.h"
#include "probe/result.h"

namespace exporter {

// What is kept of one. A long conversation with a real server takes 2 KB; of
// one that takes more, the middle is left out: the start says who speaks, the
// end why it ended.
inline constexpr std::size_t kMaxKeptBytes = 4096;

// Immutable, shared by pointer. Any thread may read it.
class KeptTranscript {
 public:
  struct Line {
    probe::TranscriptLine::Speaker speaker;
    probe::Duration at;     // Since the start of the probe.
    std::string_view text;  // Printable UTF-8, without line end.
  };

  explicit KeptTranscript(const probe::ProbeResult& result);

  const probe::Moment& finished() const { return finished_; }
  bool success() const { return success_; }
  // In the order they were said. The texts live as long as this object.
  std::vector<Line> Lines() const;

 private:
  probe::Moment finished_;
  bool success_;
  PackedLines lines_;
};

}  // namespace exporter

#endif  // EXPORTER_KEPT_TRANSCRIPT_H_
