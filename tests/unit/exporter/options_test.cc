#include "exporter/options.h"

#include <string>
#include <vector>

#include "exporter/build_info.h"
#include "tests/support/catch.h"

namespace exporter {
namespace {

std::variant<Options, Exit> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "smtp_prober");
  const auto count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  return ParseOptions(count, arguments.data());
}

Options Good(const std::vector<const char*>& arguments) {
  const auto result = Parse(arguments);
  if (const Exit* end = std::get_if<Exit>(&result)) FAIL(end->text);
  return std::get<Options>(result);
}

TEST_CASE("defaults") {
  const Options options = Good({});
  CHECK(options.config_file == "smtp.yml");
  CHECK_FALSE(options.config_check);
  CHECK(options.listen_addresses == std::vector<std::string>{":10125"});
  CHECK(options.web_config_file.empty());
  CHECK_FALSE(options.systemd_socket);
  CHECK(options.probe_threads == 1);
  CHECK(options.probe_concurrency == 1000);
  CHECK(options.shard.index == 0);
  CHECK(options.shard.count == 1);
  CHECK(options.retention.changes == 20);
  CHECK(options.retention.transcripts == 10'000);
  CHECK(options.log_level == LogLevel::kInfo);
  CHECK(options.log_format == LogFormat::kLogfmt);
}

TEST_CASE("values come after = or as the next argument") {
  for (const auto& arguments : std::vector<std::vector<const char*>>{
           {"--config.file=a.yml", "--web.listen-address=:1",
            "--web.listen-address=[::1]:2", "--probe.threads=4",
            "--probe.concurrency=5", "--log.level=debug", "--log.format=json",
            "--config.check"},
           {"--config.file", "a.yml", "--web.listen-address", ":1",
            "--probe.threads", "4", "--config.check", "--probe.concurrency",
            "5", "--log.level", "debug", "--web.listen-address", "[::1]:2",
            "--log.format", "json"}}) {
    const Options options = Good(arguments);
    CHECK(options.config_file == "a.yml");
    CHECK(options.config_check);
    CHECK(options.listen_addresses ==
          std::vector<std::string>{":1", "[::1]:2"});
    CHECK(options.probe_threads == 4);
    CHECK(options.probe_concurrency == 5);
    CHECK(options.log_level == LogLevel::kDebug);
    CHECK(options.log_format == LogFormat::kJson);
  }
}

TEST_CASE("where the pages are") {
  struct Row {
    std::vector<const char*> arguments;
    std::string prefix;
    std::string home;
  };
  const std::vector<Row> rows = {
      {{}, "", "/"},
      {{"--web.route-prefix=/"}, "", "/"},
      {{"--web.route-prefix=smtp"}, "/smtp", "/smtp/"},
      {{"--web.route-prefix=//a/b//"}, "/a/b", "/a/b/"},
      {{"--web.external-url=https://x.example"}, "", "https://x.example/"},
      {{"--web.external-url=https://x.example:8443/"},
       "",
       "https://x.example:8443/"},
      {{"--web.external-url=http://x.example/smtp/"},
       "/smtp",
       "http://x.example/smtp/"},
      {{"--web.external-url=http://x.example/a/b"},
       "/a/b",
       "http://x.example/a/b/"},
      // A proxy that takes the path away.
      {{"--web.external-url=http://x.example/smtp", "--web.route-prefix=/"},
       "",
       "http://x.example/smtp/"},
      {{"--web.external-url=http://x.example/a", "--web.route-prefix=/b"},
       "/b",
       "http://x.example/a/"},
  };
  for (const Row& row : rows) {
    const Options options = Good(row.arguments);
    CHECK(options.route_prefix == row.prefix);
    CHECK(options.home == row.home);
  }
  for (const char* const wrong :
       {"--web.external-url=x.example/smtp", "--web.external-url=https://",
        "--web.external-url=https:///smtp",
        "--web.external-url=\"https://x.example\"",
        "--web.external-url=https://x.example/?a",
        "--web.external-url=ftp://x.example", "--web.route-prefix=/a b",
        "--web.route-prefix=/a?b"}) {
    INFO(wrong);
    const auto parsed = Parse({wrong});
    const Exit* const end = std::get_if<Exit>(&parsed);
    REQUIRE(end != nullptr);
    CHECK(end->code == 1);
  }
}

TEST_CASE("a shard") {
  const Options last = Good({"--shard.index=2", "--shard.count=3"});
  CHECK(last.shard.index == 2);
  CHECK(last.shard.count == 3);
  CHECK(Good({"--shard.count=65536"}).shard.count == 65536);
  CHECK(
      Good({"--shard.index", "65535", "--shard.count", "65536"}).shard.index ==
      65535);
}

TEST_CASE("what is remembered") {
  const Options much =
      Good({"--history.limit=1000", "--history.transcripts=1000000"});
  CHECK(much.retention.changes == 1000);
  CHECK(much.retention.transcripts == 1'000'000);
  const Options nothing =
      Good({"--history.limit", "0", "--history.transcripts", "0"});
  CHECK(nothing.retention.changes == 0);
  CHECK(nothing.retention.transcripts == 0);
}

TEST_CASE("flags can be denied, as in other Prometheus programs") {
  CHECK_FALSE(Good({"--no-config.check"}).config_check);
}

TEST_CASE("all log levels") {
  CHECK(Good({"--log.level=info"}).log_level == LogLevel::kInfo);
  CHECK(Good({"--log.level=warn"}).log_level == LogLevel::kWarn);
  CHECK(Good({"--log.level=error"}).log_level == LogLevel::kError);
}

TEST_CASE("a wrong command line is refused with a hint") {
  struct Case {
    std::vector<const char*> arguments;
    std::string want;  // Part of the text.
  };
  const Case cases[] = {
      {{"--confg.file=x"}, "--confg.file"},
      {{"smtp.yml"}, "smtp.yml"},
      {{"--config.file=a", "b"}, "b"},
      {{"--web.listen-address", ":1", ":2"}, ":2"},
      {{"--config.file"}, "--config.file"},
      {{"--config.file=a", "--config.file=b"}, "--config.file"},
      {{"--probe.threads=0"}, "--probe.threads"},
      {{"--probe.threads=65"}, "--probe.threads"},
      {{"--probe.threads=-1"}, "--probe.threads"},
      {{"--probe.threads=two"}, "--probe.threads"},
      {{"--probe.threads=1.5"}, "--probe.threads"},
      {{"--probe.threads=4294967297"}, "--probe.threads"},
      {{"--probe.concurrency=0"}, "--probe.concurrency"},
      {{"--probe.concurrency=100001"}, "--probe.concurrency"},
      {{"--shard.count=0"}, "--shard.count"},
      {{"--shard.count=65537"}, "--shard.count"},
      {{"--shard.index=-1", "--shard.count=2"}, "--shard.index"},
      {{"--shard.index=x", "--shard.count=2"}, "--shard.index"},
      {{"--shard.index=1"}, "--shard.index: must be below --shard.count (1)"},
      {{"--shard.index=3", "--shard.count=3"},
       "--shard.index: must be below --shard.count (3)"},
      {{"--history.limit=1001"}, "--history.limit"},
      {{"--history.limit=-1"}, "--history.limit"},
      {{"--history.limit=all"}, "--history.limit"},
      {{"--history.transcripts=1000001"}, "--history.transcripts"},
      {{"--history.transcripts=-1"}, "--history.transcripts"},
      {{"--log.level=loud"}, "--log.level"},
      {{"--log.level=INFO"}, "--log.level"},
      {{"--log.format=xml"}, "--log.format"},
      {{"-x"}, "-x"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.want);
    const auto result = Parse(c.arguments);
    REQUIRE(std::holds_alternative<Exit>(result));
    const Exit& end = std::get<Exit>(result);
    CHECK(end.code == 1);
    CHECK(end.text.starts_with("smtp_prober: error: "));
    CHECK(end.text.ends_with(", try --help\n"));
    CAPTURE(end.text);
    CHECK(end.text.find(c.want) != std::string::npos);
  }
}

TEST_CASE("--help names every option") {
  for (const char* flag : {"--help", "-h"}) {
    const auto result = Parse({flag});
    REQUIRE(std::holds_alternative<Exit>(result));
    const Exit& end = std::get<Exit>(result);
    CHECK(end.code == 0);
    for (const std::string option :
         {"--config.file", "--config.check", "--web.listen-address",
          "--probe.threads", "--probe.concurrency", "--shard.index",
          "--shard.count", "--history.limit", "--history.transcripts",
          "--log.level", "--log.format", "--version", "--help", ":10125",
          "smtp.yml", "1000", "never sends mail"}) {
      CAPTURE(option);
      CAPTURE(end.text);
      CHECK(end.text.find(option) != std::string::npos);
    }
  }
}

TEST_CASE("--version has the form of prometheus/common") {
  const auto result = Parse({"--version"});
  REQUIRE(std::holds_alternative<Exit>(result));
  const Exit& end = std::get<Exit>(result);
  CHECK(end.code == 0);
  CHECK(end.text == VersionText());
  const BuildInfo& build = GetBuildInfo();
  CHECK(end.text == "smtp_prober, version " + std::string(build.version) +
                        " (branch: " + std::string(build.branch) +
                        ", revision: " + std::string(build.revision) +
                        ")\n"
                        "  build user:       " +
                        std::string(build.build_user) +
                        "\n"
                        "  build date:       " +
                        std::string(build.build_date) +
                        "\n"
                        "  compiler:         " +
                        build.compiler +
                        "\n"
                        "  platform:         " +
                        std::string(build.platform) +
                        "\n"
                        "  tags:             " +
                        std::string(build.tags) + "\n");
}

TEST_CASE("build information is complete") {
  const BuildInfo& build = GetBuildInfo();
  for (const std::string_view text :
       {build.version, build.revision, build.branch, build.build_user,
        std::string_view(build.compiler), build.platform}) {
    CHECK_FALSE(text.empty());
  }
  // 20261123-10:00:00
  REQUIRE(build.build_date.size() == 17);
  CHECK(build.build_date.substr(0, 2) == "20");
  CHECK(build.build_date[8] == '-');
  CHECK(build.build_date[11] == ':');
  CHECK(build.build_date.find_first_not_of("0123456789-:") ==
        std::string_view::npos);
}

}  // namespace
}  // namespace exporter
