// What a dialogue keeps of what was said.
#include <string>

#include "probe/smtp/dialog.h"
#include "tests/support/catch.h"
#include "tests/support/dialog_driver.h"

using probe::ProbeResult;
using tests::DialogDriver;

TEST_CASE("the transcript has both sides, in order") {
  DialogDriver driver;
  driver.Connect();
  driver.Bytes("220-mx\r\n220 \x1b\r\n");
  driver.Take();
  driver.Bytes("oops\r\n");
  const ProbeResult result = driver.Finish();
  std::string text;
  for (const probe::TranscriptLine& line : result.transcript) {
    text += "CSN"[static_cast<std::size_t>(line.speaker)] + line.text + '\n';
  }
  CHECK(text ==
        "S220-mx\nS220 \\x1b\nCEHLO monitor.example.net\n"
        "Nno SMTP reply: oops\n");
}

TEST_CASE("the transcript is bounded in lines and bytes and says so") {
  using namespace probe::smtp;
  const struct {
    const char* name;
    std::string line;
    std::size_t times;
  } kCases[] = {
      {"lines", "x", 99},
      {"bytes", std::string(600, 'x'), 99},
      {"bytes that grow when shown", std::string(300, '\x01'), 99},
  };
  for (const auto& test : kCases) {
    INFO(test.name);
    const auto reply = [&test](const std::string& code) {
      std::string bytes;
      for (std::size_t i = 0; i < test.times; ++i) {
        bytes += code + '-' + test.line + "\r\n";
      }
      return bytes + code + " end\r\n";
    };
    DialogDriver driver;
    driver.Connect();
    driver.Bytes(reply("220"));
    driver.Take();
    driver.Bytes(reply("500"));
    driver.Take();
    driver.Bytes(reply("250"));
    driver.Take();
    driver.Bytes(reply("221"));
    const ProbeResult result = driver.Finish();
    CHECK(result.success());
    CHECK(result.quit_ok);
    CHECK(result.transcript.size() <= kMaxTranscriptLines);
    CHECK(result.transcript.back().text == "the rest is left out");
    CHECK(result.transcript.back().speaker ==
          probe::TranscriptLine::Speaker::kNote);
    std::size_t bytes = 0;
    for (const auto& line : result.transcript) bytes += line.text.size();
    CHECK(bytes <= kMaxTranscriptBytes);
    // Filled up, not given up early.
    CHECK((result.transcript.size() == kMaxTranscriptLines ||
           bytes + kMaxTranscriptLine >= kMaxTranscriptBytes));
    CHECK(driver.violations().empty());
  }
}
