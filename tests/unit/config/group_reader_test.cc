// Target groups: what they mean, and how they are refused.
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "exporter/config/config.h"
#include "exporter/config/target_groups.h"
#include "tests/support/catch.h"

namespace exporter {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr GroupFormat kJson = GroupFormat::kJson;
constexpr GroupFormat kYaml = GroupFormat::kYaml;

// The reader of a configuration; it is all that outlives it.
std::shared_ptr<const GroupReader> Reader(const std::string& config_text,
                                          const Shard& shard = {}) {
  const auto config = ParseConfig(config_text, "smtp.yml", shard);
  if (!config) FAIL(config.error().messages.front());
  REQUIRE(config->group_reader);
  return config->group_reader;
}

TargetList Good(const std::string& text, GroupFormat format = kJson,
                const std::string& config_text = "interval: 40s") {
  auto targets = Reader(config_text)->Read(text, "list", format);
  if (!targets) FAIL(targets.error().messages.front());
  return std::move(*targets);
}

std::vector<std::string> Bad(const std::string& text,
                             GroupFormat format = kJson) {
  const auto targets = Reader("interval: 40s")->Read(text, "list", format);
  REQUIRE_FALSE(targets.has_value());
  return targets.error().messages;
}

std::string Group(const std::string& labels) {
  return R"([{"targets": ["mx.example"], "labels": {)" + labels + "}}]";
}

TEST_CASE("labels of a group become labels of its targets") {
  const char* const json = R"([
    {"targets": ["b.example", "a.example:587", "[2001:db8::1]:25"],
     "labels": {"team": "m\u00f6il \ud83d\ude00", "floor": "3", "none": "",
                "null": null, "__smtp_port": null, "job": null,
                "__meta_zone": "x", "__address__": "y", "__x": ""}},
    {"targets": [], "labels": {"team": "web"}},
    {"labels": null}, {"targets": null}, {},
    {"targets": ["c.example"]}])";
  const char* const yaml =
      "- targets: [b.example, a.example:587, '[2001:db8::1]:25']\n"
      "  labels: {team: möil 😀, floor: 3, none: '', nothing: , tilde: ~,\n"
      "           __meta_zone: x}\n"
      "- targets: []\n"
      "- labels:\n"
      "- {}\n"
      "- targets: [c.example]\n";
  for (const TargetList& targets : {Good(json), Good(yaml, kYaml)}) {
    REQUIRE(targets.size() == 4);
    const std::vector<std::pair<std::string, std::string>> labels = {
        {"floor", "3"}, {"team", "möil 😀"}};
    CHECK(targets[0]->name == "b.example:25");
    CHECK(targets[0]->labels == labels);
    CHECK(targets[0]->interval == seconds(40));
    CHECK(targets[1]->name == "a.example:587");
    CHECK(targets[1]->module == "submission");
    CHECK(targets[1]->labels == labels);
    CHECK(targets[2]->name == "[2001:db8::1]:25");
    CHECK(targets[3]->name == "c.example:25");
    CHECK(targets[3]->labels.empty());
    CHECK(targets[0]->conversation == targets[3]->conversation);
  }
}

TEST_CASE("an empty list has no targets") {
  CHECK(Good("[]").empty());
  CHECK(Good(" \n[ ]\n").empty());
  CHECK(Good("[]\n", kYaml).empty());
  CHECK(Good("\xEF\xBB\xBF[]").empty());
}

TEST_CASE("labels set every key of a target that is no file") {
  const TargetList targets = Good(Group(R"(
      "__module": "submission", "__interval": "2m", "__smtp_port": "2525",
      "__smtp_timeout": "50s", "__smtp_timeouts_connect": "1s",
      "__smtp_timeouts_greeting": "2s", "__smtp_timeouts_ehlo": "3s",
      "__smtp_timeouts_tls": "4s", "__smtp_timeouts_quit": "6s",
      "__smtp_stale_after": "7m", "__smtp_ehlo_name": "mon.example.net",
      "__smtp_addresses": "first", "__smtp_ip_protocol": "ip4",
      "__smtp_private_addresses": "skip", "__smtp_source_address": "192.0.2.9",
      "__smtp_tls_mode": "required", "__smtp_tls_verify": "true",
      "__smtp_tls_min_version": "TLS1.1", "__smtp_tls_max_version": "TLS1.2",
      "__smtp_tls_server_name": "tls.example",
      "__smtp_tls_certificate_types": "rsa, ecdsa",
      "__smtp_expect_banner": "banner.example",
      "__smtp_expect_starttls": "true", "__smtp_expect_auth": "false",
      "__smtp_expect_size_at_least": "10MB",
      "__smtp_expect_capabilities": "pipelining , 8BITMIME",
      "__smtp_expect_tls_min_version": "TLS1.2",
      "__smtp_expect_certificate_days": "14", "__smtp_domain": "false")"));
  const auto config = ParseConfig(R"(
targets:
  - host: mx.example
    module: submission
    interval: 2m
    port: 2525
    timeout: 50s
    timeouts: {connect: 1s, greeting: 2s, ehlo: 3s, tls: 4s, quit: 6s}
    stale_after: 7m
    ehlo_name: mon.example.net
    addresses: first
    ip_protocol: ip4
    private_addresses: skip
    source_address: 192.0.2.9
    tls: {mode: required, verify: true, min_version: TLS1.1,
          max_version: TLS1.2, server_name: tls.example,
          certificate_types: [rsa, ecdsa]}
    expect: {banner: banner.example, starttls: true, auth: false,
             size_at_least: 10MB, capabilities: [PIPELINING, 8BITMIME],
             tls_min_version: TLS1.2, certificate_days: 14}
)",
                                  "smtp.yml");
  REQUIRE(config.has_value());
  REQUIRE(targets.size() == 1);
  CHECK(*targets[0] == *config->targets.at(0));
  CHECK(targets[0]->labels.empty());
}

