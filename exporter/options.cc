#include "exporter/options.h"

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "exporter/build_info.h"

namespace exporter {
namespace {

// More probe threads than a big machine has cores only cost.
constexpr unsigned kMaxProbeThreads = 64;
// Each conversation holds a descriptor; systems rarely allow more.
constexpr unsigned kMaxProbeConcurrency = 100'000;
// Scrape timeouts are rarely above one minute.
constexpr double kMaxTimeoutOffset = 60;
// Far beyond what a list of targets can be split into with any use.
constexpr std::uint64_t kMaxShards = 65'536;

// Each probe that finds a change copies the whole history.
constexpr std::size_t kMaxHistory = 1000;
// At 4 KB each they take 8 GB; far beyond what one program can watch.
constexpr std::size_t kMaxTranscripts = 1'000'000;

constexpr std::array<std::pair<std::string_view, LogLevel>, 4> kLevels = {{
    {"debug", LogLevel::kDebug},
    {"info", LogLevel::kInfo},
    {"warn", LogLevel::kWarn},
    {"error", LogLevel::kError},
}};

// What the command line says in words and Options in enumerators.
struct Words {
  std::string level = "info";
  std::string format = "logfmt";
  double timeout_offset = 0.5;
};

constexpr char kFooter[] =
    "smtp_prober check TARGET... tests mail servers once, without daemon or "
    "configuration; see smtp_prober check --help.\n";

void Define(CLI::App& app, Options& options, Words& words) {
  app.footer(kFooter);
  app.set_help_flag("-h,--help", "Show this text and exit.");
  app.set_version_flag("--version", VersionText, "Show the version and exit.");
  app.add_option("--config.file", options.config_file,
                 "The configuration, YAML.")
      ->capture_default_str();
  app.add_flag("--config.check,!--no-config.check", options.config_check,
               "Check the configuration and exit: 0 if it is good, else 1.");
  app.add_option("--web.listen-address", options.listen_addresses,
                 "Address to serve /metrics on; may be repeated.")
      ->capture_default_str()
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  app.add_option("--timeout-offset", words.timeout_offset,
                 "Seconds that /probe leaves of the scrape's timeout.")
      ->capture_default_str()
      ->check(CLI::Range(0.0, kMaxTimeoutOffset));
  app.add_option("--web.config.file", options.web_config_file,
                 "TLS and authentication of the listeners, in the format of "
                 "all Prometheus exporters.")
      ->type_name("FILE");
  app.add_option("--probe.threads", options.probe_threads,
                 "Threads that run probes.")
      ->capture_default_str()
      ->check(CLI::Range(1U, kMaxProbeThreads));
  app.add_option("--probe.concurrency", options.probe_concurrency,
                 "Conversations with mail servers at the same time.")
      ->capture_default_str()
      ->check(CLI::Range(1U, kMaxProbeConcurrency));
  app.add_option("--shard.index", options.shard.index,
                 "Which part of the targets is probed, from 0.")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{0}, kMaxShards - 1));
  app.add_option("--shard.count", options.shard.count,
                 "Into how many parts the targets are split, as Prometheus' "
                 "hashmod splits them.")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1}, kMaxShards));
  app.add_option("--history.limit", options.retention.changes,
                 "Changes that are remembered of each endpoint; 0: none.")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{0}, kMaxHistory));
  app.add_option("--history.transcripts", options.retention.transcripts,
                 "Endpoints whose last good transcript is kept, and others "
                 "whose last bad one is; 0: none.")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{0}, kMaxTranscripts));
  app.add_option("--log.level", words.level, "Least important lines to log.")
      ->capture_default_str()
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  app.add_option("--log.format", words.format, "Form of log lines.")
      ->capture_default_str()
      ->check(CLI::IsMember({"logfmt", "json"}));
}

LogLevel LevelOf(std::string_view word) {
  for (const auto& [name, level] : kLevels) {
    if (name == word) return level;
  }
  return LogLevel::kInfo;
}

}  // namespace

std::variant<Options, Exit> ParseOptions(int argc, const char* const* argv) {
  Options options;
  Words words;
  CLI::App app(
      "Prometheus exporter for mail servers. Talks SMTP to each on a schedule "
      "and never sends mail.",
      "smtp_prober");
  Define(app, options, words);
  // CLI11 reports everything by exceptions, and wants the last argument first.
  std::vector<std::string> arguments;
  for (int i = argc - 1; i > 0; --i) arguments.emplace_back(argv[i]);
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return Exit{0, app.help()};
  } catch (const CLI::CallForVersion&) {
    return Exit{0, VersionText()};
  } catch (const CLI::Error& error) {
    return Exit{1, std::string("smtp_prober: error: ") + error.what() +
                       ", try --help\n"};
  }
  if (options.shard.index >= options.shard.count) {
    return Exit{1,
                "smtp_prober: error: --shard.index: must be below "
                "--shard.count (" +
                    std::to_string(options.shard.count) + "), try --help\n"};
  }
  options.timeout_offset = std::chrono::duration_cast<probe::Duration>(
      std::chrono::duration<double>(words.timeout_offset));
  options.log_level = LevelOf(words.level);
  options.log_format =
      words.format == "json" ? LogFormat::kJson : LogFormat::kLogfmt;
  return options;
}

}  // namespace exporter
