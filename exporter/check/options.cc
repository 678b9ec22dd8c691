#include "exporter/check/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace exporter::check {
namespace {

constexpr int kUsageError = 3;

// An option that sets a key of the target. What a value may be says the
// configuration, in its own words.
struct Setting {
  std::string_view key;
  const char* option;  // With the short form, if there is one.
  const char* value;   // What the help calls its value.
  const char* help;
};

constexpr std::array<Setting, 12> kSettings = {{
    {"module", "-m,--module", "NAME",
     "How to test: smtp, submission, submissions, or one of the "
     "configuration's. Default: by port."},
    {"port", "-p,--port", "PORT", "Default: the module's."},
    {"ehlo_name", "--ehlo-name", "NAME",
     "What EHLO says. Default: this host's name."},
    {"tls.server_name", "--hostname", "NAME",
     "The name for SNI and that the certificate must have. Default: the "
     "target's."},
    {"timeout", "-t,--timeout", "DURATION",
     "For one target, such as 10s. Default: 45s for a conversation."},
    {"expect.banner", "--expect.banner", "NAME",
     "Host name in the greeting, or /REGEX/ in its text."},
    {"expect.starttls", "--expect.starttls", "true|false", "Is offered."},
    {"expect.auth", "--expect.auth", "true|false", "Is offered."},
    {"expect.size_at_least", "--expect.size_at_least", "SIZE",
     "The least message size that is taken, such as 25MiB."},
    {"expect.capabilities", "--expect.capabilities", "A,B,...",
     "EHLO keywords that are offered."},
    {"expect.tls_min_version", "--expect.tls_min_version", "VERSION",
     "TLS1.2 or the like."},
    {"expect.certificate_days", "--expect.certificate_days", "DAYS",
     "The certificate is good for so long at least. Default: 21, or a third of "
     "its life."},
}};

constexpr std::string_view kFamily = "ip_protocol";

constexpr char kFooter[] =
    "Exit code: 0 ok, 1 warning, 2 critical, 3 unknown or a wrong command "
    "line; of several targets the worst.\n\n"
    "  smtp_prober check mx1.example.com\n"
    "  smtp_prober check --domain example.org -v\n"
    "  smtp_prober check mail.example.com:587 --expect.auth=true -o nagios\n";

// What the command line says in words and Options in enumerators.
struct Words {
  std::array<std::string, kSettings.size()> settings;
  bool ip4 = false;
  bool ip6 = false;
  std::string output = "text";
  std::string color = "auto";
};

void Define(CLI::App& app, Options& options, Words& words) {
  app.set_help_flag("-h,--help", "Show this text and exit.");
  app.footer(kFooter);
  app.add_option("TARGET", options.targets,
                 "Mail servers: HOST, HOST:PORT or an address.")
      ->required()
      ->type_name("");
  app.add_flag("-d,--domain", options.domains,
               "The targets are domains: test every address of every MX host.");
  app.add_flag("-4", words.ip4, "Only IPv4 addresses.");
  app.add_flag("-6", words.ip6, "Only IPv6 addresses.")->excludes("-4");
  for (std::size_t i = 0; i < kSettings.size(); ++i) {
    app.add_option(kSettings[i].option, words.settings[i], kSettings[i].help)
        ->type_name(kSettings[i].value)
        ->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  }
  app.add_option("--config.file", options.config_file,
                 "Use the modules and the resolver of this configuration; its "
                 "targets are not tested.")
      ->type_name("FILE");
  app.add_option("-o,--output", words.output,
                 "Form of the report: text, json, nagios (a monitoring "
                 "plugin's) or prometheus.")
      ->capture_default_str()
      ->type_name("FORM")
      ->check(CLI::IsMember({"text", "json", "nagios", "prometheus"}));
  app.add_flag("-v,--verbose", options.verbose,
               "Show the conversations as well (text).");
  app.add_option("--color", words.color,
                 "Colours: auto is on a terminal, unless NO_COLOR is set "
                 "(text).")
      ->capture_default_str()
      ->type_name("WHEN")
      ->check(CLI::IsMember({"auto", "always", "never"}));
}

Exit UsageError(const std::string& sentence) {
  return {kUsageError,
          "smtp_prober check: error: " + sentence + ", try --help\n"};
}

void Translate(const CLI::App& app, const Words& words, Options& options) {
  for (std::size_t i = 0; i < kSettings.size(); ++i) {
    const std::string_view names = kSettings[i].option;
    const std::string name(names.substr(names.find("--")));
    if (app.count(name) == 0) continue;
    options.settings.emplace_back(kSettings[i].key, words.settings[i]);
  }
  if (words.ip4) options.settings.emplace_back(kFamily, "ip4");
  if (words.ip6) options.settings.emplace_back(kFamily, "ip6");
  options.output = words.output == "json"         ? Output::kJson
                   : words.output == "nagios"     ? Output::kNagios
                   : words.output == "prometheus" ? Output::kPrometheus
                                                  : Output::kText;
  options.color = words.color == "always"  ? ColorChoice::kAlways
                  : words.color == "never" ? ColorChoice::kNever
                                           : ColorChoice::kAuto;
}

}  // namespace

std::string OptionOf(const std::string& key) {
  if (key == "host" || key == "domain") return "TARGET";
  if (key == kFamily) return "-4 or -6";
  // The items of a list have an index behind the key.
  const std::string plain = key.substr(0, key.find('['));
  const auto* const setting =
      std::ranges::find(kSettings, plain, &Setting::key);
  if (setting == kSettings.end()) return key;
  const std::string_view names = setting->option;
  return std::string(names.substr(names.find("--")));
}

std::variant<Options, Exit> ParseOptions(std::vector<std::string> arguments) {
  Options options;
  Words words;
  CLI::App app(
      "Tests mail servers once and tells what is wrong with them. Never sends "
      "mail.",
      "smtp_prober check");
  Define(app, options, words);
  // CLI11 reports everything by exceptions, and wants the last argument first.
  std::ranges::reverse(arguments);
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return Exit{0, app.help()};
  } catch (const CLI::Error& error) {
    return UsageError(error.what());
  }
  Translate(app, words, options);
  return options;
}

}  // namespace exporter::check