TEST_CASE("what is listed twice is left to whoever joins the lists") {
  const TargetList targets = Good(R"([{"targets": ["a.example", "b.example"]},
               {"targets": ["a.example:25"], "labels": {"team": "mail"}},
               {"targets": ["a.example:25"],
                "labels": {"__module": "submission"}}])");
  REQUIRE(targets.size() == 4);
  // It takes no memory of its own.
  CHECK(targets[0] == targets[2]);
  CHECK(targets[0] != targets[3]);
  CHECK(targets[3]->module == "submission");
}

TEST_CASE("a list of too many targets is refused") {
  std::string group = "- &g {targets: [";
  for (int i = 0; i < 10'000; ++i) group += "127.0.0.1:1, ";
  group += "]}\n";
  for (int i = 0; i < 99; ++i) group += "- *g\n";
  CHECK(Bad(group + "- targets: [b.example]\n", kYaml) ==
        std::vector<std::string>{"list:1:1: has more than 1000000 targets"});
}

TEST_CASE("a group of domains") {
  const TargetList targets = Good(
      R"([{"targets": ["example.org", "example.net:2525"],
           "labels": {"__smtp_domain": "true"}}, {"targets": ["example.com"]}])");
  REQUIRE(targets.size() == 3);
  CHECK(targets[0]->is_domain);
  CHECK(targets[0]->private_addresses == probe::PrivateAddresses::kSkip);
  CHECK(targets[1]->name == "example.net:2525");
  CHECK_FALSE(targets[2]->is_domain);
  CHECK(targets[2]->private_addresses == probe::PrivateAddresses::kProbe);
}

TEST_CASE("a group has the modules of its configuration") {
  const TargetList targets =
      Good(R"([{"targets": ["mx.example"], "labels": {"__module": "slow"}}])",
           kJson, "modules: {slow: {interval: 5m, port: 26}}");
  CHECK(targets.at(0)->name == "mx.example:26");
  CHECK(targets.at(0)->interval == minutes(5));
}

