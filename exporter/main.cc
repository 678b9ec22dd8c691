#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <expected>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "exporter/build_info.h"
#include "exporter/check/command.h"
#include "exporter/check/options.h"
#include "exporter/config/config.h"
#include "exporter/daemon.h"
#include "exporter/logging.h"
#include "exporter/options.h"
#include "exporter/web_access.h"

namespace {

// Loops, threads and logs take some twenty before there is any connection, and
// without them nothing works, not even an error.
constexpr rlim_t kLeastDescriptors = 64;
// Of `check`, as monitoring plugins have it.
constexpr int kCheckUnknown = 3;

// How many there may be, if that is not enough.
std::optional<rlim_t> TooFewDescriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  if (limit.rlim_cur >= kLeastDescriptors) return std::nullopt;
  limit.rlim_cur = std::min(limit.rlim_max, kLeastDescriptors);
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= kLeastDescriptors) return std::nullopt;
  return limit.rlim_cur;
}

using exporter::LogError;
using exporter::LogInfo;

using Access = std::unique_ptr<exporter::WebAccess>;

// Null without a file.
std::expected<Access, exporter::ConfigError> OpenAccess(
    const exporter::Options& options) {
  if (options.web_config_file.empty()) return Access();
  return exporter::WebAccess::Open(options.web_config_file);
}

int CheckConfig(const exporter::Options& options) {
  const auto config = exporter::LoadConfig(options.config_file, options.shard);
  const auto access = OpenAccess(options);
  if (!access) {
    for (const std::string& message : access.error().messages) {
      std::cerr << message << '\n';
    }
    if (config) return EXIT_FAILURE;
  }
  if (config) {
    for (const std::string& warning : config->warnings) {
      std::cerr << warning << '\n';
    }
    LogInfo("Config file is ok exiting...",
            {{"targets", std::to_string(config->targets.size())}});
    return EXIT_SUCCESS;
  }
  for (const std::string& message : config.error().messages) {
    std::cerr << message << '\n';
  }
  return EXIT_FAILURE;
}

int RunDaemon(const exporter::Options& options) {
  const exporter::BuildInfo& build = exporter::GetBuildInfo();
  LogInfo("Starting smtp_prober", {{"version", std::string(build.version)},
                                   {"revision", std::string(build.revision)}});
  auto config = exporter::LoadConfig(options.config_file, options.shard);
  if (!config) {
    for (const std::string& message : config.error().messages) {
      LogError("Error loading config", {{"err", message}});
    }
    return EXIT_FAILURE;
  }
  auto access = OpenAccess(options);
  if (!access) {
    for (const std::string& message : access.error().messages) {
      LogError("Error loading web config", {{"err", message}});
    }
    return EXIT_FAILURE;
  }
  auto daemon =
      exporter::Daemon::Start(options, std::move(*config), std::move(*access));
  if (!daemon) {
    LogError("Cannot start", {{"err", daemon.error()}});
    return EXIT_FAILURE;
  }
  (*daemon)->Run();
  LogInfo("Stopped");
  return EXIT_SUCCESS;
}

int End(const exporter::Exit& exit) {
  (exit.code == 0 ? std::cout : std::cerr) << exit.text;
  return exit.code;
}

int Check(std::vector<std::string> arguments) {
  // Whoever closes the terminal does not want to know any more.
  std::signal(SIGHUP, SIG_DFL);
  const auto parsed = exporter::check::ParseOptions(std::move(arguments));
  if (const auto* exit = std::get_if<exporter::Exit>(&parsed)) {
    return End(*exit);
  }
  exporter::StartLogging(exporter::LogLevel::kError,
                         exporter::LogFormat::kLogfmt);
  const int code =
      exporter::check::RunCommand(std::get<exporter::check::Options>(parsed));
  if (!exporter::StopLogging()) std::_Exit(code);
  return code;
}

// A descriptor 0 to 2 that the caller closed would become one of our sockets,
// and log lines would go to it.
void FillStandardDescriptors() {
  int descriptor = 0;
  do {
    descriptor = open("/dev/null", O_RDWR);
  } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor > STDERR_FILENO) close(descriptor);
}

}  // namespace

int main(int argc, char* argv[]) {
  if (const auto few = TooFewDescriptors()) {
    std::cerr << "smtp_prober: error: needs " << kLeastDescriptors
              << " file descriptors and may have " << *few << " (ulimit -n)\n";
    return argc > 1 && std::string_view(argv[1]) == "check" ? kCheckUnknown
                                                            : EXIT_FAILURE;
  }
  // A peer that has gone away is an error code of write(2), not a signal.
  std::signal(SIGPIPE, SIG_IGN);
  // Until the daemon listens for it: a reload that comes while the first load
  // still runs is no reason to die.
  std::signal(SIGHUP, SIG_IGN);
  FillStandardDescriptors();
  if (argc > 1 && std::string_view(argv[1]) == "check") {
    return Check({argv + 2, argv + argc});
  }
  const auto parsed = exporter::ParseOptions(argc, argv);
  if (const auto* exit = std::get_if<exporter::Exit>(&parsed)) {
    return End(*exit);
  }
  const auto& options = std::get<exporter::Options>(parsed);
  exporter::StartLogging(options.log_level, options.log_format);
  const int code =
      options.config_check ? CheckConfig(options) : RunDaemon(options);
  if (!exporter::StopLogging()) std::_Exit(code);
  return code;
}
