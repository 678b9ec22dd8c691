#include "exporter/check/command.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <expected>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/api/target_json.h"
#include "exporter/check/nagios_report.h"
#include "exporter/check/progress.h"
#include "exporter/check/round.h"
#include "exporter/check/tested_targets.h"
#include "exporter/check/text_report.h"
#include "exporter/config/config.h"
#include "exporter/findings.h"
#include "exporter/metrics/family.h"
#include "exporter/metrics/number_text.h"
#include "probe/net/timer.h"

namespace exporter::check {
namespace {

// Nothing is known then.
constexpr int kUnknownCode = 3;
constexpr std::size_t kDefaultColumns = 80;
// Longer lines are hard to read.
constexpr std::size_t kMaxColumns = 120;

using Sentences = std::vector<std::string>;

int Fail(const Sentences& sentences) {
  for (const std::string& sentence : sentences) {
    std::fprintf(stderr, "smtp_prober check: error: %s\n", sentence.c_str());
  }
  return kUnknownCode;
}

std::expected<Config, ConfigError> ReadConfig(const Options& options) {
  return options.config_file.empty() ? ParseConfig("targets: []", "")
                                     : LoadConfig(options.config_file);
}

// Each once, in their order.
std::expected<TargetList, Sentences> ReadTargets(const Options& options,
                                                 const GroupReader& reader) {
  TargetList targets;
  Sentences errors;
  std::set<std::string> seen;
  for (const std::string& text : options.targets) {
    const auto target = reader.ReadOne({.text = text,
                                        .is_domain = options.domains,
                                        .settings = options.settings},
                                       &OptionOf);
    if (!target) {
      for (const std::string& message : target.error().messages) {
        const bool known = std::ranges::find(errors, message) != errors.end();
        if (!known) errors.push_back(message);
      }
    } else if (seen.insert(probe::Identity(**target)).second) {
      targets.push_back(*target);
    }
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return targets;
}

bool WantsColors(ColorChoice choice) {
  switch (choice) {
    case ColorChoice::kAlways:
      return true;
    case ColorChoice::kNever:
      return false;
    case ColorChoice::kAuto:
      break;
  }
  // https://no-color.org: set and not empty, whatever it says.
  const char* const no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* const terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  return isatty(STDOUT_FILENO) == 1 && !dumb;
}

std::size_t TerminalColumns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    return kDefaultColumns;
  }
  return std::min<std::size_t>(size.ws_col, kMaxColumns);
}

void Print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

// Prints each report as soon as those before it are there.
class TextPrinter {
 public:
  TextPrinter(const Options& options, const TestedTargets& tested)
      : style_{.colors = WantsColors(options.color),
               .verbose = options.verbose,
               .columns = TerminalColumns()},
        tested_(tested) {}

  // Whether there is something to print.
  bool Ready() const { return next_ < tested_.size() && tested_.Has(next_); }
  void PrintReady() {
    for (; Ready(); ++next_) PrintOne(next_);
  }
  // What an interruption left behind others.
  void PrintRest() {
    for (; next_ < tested_.size(); ++next_) {
      if (tested_.Has(next_)) PrintOne(next_);
    }
  }

 private:
  void PrintOne(std::size_t index) {
    const std::string report =
        TextReport(tested_.Row(index), tested_.ResultsOf(index), style_);
    Print((printed_ ? "\n" : "") + report);
    printed_ = true;
  }

  const TextStyle style_;
  const TestedTargets& tested_;
  std::size_t next_ = 0;
  bool printed_ = false;
};

// {"as_of":1795428000.5,"level":"ok","targets":[...]}, the targets as the API
// has them; after an interruption with "untested", the number of the others.
std::string Json(const TestedTargets& tested) {
  const std::vector<metrics::TargetRow> rows = tested.Rows();
  const metrics::NumberText now(
      metrics::UnixSeconds(probe::net::NowOnBothClocks().wall));
  std::string text = R"({"as_of":)" + std::string(now.view());
  text += R"(,"level":")" + std::string(Name(WorstOf(rows, tested.left())));
  text += '"';
  if (tested.left() > 0) {
    text += R"(,"untested":)" + std::to_string(tested.left());
  }
  text += R"(,"targets":[)";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) text += ',';
    text += api::TargetJson(rows[i], api::Kept::kAskedOnce);
  }
  return text + "]}\n";
}

void PrintWhole(Output output, const TestedTargets& tested) {
  switch (output) {
    case Output::kText:
      break;  // Printed piece by piece.
    case Output::kJson:
      Print(Json(tested));
      break;
    case Output::kNagios:
      Print(NagiosReport(tested.Rows(), tested.left()));
      break;
    case Output::kPrometheus:
      Print(tested.Exposition());
      break;
  }
}

std::optional<probe::Duration> LimitOf(const Options& options,
                                       const TargetList& targets) {
  const bool given =
      std::ranges::find(options.settings, "timeout",
                        &std::pair<std::string, std::string>::first) !=
      options.settings.end();
  if (!given || targets.empty()) return std::nullopt;
  return targets.front()->conversation->timeouts.total;
}

}  // namespace

int RunCommand(const Options& options) {
  auto config = ReadConfig(options);
  if (!config) return Fail(config.error().messages);
  auto targets = ReadTargets(options, *config->group_reader);
  if (!targets) return Fail(targets.error());
  TestedTargets tested(targets->size());
  TextPrinter printer(options, tested);
  const bool several = targets->size() > 1;
  Progress progress(several && isatty(STDERR_FILENO) == 1 ? stderr : nullptr);
  const Round round = {
      .targets = *targets,
      .dns = config->dns,
      .limit = LimitOf(options, *targets),
      .progress =
          [&](std::size_t waiting) {
            if (options.output == Output::kText && printer.Ready()) {
              progress.Clear();
              printer.PrintReady();
            }
            if (waiting == targets->size()) return;
            progress.Show(tested.done(), tested.size(),
                          (*targets)[waiting]->name);
          },
  };
  const auto done = RunRound(round, tested);
  progress.Clear();
  if (!done) return Fail({done.error()});
  if (options.output == Output::kText) printer.PrintRest();
  PrintWhole(options.output, tested);
  if (tested.left() > 0) {
    Fail({"interrupted, " + std::to_string(tested.left()) + " of " +
          std::to_string(tested.size()) + " targets were not tested"});
  }
  if (std::ferror(stdout) != 0) return Fail({"the report cannot be written"});
  return ExitCode(WorstOf(tested.Rows(), tested.left()));
}

}  // namespace exporter::check
