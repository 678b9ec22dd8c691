// What an accepted configuration means, and that no text does harm.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "tests/support/catch.h"

namespace exporter {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

Config Good(const std::string& text) {
  auto config = ParseConfig(text, "smtp.yml");
  if (!config) FAIL(config.error().messages.front());
  return std::move(*config);
}

std::vector<std::string> Bad(const std::string& text) {
  const auto config = ParseConfig(text, "smtp.yml");
  REQUIRE_FALSE(config.has_value());
  return config.error().messages;
}

TEST_CASE("shorthands") {
  struct Case {
    std::string text;
    std::string name;
    std::string host;
    std::string module;
    probe::Role role;
    bool literal;
  };
  using enum probe::Role;
  const Case cases[] = {
      {"mx1.example.com", "mx1.example.com:25", "mx1.example.com", "smtp", kMx,
       false},
      {"MX1.example.com.", "MX1.example.com.:25", "MX1.example.com.", "smtp",
       kMx, false},
      {"mx1.example.com:2525", "mx1.example.com:2525", "mx1.example.com",
       "smtp", kMx, false},
      {"mail.example.com:587", "mail.example.com:587", "mail.example.com",
       "submission", kSubmission, false},
      {"192.0.2.1", "192.0.2.1:25", "192.0.2.1", "smtp", kMx, true},
      {"192.0.2.1:587", "192.0.2.1:587", "192.0.2.1", "submission", kSubmission,
       true},
      {"2001:db8::1", "[2001:db8::1]:25", "2001:db8::1", "smtp", kMx, true},
      {"\"[2001:db8::1]:25\"", "[2001:db8::1]:25", "2001:db8::1", "smtp", kMx,
       true},
      {"\"[2001:db8::1]\"", "[2001:db8::1]:25", "2001:db8::1", "smtp", kMx,
       true},
      {"{host: mx1.example.com}", "mx1.example.com:25", "mx1.example.com",
       "smtp", kMx, false},
      {"{host: mx1.example.com, port: 587}", "mx1.example.com:587",
       "mx1.example.com", "submission", kSubmission, false},
      {"{host: mx1.example.com:587}", "mx1.example.com:587", "mx1.example.com",
       "submission", kSubmission, false},
      {"{host: mx1.example.com, module: submission}", "mx1.example.com:587",
       "mx1.example.com", "submission", kSubmission, false},
      {"{host: mx1.example.com, port: 587, module: smtp}",
       "mx1.example.com:587", "mx1.example.com", "smtp", kMx, false},
      {"mail.example.com:465", "mail.example.com:465", "mail.example.com",
       "submissions", kSubmission, false},
      {"{host: mx1.example.com, port: 465, module: smtp}",
       "mx1.example.com:465", "mx1.example.com", "smtp", kMx, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const Config config = Good("targets:\n  - " + c.text + "\n");
    REQUIRE(config.targets.size() == 1);
    const probe::Target& target = *config.targets[0];
    CHECK(target.name == c.name);
    CHECK(target.host == c.host);
    CHECK(target.module == c.module);
    CHECK(target.role == c.role);
    CHECK(target.literal.has_value() == c.literal);
  }
}

TEST_CASE("defaults") {
  const Config config = Good("targets: [mx1.example.com]");
  const probe::Target& target = *config.targets.at(0);
  CHECK(target.interval == seconds(60));
  CHECK(target.stale_after == minutes(5));
  CHECK(target.addresses == probe::AddressChoice::kAll);
  CHECK(target.ip_protocol == probe::IpProtocol::kAuto);
  CHECK(target.labels.empty());
  CHECK(target.expect == probe::Expectations{});
  REQUIRE(target.conversation);
  CHECK(target.conversation->timeouts == probe::Timeouts{});
  CHECK_FALSE(target.conversation->source_address);
  CAPTURE(target.conversation->ehlo_name);
  CHECK(target.conversation->ehlo_name.find(".") != std::string::npos);
  CHECK(config.dns == DnsConfig{});
}

TEST_CASE("each level overrides the one above") {
  const Config config = Good(R"(
ehlo_name: top.example.net
interval: 30s
timeout: 40s
timeouts: {greeting: 25s, ehlo: 11s}
modules:
  smtp: {interval: 20s, timeouts: {ehlo: 12s}}
  other:
    role: submission
    addresses: first
    ip_protocol: ip6
    ehlo_name: module.example.net
    stale_after: 10m
targets:
  - mx1.example.com
  - {host: mx2.example.com, interval: 2m, timeout: 10s}
  - {host: mx3.example.com, module: other}
  - {host: mx4.example.com, module: other, ehlo_name: "[192.0.2.9]",
     ip_protocol: auto, source_address: 192.0.2.9, addresses: all, port: 26}
)");
  REQUIRE(config.targets.size() == 4);
  const probe::Target& first = *config.targets[0];
  CHECK(first.interval == seconds(20));
  CHECK(first.conversation->ehlo_name == "top.example.net");
  CHECK(first.conversation->timeouts.total == seconds(40));
  CHECK(first.conversation->timeouts.greeting == seconds(25));
  CHECK(first.conversation->timeouts.ehlo == seconds(12));
  CHECK(first.conversation->timeouts.connect == seconds(5));

  const probe::Target& second = *config.targets[1];
  CHECK(second.interval == minutes(2));
  CHECK(second.stale_after == minutes(10));  // 5 intervals.
  CHECK(second.conversation->timeouts.total == seconds(10));
  CHECK(second.conversation->timeouts.greeting == seconds(10));  // Cut.
  CHECK(second.conversation->timeouts.connect == seconds(5));

  const probe::Target& third = *config.targets[2];
  CHECK(third.role == probe::Role::kSubmission);
  CHECK(third.port == 587);
  CHECK(third.interval == seconds(30));
  CHECK(third.stale_after == minutes(10));
  CHECK(third.addresses == probe::AddressChoice::kFirst);
  CHECK(third.ip_protocol == probe::IpProtocol::kIp6);
  CHECK(third.conversation->ehlo_name == "module.example.net");

  const probe::Target& fourth = *config.targets[3];
  CHECK(fourth.name == "mx4.example.com:26");
  CHECK(fourth.conversation->ehlo_name == "[192.0.2.9]");
  CHECK(fourth.addresses == probe::AddressChoice::kAll);
  // The source address decides.
  CHECK(fourth.ip_protocol == probe::IpProtocol::kIp4);
  CHECK(fourth.conversation->source_address ==
        probe::IpAddress::Parse("192.0.2.9"));
}

TEST_CASE("a changed built-in module keeps what is not named") {
  const Config config = Good(R"(
modules: {smtp: {port: 2525}, submission: {role: mx}}
targets: [a.example, "b.example:587"]
)");
  CHECK(config.targets.at(0)->name == "a.example:2525");
  CHECK(config.targets.at(1)->module == "submission");
  CHECK(config.targets.at(1)->role == probe::Role::kMx);
}

TEST_CASE("domains") {
  const Config config = Good(R"(
modules: {any: {private_addresses: probe, interval: 2m}}
targets:
  - domain: example.org
  - domain: Example.Net.:2525
  - {domain: example.com, port: 26, addresses: first, labels: {team: mail}}
  - {domain: example.com, module: any}
  - {domain: example.com, module: submission}
  - {domain: münchen.example}
  - example.org:26
  - {domain: example.com, private_addresses: probe}
  - {host: example.com, module: any, port: 27, private_addresses: skip}
)");
  struct Want {
    std::string name;
    std::string host;
    std::string module;
    bool is_domain;
    probe::PrivateAddresses private_addresses;
  };
  using enum probe::PrivateAddresses;
  const Want want[] = {
      {"example.org:25", "example.org", "smtp", true, kSkip},
      {"Example.Net.:2525", "Example.Net.", "smtp", true, kSkip},
      {"example.com:26", "example.com", "smtp", true, kSkip},
      {"example.com:25", "example.com", "any", true, kProbe},
      {"example.com:587", "example.com", "submission", true, kSkip},
      {"xn--mnchen-3ya.example:25", "xn--mnchen-3ya.example", "smtp", true,
       kSkip},
      {"example.org:26", "example.org", "smtp", false, kProbe},
      {"example.com:25", "example.com", "smtp", true, kProbe},
      {"example.com:27", "example.com", "any", false, kSkip},
  };
  REQUIRE(config.targets.size() == std::size(want));
  for (std::size_t i = 0; i < std::size(want); ++i) {
    CAPTURE(i);
    const probe::Target& target = *config.targets[i];
    CHECK(target.name == want[i].name);
    CHECK(target.host == want[i].host);
    CHECK(target.module == want[i].module);
    CHECK(target.is_domain == want[i].is_domain);
    CHECK(target.private_addresses == want[i].private_addresses);
    CHECK_FALSE(target.literal);
  }
  CHECK(config.targets[4]->role == probe::Role::kSubmission);
}

TEST_CASE("international names stand in ASCII wherever they are asked for") {
  const Config config = Good(R"(
targets:
  - Bücher.example:26
  - {host: mx1.example.com, tls: {server_name: Bücher.example}}
)");
  CHECK(config.targets.at(0)->name == "xn--bcher-kva.example:26");
  CHECK(config.targets.at(0)->host == "xn--bcher-kva.example");
  CHECK(config.targets.at(1)->conversation->tls.server_name ==
        "xn--bcher-kva.example");
}

TEST_CASE("labels, expectations and dns") {
  const Config config = Good(R"(
targets:
  - host: mx1.example.com
    labels: {zone: "ö", team: mail, floor: 3, on: true}
    expect:
      banner: /^mx1/
      starttls: true
      auth: false
      size_at_least: 10MB
      capabilities: [pipelining, 8BITMIME]
dns: {servers: [127.0.0.1, "[::1]:5353", "2001:db8::53"], timeout: 500ms, tries: 3}
)");
  const probe::Target& target = *config.targets.at(0);
  const std::vector<std::pair<std::string, std::string>> labels = {
      {"floor", "3"}, {"on", "true"}, {"team", "mail"}, {"zone", "ö"}};
  CHECK(target.labels == labels);
  CHECK(target.expect.banner == "/^mx1/");
  CHECK(target.expect.starttls == true);
  CHECK(target.expect.auth == false);
  CHECK(target.expect.size_at_least == 10e6);
  CHECK(target.expect.capabilities ==
        std::vector<std::string>{"PIPELINING", "8BITMIME"});
  CHECK(config.dns.servers == std::vector<std::string>{"127.0.0.1:53",
                                                       "[::1]:5353",
                                                       "[2001:db8::53]:53"});
  CHECK(config.dns.timeout == milliseconds(500));
  CHECK(config.dns.tries == 3);
}

TEST_CASE("who may be probed on demand") {
  const OnDemandConfig usual = Good("targets: []").on_demand;
  CHECK_FALSE(usual.any);
  CHECK_FALSE(usual.permits_more());
  CHECK(usual.ports == std::vector<std::uint16_t>{25, 465, 587});
  CHECK(usual.concurrency == 1000);
  CHECK(usual.rate == 200);
  CHECK(Good("on_demand: {}").on_demand == usual);
  CHECK(Good("on_demand: {allow: [], any: false}").on_demand == usual);

  const OnDemandConfig read = Good(R"(
on_demand:
  allow: [MX1.Example.com., "*.Example.ORG.", Bücher.example, 10.0.0.0/8,
          "2001:db8::/32", 192.0.2.1]
  ports: [2525]
  concurrency: 3
  rate: 4
)")
                                  .on_demand;
  CHECK_FALSE(read.any);
  CHECK(read.permits_more());
  CHECK(read.names ==
        std::vector<std::string>{"mx1.example.com", "xn--bcher-kva.example"});
  CHECK(read.suffixes == std::vector<std::string>{".example.org"});
  REQUIRE(read.networks.size() == 3);
  CHECK(read.networks[0] == probe::IpNetwork::Parse("10.0.0.0/8"));
  CHECK(read.networks[2] == probe::IpNetwork::Parse("192.0.2.1/32"));
  CHECK(read.ports == std::vector<std::uint16_t>{2525});
  CHECK(read.concurrency == 3);
  CHECK(read.rate == 4);

  for (const char* block : {"any: true", "allow: [a.example]",
                            "allow: ['*.example']", "allow: [10.0.0.0/8]"}) {
    CAPTURE(block);
    CHECK(Good("on_demand: {" + std::string(block) + "}")
              .on_demand.permits_more());
  }
}

TEST_CASE("what opens the door wide is warned of") {
  const std::string name = "ehlo_name: monitor.example.net\n";
  CHECK(Good(name + "on_demand: {allow: [a.example, 10.0.0.0/8]}")
            .warnings.empty());
  CHECK(Good(name + "on_demand: {any: true}").warnings ==
        std::vector<std::string>{
            "on_demand.any lets whoever reaches this program's HTTP address "
            "have any public mail server probed"});
  CHECK(Good(name + "on_demand: {allow: [127.0.0.0/8, '::/0']}").warnings ==
        std::vector<std::string>{
            "smtp.yml:2:21: on_demand.allow[0]: lets whoever asks have this "
            "host itself connected to",
            "smtp.yml:2:34: on_demand.allow[1]: lets whoever asks have this "
            "host itself connected to"});
}

TEST_CASE("equal conversations are one") {
  const Config config = Good(R"(
targets: [a.example, b.example, {host: c.example, timeout: 46s},
          {host: d.example, timeout: 45s}]
)");
  CHECK(config.targets[0]->conversation == config.targets[1]->conversation);
  CHECK(config.targets[0]->conversation == config.targets[3]->conversation);
  CHECK(config.targets[0]->conversation != config.targets[2]->conversation);
}

TEST_CASE("messages are at most twenty, in the order of the file") {
  std::string text = "targets:\n";
  for (int i = 0; i < 100; ++i) text += "  - -x\n";
  const std::vector<std::string> messages = Bad(text + "interval: 5\n");
  REQUIRE(messages.size() == kMaxConfigMessages);
  CHECK(messages[0] ==
        "smtp.yml:2:5: targets[0]: \"-x\" is not a host name: a part of it "
        "begins or ends with a hyphen");
  CHECK(messages.back() ==
        "smtp.yml:102:11: interval: \"5\" is not a duration, write it like "
        "500ms, 30s, 5m or 1h30m");
}

TEST_CASE("a target that fills the messages is still not good") {
  for (int before = 15; before < 21; ++before) {
    std::string text = "targets:\n";
    for (int i = 0; i < before; ++i) text += "  - -x\n";
    text +=
        "  - {host: a.example, interval: x, port: 0, module: none, role: mx}\n";
    CHECK(Bad(text).size() ==
          std::min<std::size_t>(kMaxConfigMessages, before + 4));
  }
}

TEST_CASE("text of the file is shown in one short, printable line") {
  const std::vector<std::string> messages =
      Bad("\"a\\nb\\e[31m\\u202e\": 1\n" + std::string(500, 'k') + ": 1\n");
  REQUIRE(messages.size() == 2);
  CHECK(messages[0] == "smtp.yml:1:1: unknown key \"a\\x0ab\\x1b[31m\\u202e\"");
  CHECK(messages[1] ==
        "smtp.yml:2:1: unknown key \"" + std::string(80, 'k') + "...\"");
}

TEST_CASE("limits") {
  CHECK(Bad(std::string(kMaxConfigBytes + 1, ' ')) ==
        std::vector<std::string>{"smtp.yml: is larger than 64 MiB"});
  const auto target = [](const std::string& more) {
    return "targets: [{host: a.example, " + more + "}]";
  };
  std::string labels = "l0: x";
  for (int i = 1; i < 32; ++i) labels += ", l" + std::to_string(i) + ": x";
  CHECK(Good(target("labels: {" + labels + "}")).targets.size() == 1);
  CHECK(Bad(target("labels: {" + labels + ", more: x}")).size() == 1);
  const std::string value(256, 'v');
  CHECK(Good(target("labels: {a: " + value + "}")).targets.size() == 1);
  CHECK(Bad(target("labels: {a: " + value + "v}")).size() == 1);
  std::string capabilities = "C0";
  for (int i = 1; i < 64; ++i) capabilities += ", C" + std::to_string(i);
  CHECK(Good(target("expect: {capabilities: [" + capabilities + "]}"))
            .targets.size() == 1);
  CHECK(
      Bad(target("expect: {capabilities: [" + capabilities + ", X]}")).size() ==
      1);
  CHECK(Bad(target("expect: {banner: /" + std::string(1023, 'x') + "/}"))
            .size() == 1);
  // Each repetition doubles the compiled size; RE2's limit stops it.
  CHECK(Bad(target("expect: {banner: '/((x{100}){100}){100}/'}")).size() == 1);
}

TEST_CASE("an alias bomb costs no more than its text") {
  std::string text = "x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string alias = "*x" + std::to_string(i - 1);
    text += "x" + std::to_string(i) + ": &x" + std::to_string(i) + " [" + alias;
    for (int j = 0; j < 9; ++j) text += ", " + alias;
    text += "]\n";
  }
  CHECK(Bad(text + "targets: *x29\n").size() == kMaxConfigMessages);
  CHECK(Bad("targets: &t [*t, *t]\n").size() == 2);
  CHECK(Bad("targets: [{host: a.example, labels: &l {a: *l}}]\n").size() == 1);
}

TEST_CASE("many targets load") {
  std::string text = "targets:\n";
  for (int i = 0; i < 2000; ++i) {
    text += "  - {host: mx" + std::to_string(i) +
            ".example.com, labels: {team: mail}, expect: {banner: /mx/}}\n";
  }
  const Config config = Good(text);
  REQUIRE(config.targets.size() == 2000);
  CHECK(config.targets.front()->conversation.use_count() == 2000);
}

}  // namespace
}  // namespace exporter
