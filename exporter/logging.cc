#include "exporter/logging.h"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <future>
#include <memory>
#include <mutex>

#include "probe/utf8.h"

namespace exporter {
namespace {

constexpr std::size_t kQueuedLines = 8192;

// The one thing of its kind in a process, like the stderr it stands for.
struct Output {
  std::atomic<LogLevel> level = LogLevel::kInfo;
  std::atomic<LogFormat> format = LogFormat::kLogfmt;
  std::mutex mutex;  // Guards the three below.
  std::shared_ptr<spdlog::details::thread_pool> writer;
  std::shared_ptr<spdlog::logger> logger;  // Null: write at once.
  std::future<void> flushed;               // Of the logger's FlushSignal.
};

// How long the end of the program waits for a stderr that does not take lines.
constexpr auto kPatience = std::chrono::seconds(1);

// Tells when a flush has come through the queue, and so every line before it.
class FlushSignal final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::future<void> Flushed() { return promise_.get_future(); }

 private:
  void sink_it_(const spdlog::details::log_msg& /*line*/) override {}
  void flush_() override {
    if (!std::exchange(done_, true)) promise_.set_value();
  }

  std::promise<void> promise_;
  bool done_ = false;
};

// Never destroyed: a line may still come while the process ends.
Output& TheOutput() {
  static Output* const output = new Output;
  return *output;
}

std::string_view Name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "DEBUG";
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarn:
      return "WARN";
    case LogLevel::kError:
      return "ERROR";
  }
  return "INFO";
}

// "\x1b" below 0x80 in logfmt, "\u001b" in JSON and for all above;
// characters beyond the first plane as UTF-16 pairs in JSON.
void AppendEscape(std::string& out, LogFormat format, char32_t code_point) {
  char text[16];
  const auto value = static_cast<unsigned>(code_point);
  if (format == LogFormat::kLogfmt && value < 0x80) {
    std::snprintf(text, sizeof(text), "\\x%02x", value);
  } else if (value < 0x10000) {
    std::snprintf(text, sizeof(text), "\\u%04x", value);
  } else if (format == LogFormat::kLogfmt) {
    std::snprintf(text, sizeof(text), "\\U%08x", value);
  } else {
    const unsigned offset = value - 0x10000;
    std::snprintf(text, sizeof(text), "\\u%04x\\u%04x", 0xD800 + (offset >> 10),
                  0xDC00 + (offset & 0x3FF));
  }
  out += text;
}

// `text` between quotes. The escapes of Go's strconv.Quote are, but for the
// two forms above, those of JSON.
void AppendQuoted(std::string& out, LogFormat format, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const probe::Utf8Character character = probe::DecodeUtf8(text);
    if (!character.valid) {
      out += "\xEF\xBF\xBD";  // U+FFFD.
    } else if (character.code_point == '"' || character.code_point == '\\') {
      out += '\\';
      out += text.front();
    } else if (character.code_point == '\n') {
      out += "\\n";
    } else if (character.code_point == '\r') {
      out += "\\r";
    } else if (character.code_point == '\t') {
      out += "\\t";
    } else if (!probe::IsPrintable(character.code_point)) {
      AppendEscape(out, format, character.code_point);
    } else {
      out += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  out += '"';
}

// As Go's slog.TextHandler decides it.
bool NeedsQuotes(std::string_view text) {
  if (text.empty()) return true;
  while (!text.empty()) {
    const probe::Utf8Character character = probe::DecodeUtf8(text);
    if (!character.valid || !probe::IsPrintable(character.code_point))
      return true;
    if (std::string_view(" =\"").find(text.front()) != std::string_view::npos) {
      return true;
    }
    text.remove_prefix(character.bytes);
  }
  return false;
}

void AppendField(std::string& out, LogFormat format, std::string_view name,
                 std::string_view value) {
  if (format == LogFormat::kJson) {
    out += out.empty() ? '{' : ',';
    AppendQuoted(out, format, name);
    out += ':';
    AppendQuoted(out, format, value);
    return;
  }
  if (!out.empty()) out += ' ';
  out.append(name).append("=");
  if (NeedsQuotes(value)) {
    AppendQuoted(out, format, value);
  } else {
    out += value;
  }
}

std::string FormatLine(LogFormat format, std::string_view time, LogLevel level,
                       std::string_view message,
                       std::span<const LogField> fields) {
  std::string line;
  AppendField(line, format, "time", time);
  AppendField(line, format, "level", Name(level));
  AppendField(line, format, "msg", message);
  for (const auto& [name, value] : fields) {
    AppendField(line, format, name, value);
  }
  if (format == LogFormat::kJson) line += '}';
  return line;
}

std::string Timestamp(std::chrono::system_clock::time_point now) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(
      std::chrono::floor<std::chrono::milliseconds>(now - day));
  char text[40];
  std::snprintf(
      text, sizeof(text), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
      static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()),
      static_cast<int>(time.subseconds().count()));
  return text;
}

}  // namespace

void StartLogging(LogLevel level, LogFormat format) {
  Output& output = TheOutput();
  output.level = level;
  output.format = format;
  const std::lock_guard lock(output.mutex);
  output.writer =
      std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
  const auto signal = std::make_shared<FlushSignal>();
  output.flushed = signal->Flushed();
  output.logger = std::make_shared<spdlog::async_logger>(
      "smtp_prober",
      spdlog::sinks_init_list{std::make_shared<spdlog::sinks::stderr_sink_mt>(),
                              signal},
      output.writer, spdlog::async_overflow_policy::overrun_oldest);
  output.logger->set_pattern("%v");
}

bool StopLogging() {
  std::shared_ptr<spdlog::logger> logger;
  std::shared_ptr<spdlog::details::thread_pool> writer;
  std::future<void> flushed;
  {
    Output& output = TheOutput();
    const std::lock_guard lock(output.mutex);
    logger = std::move(output.logger);
    writer = std::move(output.writer);
    flushed = std::move(output.flushed);
  }
  if (!logger) return true;
  logger->flush();  // Queued behind all lines.
  if (flushed.wait_for(kPatience) != std::future_status::ready) {
    // Neither may be destroyed: that would wait for the writing thread.
    static_cast<void>(new std::shared_ptr(std::move(writer)));
    static_cast<void>(new std::shared_ptr(std::move(logger)));
    return false;
  }
  writer.reset();  // Ends its thread, before what the thread uses goes.
  return true;
}

bool LogEnabled(LogLevel level) { return level >= TheOutput().level.load(); }

void Log(LogLevel level, std::string_view message, LogFields fields) {
  LogWith(level, message, {fields.begin(), fields.size()});
}

void LogWith(LogLevel level, std::string_view message,
             std::span<const LogField> fields) {
  if (!LogEnabled(level)) return;
  Output& output = TheOutput();
  std::string line =
      FormatLine(output.format, Timestamp(std::chrono::system_clock::now()),
                 level, message, fields);
  std::shared_ptr<spdlog::logger> logger;
  {
    const std::lock_guard lock(output.mutex);
    logger = output.logger;
  }
  if (logger) {
    // As a view, so that spdlog does not take the line for a format.
    logger->log(spdlog::level::critical, spdlog::string_view_t(line));
  } else {
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
  }
}

std::string FormatLogLine(LogFormat format, std::string_view time,
                          LogLevel level, std::string_view message,
                          LogFields fields) {
  return FormatLine(format, time, level, message,
                    {fields.begin(), fields.size()});
}

}  // namespace exporter
