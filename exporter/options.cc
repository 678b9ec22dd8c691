#include "exporter/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
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
  std::string external_url;
  std::string route_prefix;
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
                 "Address to serve /metrics on, or unix:PATH; may be "
                 "repeated.")
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
  app.add_flag("--web.systemd-socket,!--no-web.systemd-socket",
               options.systemd_socket,
               "Serve on the sockets that systemd passes, instead of "
               "--web.listen-address.");
  app.add_option("--web.external-url", words.external_url,
                 "The URL under which a reverse proxy serves the pages.")
      ->type_name("URL");
  app.add_option("--web.route-prefix", words.route_prefix,
                 "Path below which all pages are; default: the path of "
                 "--web.external-url.")
      ->type_name("PATH");
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

Exit Refuse(const std::string& sentence) {
  return Exit{1, "smtp_prober: error: " + sentence + ", try --help\n"};
}

// "/x" for "x", "/x/" and "//x//"; "" for "/" and "".
std::string TrimSlashes(std::string_view path) {
  const std::size_t first = path.find_first_not_of('/');
  if (first == std::string_view::npos) return {};
  return "/" + std::string(
                   path.substr(first, path.find_last_not_of('/') + 1 - first));
}

// What is wrong with the two flags; "" if nothing is.
std::string ReadRoutes(const Words& words, Options& options) {
  const auto is_plain = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
      return c > ' ' && c < '\x7f' &&
             std::string_view("\"'<>\\^`{|}?#").find(c) ==
                 std::string_view::npos;
    });
  };
  const std::string_view url = words.external_url;
  const std::size_t host = url.find("://") + 3;
  const bool is_url =
      (url.starts_with("http://") || url.starts_with("https://")) &&
      host < url.size() && url[host] != '/';
  if (!url.empty() && (!is_url || !is_plain(url))) {
    return "--web.external-url: must be a URL such as "
           "https://proxy.example.com/smtp";
  }
  if (!is_plain(words.route_prefix)) {
    return "--web.route-prefix: must be a path such as /smtp";
  }
  const std::size_t slash = std::min(url.find('/', host), url.size());
  const std::string path = TrimSlashes(url.empty() ? url : url.substr(slash));
  options.route_prefix =
      words.route_prefix.empty() ? path : TrimSlashes(words.route_prefix);
  options.home = url.empty() ? options.route_prefix + "/"
                             : std::string(url.substr(0, slash)) + path + "/";
  return {};
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
    return Refuse(error.what());
  }
  if (options.shard.index >= options.shard.count) {
    return Refuse("--shard.index: must be below --shard.count (" +
                  std::to_string(options.shard.count) + ")");
  }
  if (const std::string wrong = ReadRoutes(words, options); !wrong.empty()) {
    return Refuse(wrong);
  }
  options.timeout_offset = std::chrono::duration_cast<probe::Duration>(
      std::chrono::duration<double>(words.timeout_offset));
  options.log_level = LevelOf(words.level);
  options.log_format =
      words.format == "json" ? LogFormat::kJson : LogFormat::kLogfmt;
  return options;
}

}  // namespace exporter
