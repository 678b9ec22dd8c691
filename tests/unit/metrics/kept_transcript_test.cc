#include "exporter/kept_transcript.h"

#include <cstddef>
#include <string>
#include <vector>

#include "exporter/packed_lines.h"
#include "probe/smtp/transcript.h"
#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter {
namespace {

using probe::TranscriptLine;
using tests::BusyResult;
using tests::GoodResult;
using tests::kNow;

std::size_t KeptBytes(const KeptTranscript& transcript) {
  std::size_t bytes = 0;
  for (const KeptTranscript::Line& line : transcript.Lines()) {
    bytes += PackedLines::kOverhead + line.text.size();
  }
  return bytes;
}

probe::ProbeResult Talkative(std::size_t lines, std::size_t length) {
  probe::ProbeResult result = GoodResult();
  for (std::size_t i = 0; i < lines; ++i) {
    std::string text = std::to_string(i) + " ";
    text.resize(length, 'x');
    result.transcript.push_back({.speaker = TranscriptLine::Speaker::kServer,
                                 .at = probe::Duration(i),
                                 .text = text});
  }
  return result;
}

TEST_CASE("a transcript comes out as it went in") {
  for (const bool good : {true, false}) {
    probe::ProbeResult result = good ? GoodResult() : BusyResult(kNow);
    result.transcript = tests::MakeTranscript();
    const KeptTranscript kept(result);
    CHECK(kept.success() == good);
    CHECK(kept.finished().wall == kNow);
    CHECK(kept.finished().steady == result.finished.steady);
    const std::vector<KeptTranscript::Line> lines = kept.Lines();
    REQUIRE(lines.size() == result.transcript.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      CHECK(lines[i].speaker == result.transcript[i].speaker);
      CHECK(lines[i].at == result.transcript[i].at);
      CHECK(lines[i].text == result.transcript[i].text);
    }
  }
}

TEST_CASE("nothing was said") {
  CHECK(KeptTranscript(GoodResult()).Lines().empty());
}

TEST_CASE("of a long one the middle is left out") {
  const probe::ProbeResult result =
      Talkative(probe::smtp::kMaxTranscriptLines, 80);
  const KeptTranscript kept(result);
  const std::vector<KeptTranscript::Line> lines = kept.Lines();
  CHECK(lines.front().text == result.transcript.front().text);
  CHECK(lines.back().text == result.transcript.back().text);
  std::size_t notes = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].speaker != TranscriptLine::Speaker::kNote) continue;
    ++notes;
    const std::size_t left_out = result.transcript.size() - (lines.size() - 1);
    CHECK(lines[i].text == std::to_string(left_out) + " lines are left out");
    // It stands where they stood.
    CHECK(lines[i - 1].text == result.transcript[i - 1].text);
    CHECK(lines[i].at == result.transcript[i].at);
    CHECK(lines[i + 1].text == result.transcript[i + left_out].text);
  }
  CHECK(notes == 1);
}

TEST_CASE("what is kept is bounded, and most of that is used") {
  constexpr std::size_t kNote = 64;
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{1}, std::size_t{80}, std::size_t{300},
        probe::smtp::kMaxTranscriptLine}) {
    for (const std::size_t count : {1, 7, 8, 9, 40, 200}) {
      CAPTURE(length);
      CAPTURE(count);
      const KeptTranscript kept(Talkative(count, length));
      const std::size_t all = count * (PackedLines::kOverhead + length);
      CHECK(KeptBytes(kept) <= kMaxKeptBytes + kNote);
      if (all <= kMaxKeptBytes) {
        CHECK(kept.Lines().size() == count);
      } else {
        CHECK(KeptBytes(kept) + 2 * (PackedLines::kOverhead + length) >
              kMaxKeptBytes);
      }
    }
  }
}

TEST_CASE("a text beyond what a line can hold is cut") {
  const std::string text(70'000, 'x');
  const PackedLines::Line given[] = {{.at = -1, .kind = 255, .text = text},
                                     {.at = 2, .kind = 0, .text = "y"}};
  const PackedLines packed(given);
  const auto lines = packed.Unpack();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].at == -1);
  CHECK(lines[0].kind == 255);
  CHECK(lines[0].text == text.substr(0, 65'535));
  CHECK(lines[1].at == 2);
  CHECK(lines[1].text == "y");
}

}  // namespace
}  // namespace exporter
