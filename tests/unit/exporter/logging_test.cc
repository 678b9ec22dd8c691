#include "exporter/logging.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/exporter/stderr.h"

namespace exporter {
namespace {

using tests::Stderr;

constexpr std::string_view kTime = "2026-11-23T10:00:00.123Z";

std::string Value(LogFormat format, const std::string& value) {
  const std::string line =
      FormatLogLine(format, kTime, LogLevel::kWarn, "hello", {{"v", value}});
  const std::string before =
      format == LogFormat::kLogfmt
          ? "time=2026-11-23T10:00:00.123Z level=WARN msg=hello v="
          : R"({"time":"2026-11-23T10:00:00.123Z","level":"WARN",)"
            R"("msg":"hello","v":)";
  REQUIRE(line.starts_with(before));
  return line.substr(before.size());
}

TEST_CASE("values are quoted and escaped") {
  struct Case {
    std::string value;
    std::string logfmt;
    std::string json;  // Without the brace at the end.
  };
  const Case cases[] = {
      {"plain", "plain", R"("plain")"},
      {"", R"("")", R"("")"},
      {"two words", R"("two words")", R"("two words")"},
      {"a=b", R"("a=b")", R"("a=b")"},
      {"a\"b", R"("a\"b")", R"("a\"b")"},
      {"a\\b", R"(a\b)", R"("a\\b")"},
      {"a\\b c", R"("a\\b c")", R"("a\\b c")"},
      {"a\nlevel=INFO", R"("a\nlevel=INFO")", R"("a\nlevel=INFO")"},
      {"\r\t", R"("\r\t")", R"("\r\t")"},
      {"\x1b[31m", R"("\x1b[31m")", R"("\u001b[31m")"},
      {std::string("\0", 1), R"("\x00")", R"("\u0000")"},
      {"\x7f", R"("\x7f")", R"("\u007f")"},
      {"m\xC3\xBCnchen", "m\xC3\xBCnchen", "\"m\xC3\xBCnchen\""},
      {"\xC2\x9B", R"("\u009b")", R"("\u009b")"},
      {"\xE2\x80\xAE", R"("\u202e")", R"("\u202e")"},
      {"\xF3\xA0\x81\x81", R"("\U000e0041")", R"("\udb40\udc41")"},
      {"\xFF", "\"\xEF\xBF\xBD\"", "\"\xEF\xBF\xBD\""},
      {"a\xC3", "\"a\xEF\xBF\xBD\"", "\"a\xEF\xBF\xBD\""},
      {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"",
       "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
      {"[::]:10125", "[::]:10125", R"("[::]:10125")"},
      {"{}", "{}", R"("{}")"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.value);
    CHECK(Value(LogFormat::kLogfmt, c.value) == c.logfmt);
    CHECK(Value(LogFormat::kJson, c.value) == c.json + "}");
  }
}

TEST_CASE("a line has time, level, message and the fields in order") {
  CHECK(FormatLogLine(LogFormat::kLogfmt, kTime, LogLevel::kInfo,
                      "Listening on", {{"address", ":1"}, {"b", "2"}}) ==
        "time=2026-11-23T10:00:00.123Z level=INFO msg=\"Listening on\" "
        "address=:1 b=2");
  CHECK(FormatLogLine(LogFormat::kJson, kTime, LogLevel::kError, "x", {}) ==
        R"({"time":"2026-11-23T10:00:00.123Z","level":"ERROR","msg":"x"})");
  CHECK(FormatLogLine(LogFormat::kLogfmt, kTime, LogLevel::kDebug, "x", {}) ==
        "time=2026-11-23T10:00:00.123Z level=DEBUG msg=x");
}

TEST_CASE("without StartLogging lines from INFO up go out as logfmt") {
  const std::string text = Stderr([] {
    LogDebug("not this");
    LogInfo("this {}", {{"a", "{0}"}});
  });
  CHECK(text.starts_with("time=2"));
  CHECK(text.ends_with("Z level=INFO msg=\"this {}\" a={0}\n"));
  CHECK(text.find("not this") == std::string::npos);
}

TEST_CASE("lines of all threads come out whole, none below the level") {
  const std::string text = Stderr([] {
    StartLogging(LogLevel::kWarn, LogFormat::kJson);
    CHECK_FALSE(LogEnabled(LogLevel::kInfo));
    CHECK(LogEnabled(LogLevel::kWarn));
    CHECK(LogEnabled(LogLevel::kError));
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int line = 0; line < 100; ++line) {
          LogInfo("not this");
          LogWarn("this {}", {{"value", "{} %s"}});
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    StopLogging();
  });
  std::size_t lines = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    CHECK(line.starts_with(R"({"time":"2)"));
    CHECK(line.ends_with(
        R"(Z","level":"WARN","msg":"this {}","value":"{} %s"})"));
    rest.remove_prefix(line.size() + 1);
    ++lines;
  }
  CHECK(lines == 400);
}

TEST_CASE("a stuck stderr does not stop who logs") {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  std::fflush(stderr);
  const int saved = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  close(ends[1]);
  StartLogging(LogLevel::kInfo, LogFormat::kLogfmt);
  // The pipe holds 64 KiB and the queue 8192 lines; nobody reads.
  const std::string value(100, 'x');
  for (int i = 0; i < 20'000; ++i) LogInfo("line", {{"value", value}});
  // With a reader everything that was kept goes out, the newest line too.
  std::string text;
  std::thread reader([&text, fd = ends[0]] {
    std::array<char, 65536> piece{};
    ssize_t n = 0;
    while ((n = read(fd, piece.data(), piece.size())) > 0)
      text.append(piece.data(), static_cast<std::size_t>(n));
  });
  LogInfo("the last one");
  StopLogging();
  dup2(saved, STDERR_FILENO);
  close(saved);
  reader.join();
  close(ends[0]);
  CHECK(text.ends_with("msg=\"the last one\"\n"));
  CHECK(std::count(text.begin(), text.end(), '\n') < 20'000);
}

}  // namespace
}  // namespace exporter
