// Log lines on stderr, in logfmt or JSON as Prometheus programs write them:
//   time=2026-11-23T10:00:00.123Z level=INFO msg="Listening on"
//   address=[::]:10125
// Values may hold anything a peer said: control bytes are escaped.
#ifndef EXPORTER_LOGGING_H_
#define EXPORTER_LOGGING_H_

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace exporter {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kLogfmt, kJson };

using LogField = std::pair<std::string_view, std::string>;
using LogFields = std::initializer_list<LogField>;

// Once, before the first line; without it lines go out as logfmt from INFO up.
// Lines are written by a thread of their own, so that a stuck stderr does not
// stop a loop; when it lags by 8192 lines the oldest are dropped.
void StartLogging(LogLevel level, LogFormat format);
// Writes out what is queued. False if stderr did not take it within a second:
// then the writing thread still hangs there, and the process has to end without
// waiting for it (std::_Exit).
bool StopLogging();

bool LogEnabled(LogLevel level);
// Any thread.
void Log(LogLevel level, std::string_view message, LogFields fields = {});
// The same with fields that nobody can list while writing the program.
void LogWith(LogLevel level, std::string_view message,
             std::span<const LogField> fields);

inline void LogDebug(std::string_view message, LogFields fields = {}) {
  Log(LogLevel::kDebug, message, fields);
}
inline void LogInfo(std::string_view message, LogFields fields = {}) {
  Log(LogLevel::kInfo, message, fields);
}
inline void LogWarn(std::string_view message, LogFields fields = {}) {
  Log(LogLevel::kWarn, message, fields);
}
inline void LogError(std::string_view message, LogFields fields = {}) {
  Log(LogLevel::kError, message, fields);
}

// One line without its end, for tests: `time` is "2026-11-23T10:00:00.123Z".
std::string FormatLogLine(LogFormat format, std::string_view time,
                          LogLevel level, std::string_view message,
                          LogFields fields);

}  // namespace exporter

#endif  // EXPORTER_LOGGING_H_