TEST_CASE("a list is refused with what is wrong and where") {
  struct Case {
    std::string text;
    std::vector<std::string> want;
  };
  const Case cases[] = {
      {"null", {"list:1:1: is empty; a list without targets is written []"}},
      {"{}", {"list:1:1: must be a list of groups, not a map"}},
      {"[null]", {"list:1:2: [0]: must be a map, not empty"}},
      {"[{}, []]", {"list:1:6: [1]: must be a map, not a list"}},
      {"[\"mx\"]", {"list:1:2: [0]: must be a map, not text"}},
      {R"([{"target": []}])",
       {"list:1:3: [0]: unknown key \"target\", did you mean \"targets\"?"}},
      {R"([{"targets": {}}])",
       {"list:1:14: [0].targets: must be a list of text, not a map"}},
      {"[{},\n {\"targets\": [\"a.example\", 5, true, null, [], \"-x\"]}]",
       {"list:2:28: [1].targets[1]: must be text in quotes",
        "list:2:31: [1].targets[2]: must be text in quotes",
        "list:2:37: [1].targets[3]: must be text, not empty",
        "list:2:43: [1].targets[4]: must be text, not a list",
        "list:2:47: [1].targets[5]: \"-x\" is not a host name: a part of it "
        "begins or ends with a hyphen"}},
      {R"([{"targets": ["x@example"], "labels": {"__smtp_domain": "true"}}])",
       {"list:1:15: [0].targets[0]: \"x@example\" is not a host name but looks "
        "like a mail address"}},
      {R"([{"targets": ["10.0.0.1"], "labels": {"__smtp_domain": "true"}}])",
       {"list:1:15: [0].targets[0]: \"10.0.0.1\" is an IP address, and only a "
        "name can be a domain"}},
      {R"([{"targets": [""]}])",
       {"list:1:15: [0].targets[0]: must not be empty"}},
      {R"([{"targets": [], "targets": []}])",
       {"list:1:18: [0]: key \"targets\" is given twice, first on line 1"}},
      {R"([{"labels": []}])",
       {"list:1:13: [0].labels: must be a map, not a list"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK(Bad(c.text) == c.want);
  }
}

TEST_CASE("a label is refused under its own name") {
  struct Case {
    std::string labels;
    std::string want;
  };
  const Case cases[] = {
      {R"("team": 5)", "49: [0].labels.team: must be text in quotes"},
      {R"("team": {})", "49: [0].labels.team: must be text, not a map"},
      {R"("__x": 5)", "48: [0].labels.__x: must be text in quotes"},
      {R"("a": "b", "a": "b")",
       "51: [0].labels: key \"a\" is given twice, first on line 1"},
      {R"("instance": "x")",
       "41: [0].labels: \"instance\" is not allowed: the metrics have a label "
       "of this name"},
      {R"("a-b": "x")",
       "41: [0].labels: \"a-b\" is not a label name: up to 64 letters, digits "
       "and '_', no digit first"},
      {R"("a": "x\u0000")", "46: [0].labels.a: holds a control character"},
      {"\"a\": \"" + std::string(257, 'v') + '"',
       "46: [0].labels.a: is longer than 256 bytes"},
      {R"("__module": "smpt")",
       "53: [0].labels.__module: there is no module \"smpt\", did you mean "
       "\"smtp\"?"},
      {R"("__interval": "5")",
       "55: [0].labels.__interval: \"5\" is not a duration, write it like "
       "500ms, 30s, 5m or 1h30m"},
      {R"("__smtp_port": "70000")",
       "56: [0].labels.__smtp_port: 70000 is out of range (1-65535)"},
      {R"("__smtp_tls_verify": "yes")",
       "62: [0].labels.__smtp_tls_verify: must be true or false, not \"yes\""},
      {R"("__smtp_domain": "yes")",
       "58: [0].labels.__smtp_domain: must be true or false, not \"yes\""},
      {R"("__smtp_timeouts_greeting": "1h")",
       "69: [0].labels.__smtp_timeouts_greeting: 1h is longer than the timeout "
       "of the whole probe (45s)"},
      {R"("__smtp_expect_capabilities": "A,,B")",
       "71: [0].labels.__smtp_expect_capabilities: \"\" is not an EHLO "
       "keyword: letters, digits and hyphens"},
      {R"("__smtp_tls_mode": "none", "__smtp_tls_verify": "true")",
       "68: [0].labels.__smtp_tls_verify: has no meaning while mode is none"},
      {R"("__smtp_tls_ca_file": "/etc/shadow")",
       "41: [0].labels.__smtp_tls_ca_file: is not allowed: a list must not "
       "choose files of this host, a module can"},
      {R"("__smtp_tls_cert_file": "x")",
       "41: [0].labels.__smtp_tls_cert_file: is not allowed: a list must not "
       "choose files of this host, a module can"},
      {R"("__smtp_tls_key_file": "x")",
       "41: [0].labels.__smtp_tls_key_file: is not allowed: a list must not "
       "choose files of this host, a module can"},
      {R"("__smtp_module": "smtp")",
       "41: [0].labels.__smtp_module: is written \"__module\""},
      {R"("__smtp_interval": "5m")",
       "41: [0].labels.__smtp_interval: is written \"__interval\""},
      {R"("__smtp_role": "mx")",
       "41: [0].labels.__smtp_role: belongs to the module, name one that has "
       "the role"},
      {R"("__smtp_tls_modus": "none")",
       "41: [0].labels.__smtp_tls_modus: is no label that is known, did you "
       "mean \"__smtp_tls_mode\"?"},
      {R"("__smtp_": "x")",
       "41: [0].labels.__smtp_: is no label that is known"},
      {R"("__smtp_stale_after": "30s")",
       "15: [0].targets[0]: stale_after (30s) is shorter than interval (40s): "
       "facts would come and go"},
      {R"("__smtp_ip_protocol": "ip4", "__smtp_source_address": "::1")",
       "15: [0].targets[0]: source_address is an IPv6 address, but ip_protocol "
       "is ip4"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.labels);
    const std::vector<std::string> want = {"list:1:" + c.want};
    CHECK(Bad(Group(c.labels)) == want);
  }
}

TEST_CASE("the names that README calls refused are") {
  std::ifstream file("README.md");
  const std::string readme(std::istreambuf_iterator<char>(file), {});
  std::size_t at = readme.find("Refused, here and in the configuration,");
  REQUIRE(at != std::string::npos);
  const std::size_t end = readme.find('.', at);
  std::size_t names = 0;
  while ((at = readme.find('`', at)) < end) {
    const std::size_t close = readme.find('`', at + 1);
    const std::string name = readme.substr(at + 1, close - at - 1);
    at = close + 1;
    ++names;
    CAPTURE(name);
    CHECK(Bad(Group("\"" + name + "\": \"x\""))
              .front()
              .ends_with(
                  "is not allowed: the metrics have a label of this name"));
  }
  CHECK(names == 29);
}

TEST_CASE("a label of many targets is complained about once") {
  std::string targets = "\"a.example\"";
  for (int i = 0; i < 50; ++i) {
    targets += ", \"a" + std::to_string(i) + ".example\"";
  }
  CHECK(Bad("[{\"labels\": {\"__smtp_port\": \"0\", \"job\": \"x\"}, "
            "\"targets\": [" +
            targets + "]}]") ==
        std::vector<std::string>{
            "list:1:29: [0].labels.__smtp_port: 0 is out of range (1-65535)",
            "list:1:34: [0].labels: \"job\" is not allowed: the metrics have a "
            "label of this name"});
}

TEST_CASE("YAML is as strict") {
  CHECK(Bad("", kYaml) ==
        std::vector<std::string>{
            "list:1:1: is empty; a list without targets is written []"});
  CHECK(Bad("- targets: [a.example]\n- ~\n", kYaml) ==
        std::vector<std::string>{"list:2:3: [1]: must be a map, not empty"});
  CHECK(Bad("- targets: [~]\n", kYaml) ==
        std::vector<std::string>{
            "list:1:13: [0].targets[0]: must be text, not empty"});
  CHECK(Bad("- targets: [~]\n  labels: {a: ~, b: [x]}\n", kYaml) ==
        std::vector<std::string>{
            "list:2:21: [0].labels.b: must be text, not a list"});
  CHECK(Bad("- targets: [a]\n  source: x\n", kYaml) ==
        std::vector<std::string>{"list:2:3: [0]: unknown key \"source\""});
  CHECK(Bad("- targets: *x\n", kYaml).size() == 1);
  CHECK(Bad("- &g {targets: [a.example], labels: *g}\n", kYaml).size() == 2);
}

TEST_CASE("a text over the limit is refused") {
  const auto reader = Reader("targets: []");
  for (const GroupFormat format : {kJson, kYaml}) {
    const auto targets =
        reader->Read(std::string(kMaxConfigBytes + 1, ' '), "list", format);
    REQUIRE_FALSE(targets.has_value());
    CHECK(targets.error().messages ==
          std::vector<std::string>{"list: is larger than 64 MiB"});
  }
}

TEST_CASE("a shard reads its part of a list") {
  const std::string text =
      R"([{"targets": ["mx1.example.com", "10.0.0.300", "MX2.example",
                       "192.0.2.1", "münchen.example"]},
          {"targets": ["example.org", "x.example"],
           "labels": {"__smtp_domain": "true"}}])";
  std::vector<std::string> all;
  for (std::uint64_t index = 0; index < 3; ++index) {
    const Shard shard{index, 3};
    const auto reader = Reader("targets: []", shard);
    const auto refused = reader->Read(text, "list", kJson);
    // Every shard finds what is wrong, also with targets of another one.
    REQUIRE_FALSE(refused.has_value());
    const std::string good =
        std::string(text).replace(text.find(", \"10.0.0.300\""), 14, "");
    const auto targets = reader->Read(good, "list", kJson);
    REQUIRE(targets.has_value());
    for (const auto& target : *targets) all.push_back(target->host);
    for (const auto& target : *targets) {
      const bool international = target->host.starts_with("xn--");
      CHECK(shard.Keeps(international ? "münchen.example" : target->host));
    }
  }
  CHECK(all.size() == 6);
}

TEST_CASE("several threads read with one reader") {
  const auto reader = Reader("modules: {x: {tls: {mode: required}}}");
  std::vector<std::thread> threads;
  std::vector<std::size_t> counts(4);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round) {
        const auto targets = reader->Read(
            R"([{"targets": ["a.example"], "labels": {"__module": "x",
                 "__smtp_tls_max_version": "TLS1.2"}}])",
            "list", kJson);
        counts[i] += targets ? targets->size() : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(counts == std::vector<std::size_t>(4, 5));
}

TEST_CASE("lists share what they have in common") {
  const auto reader = Reader("targets: []");
  const auto a = reader->Read(R"([{"targets": ["a.example"]}])", "a", kJson);
  const auto b = reader->Read("- targets: [b.example]", "b", kYaml);
  REQUIRE(a.has_value());
  REQUIRE(b.has_value());
  CHECK(a->at(0)->conversation->tls.context ==
        b->at(0)->conversation->tls.context);
}

}  // namespace
}  // namespace exporter
