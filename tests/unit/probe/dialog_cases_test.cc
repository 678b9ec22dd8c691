// Plays every script of tests/dialogs: whole, byte by byte, and cut in two at
// every position of every block, and demands the same result each time.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/dialog_player.h"

namespace {

using tests::Cut;
using tests::DialogScript;
using tests::DialogStep;
using tests::Play;
using tests::PlayDialog;

// Tests run from the root of the repository.
const std::filesystem::path kScripts = "tests/dialogs";
// Fewer than are there: an empty or moved directory must not pass.
constexpr std::size_t kLeastScripts = 100;

std::vector<std::filesystem::path> Scripts() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(kScripts)) {
    if (entry.path().extension() == ".dialog") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

DialogScript Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file),
                         std::istreambuf_iterator<char>()};
  auto script = tests::ReadDialogScript(text);
  if (!script) FAIL(path.string() << ":" << script.error());
  return *std::move(script);
}

std::string Lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

// Everything that must not depend on how the bytes were cut.
std::string Everything(const Play& play) {
  return Lines(play.problems) + Lines(play.commands) +
         tests::WholeText(play.result);
}

}  // namespace

TEST_CASE("every scripted dialogue ends as its file says") {
  const std::vector<std::filesystem::path> paths = Scripts();
  REQUIRE(paths.size() >= kLeastScripts);
  for (const std::filesystem::path& path : paths) {
    INFO(path.string());
    const DialogScript script = Read(path);
    const Play play = PlayDialog(script, {.kind = Cut::Kind::kWhole});
    CHECK(Lines(play.problems) == "");
    CHECK(tests::Conclusion(play.result) == script.conclusion);
  }
}

TEST_CASE("no dialogue depends on how its bytes were cut") {
  for (const std::filesystem::path& path : Scripts()) {
    INFO(path.string());
    const DialogScript script = Read(path);
    const std::string whole =
        Everything(PlayDialog(script, {.kind = Cut::Kind::kWhole}));
    CHECK(Everything(PlayDialog(script, {.kind = Cut::Kind::kBytes})) == whole);
    for (std::size_t i = 0; i < script.steps.size(); ++i) {
      if (script.steps[i].kind != DialogStep::Kind::kServer) continue;
      // From 0: a read of nothing must change nothing either.
      for (std::size_t at = 0; at <= script.steps[i].text.size(); ++at) {
        const std::string cut = Everything(PlayDialog(
            script, {.kind = Cut::Kind::kOnce, .step = i, .position = at}));
        if (cut == whole) continue;
        INFO("the block of line " << script.steps[i].line << " cut at " << at);
        CHECK(cut == whole);
        break;  // One position tells enough.
      }
    }
  }
}

TEST_CASE("a script with a slip is refused by line") {
  const struct {
    const char* text;
    const char* error;
  } kCases[] = {
      {"", "0: no conclusion behind ---"},
      {"S: 220 x\n", "1: no conclusion behind ---"},
      {"S: 220 x\n---\n", "2: the last step is not CLOSE"},
      {"X: 220 x\n", "1: bad step \"X: 220 x\""},
      {"S: \\q\n", "1: bad step \"S: \\q\""},
      {"S: \\x4\n", "1: bad step \"S: \\x4\""},
      {"S: \\{a*x}\n", "1: bad step \"S: \\{a*x}\""},
      {"S+2: a\n", "1: bad step \"S+2: a\""},
      {"WAIT 20\n", "1: bad step \"WAIT 20\""},
      {"ERROR nonsense x\n", "1: bad step \"ERROR nonsense x\""},
      {"EOF", "0: no line end at the end"},
  };
  for (const auto& test : kCases) {
    INFO(test.text);
    const auto script = tests::ReadDialogScript(test.text);
    REQUIRE(!script.has_value());
    CHECK(script.error() == test.error);
  }
}

TEST_CASE("a script that expects something else does not pass") {
  const struct {
    const char* text;
    const char* problem;
  } kCases[] = {
      {"S: 220 x\nC: QUIT\nEOF\nCLOSE\n---\n",
       "line 2: due: \"QUIT\", said: \"EHLO monitor.example.net\"\n"},
      {"S: 220 x\nEOF\nCLOSE\n---\n",
       "line 2: before it came \"EHLO monitor.example.net\"\n"},
      {"S: 220 x\nC: EHLO monitor.example.net\nCLOSE\n---\n",
       "line 3: the client has not closed\n"},
      {"EOF\nS: 220 x\nCLOSE\n---\n",
       "line 2: the client has closed already\n"},
      {"S: 220-x\nC: EHLO monitor.example.net\nEOF\nCLOSE\n---\n",
       "line 2: due: \"EHLO monitor.example.net\", said: \"\"\n"},
  };
  for (const auto& test : kCases) {
    const auto script = tests::ReadDialogScript(test.text);
    REQUIRE(script.has_value());
    CHECK(Lines(PlayDialog(*script, {}).problems) == test.problem);
  }
}
