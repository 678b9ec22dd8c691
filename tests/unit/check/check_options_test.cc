#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "exporter/check/options.h"
#include "tests/support/catch.h"

namespace exporter::check {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

Options Good(std::vector<std::string> arguments) {
  const auto result = ParseOptions(std::move(arguments));
  if (const Exit* end = std::get_if<Exit>(&result)) FAIL(end->text);
  return std::get<Options>(result);
}

Exit Bad(std::vector<std::string> arguments) {
  const auto result = ParseOptions(std::move(arguments));
  REQUIRE(std::holds_alternative<Exit>(result));
  return std::get<Exit>(result);
}

TEST_CASE("a target is enough") {
  const Options options = Good({"mx1.example.com"});
  CHECK(options.targets == std::vector<std::string>{"mx1.example.com"});
  CHECK(!options.domains);
  CHECK(options.config_file == "");
  CHECK(options.settings.empty());
  CHECK(options.output == Output::kText);
  CHECK(options.color == ColorChoice::kAuto);
  CHECK(!options.verbose);
}

TEST_CASE("all options, long and short") {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"--module=submission", "--port=2587", "--timeout=5s", "-6",
            "--domain", "--output=nagios", "--color=never", "--verbose", "a",
            "b"},
           {"a", "-m", "submission", "-p", "2587", "b", "-t", "5s", "-d", "-o",
            "nagios", "--color", "never", "-6v"}}) {
    const Options options = Good(arguments);
    CHECK(options.targets == std::vector<std::string>{"a", "b"});
    CHECK(options.settings == Settings{{"module", "submission"},
                                       {"port", "2587"},
                                       {"timeout", "5s"},
                                       {"ip_protocol", "ip6"}});
    CHECK(options.domains);
    CHECK(options.output == Output::kNagios);
    CHECK(options.color == ColorChoice::kNever);
    CHECK(options.verbose);
  }
}

TEST_CASE("each key of expect has an option") {
  const Options options =
      Good({"a", "-4", "--hostname=b", "--ehlo-name=c", "--expect.banner=/d/",
            "--expect.starttls=true", "--expect.auth", "false",
            "--expect.size_at_least=25MiB", "--expect.capabilities=DSN,SIZE",
            "--expect.tls_min_version=TLS1.2", "--expect.certificate_days=14",
            "--config.file=smtp.yml", "--output=json"});
  CHECK(options.targets == std::vector<std::string>{"a"});
  CHECK(options.settings == Settings{{"ehlo_name", "c"},
                                     {"tls.server_name", "b"},
                                     {"expect.banner", "/d/"},
                                     {"expect.starttls", "true"},
                                     {"expect.auth", "false"},
                                     {"expect.size_at_least", "25MiB"},
                                     {"expect.capabilities", "DSN,SIZE"},
                                     {"expect.tls_min_version", "TLS1.2"},
                                     {"expect.certificate_days", "14"},
                                     {"ip_protocol", "ip4"}});
  CHECK(options.config_file == "smtp.yml");
  CHECK(options.output == Output::kJson);
}

TEST_CASE("a wrong command line is unknown, as plugins have it") {
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"--output=xml", "a"},
                                             {"--color=pink", "a"},
                                             {"--no-such-option", "a"},
                                             {"-4", "-6", "a"},
                                             {"--module=a", "--module=b", "c"},
                                             {"--port"}}) {
    const Exit end = Bad(arguments);
    CHECK(end.code == 3);
    CHECK(end.text.starts_with("smtp_prober check: error: "));
    CHECK(end.text.ends_with(", try --help\n"));
  }
  const Exit help = Bad({"--help"});
  CHECK(help.code == 0);
  for (const char* const part :
       {"TARGET", "--expect.certificate_days", "-4", "nagios", "Exit code"}) {
    CHECK(help.text.find(part) != std::string::npos);
  }
}

TEST_CASE("keys in messages are options") {
  CHECK(OptionOf("host") == "TARGET");
  CHECK(OptionOf("domain") == "TARGET");
  CHECK(OptionOf("module") == "--module");
  CHECK(OptionOf("tls.server_name") == "--hostname");
  CHECK(OptionOf("expect.capabilities[1]") == "--expect.capabilities");
  CHECK(OptionOf("ip_protocol") == "-4 or -6");
  CHECK(OptionOf("tls.ca_file") == "tls.ca_file");
}

}  // namespace
}  // namespace exporter::check
