// The command line of `smtp_prober check`.
#ifndef EXPORTER_CHECK_OPTIONS_H_
#define EXPORTER_CHECK_OPTIONS_H_

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "exporter/options.h"

namespace exporter::check {

enum class Output { kText, kJson, kNagios, kPrometheus };
enum class ColorChoice { kAuto, kAlways, kNever };

struct Options {
  std::vector<std::string> targets;  // As written, at least one.
  bool domains = false;              // They are domains.
  std::string config_file;           // "": none.
  // Keys of a target in the configuration and their values, which nobody has
  // checked: "expect.starttls", "true".
  std::vector<std::pair<std::string, std::string>> settings;
  Output output = Output::kText;
  ColorChoice color = ColorChoice::kAuto;
  bool verbose = false;
};

// What the command line calls a key of `settings`: "--expect.starttls";
// "TARGET" for the host or domain itself.
std::string OptionOf(const std::string& key);

// Usage errors have code 3, as monitoring plugins have it: nothing is known
// then. `arguments` are those behind "check".
std::variant<Options, Exit> ParseOptions(std::vector<std::string> arguments);

}  // namespace exporter::check

#endif  // EXPORTER_CHECK_OPTIONS_H_
