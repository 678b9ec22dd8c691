// The command line, in the habits of Prometheus programs.
#ifndef EXPORTER_OPTIONS_H_
#define EXPORTER_OPTIONS_H_

#include <string>
#include <variant>
#include <vector>

#include "exporter/config/shard.h"
#include "exporter/logging.h"
#include "exporter/retention.h"
#include "probe/clock.h"

namespace exporter {

struct Options {
  std::string config_file = "smtp.yml";
  bool config_check = false;
  std::vector<std::string> listen_addresses = {":10125"};
  std::string web_config_file;  // "": everybody, in clear.
  // Instead of listen_addresses.
  bool systemd_socket = false;
  // Below which all pages are: "/x", "" for none; and where "/" then leads.
  std::string route_prefix;
  std::string home;
  Shard shard;                        // --shard.index, --shard.count
  unsigned probe_threads = 1;         // 1..64
  unsigned probe_concurrency = 1000;  // Conversations in flight, 1..100000.
  probe::Duration timeout_offset = std::chrono::milliseconds(500);
  RetentionLimits retention;  // --history.limit, --history.transcripts
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;
};

// The program ends at once: after --help or --version (text for stdout, code
// 0), or because the command line is wrong (text for stderr, code 1).
struct Exit {
  int code = 0;
  std::string text;
};

std::variant<Options, Exit> ParseOptions(int argc, const char* const* argv);

}  // namespace exporter

#endif  // EXPORTER_OPTIONS_H_
