// One target that somebody names: what it means, and how it is refused.
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exporter/config/config.h"
#include "exporter/config/target_groups.h"
#include "tests/support/catch.h"

namespace exporter {
namespace {

using std::chrono::seconds;
using Settings = std::vector<std::pair<std::string, std::string>>;

std::shared_ptr<const GroupReader> Reader() {
  const auto config = ParseConfig(R"(
ehlo_name: monitor.example.net
timeout: 33s
modules:
  strict: {tls: {mode: required, verify: true}}
  plain: {port: 2525, tls: {mode: none}}
  walks: {private_addresses: probe}
)",
                                  "smtp.yml");
  if (!config) FAIL(config.error().messages.front());
  return config->group_reader;
}

std::shared_ptr<const probe::Target> Accepted(const NamedTarget& named) {
  auto target = Reader()->ReadOne(named);
  if (!target) FAIL(target.error().messages.front());
  return *target;
}

std::shared_ptr<const probe::Target> Good(const std::string& text,
                                          Settings settings = {}) {
  return Accepted(
      {.text = text, .is_domain = false, .settings = std::move(settings)});
}

// As the people who ask know the keys.
std::string Shown(const std::string& key) {
  if (key == "host" || key == "domain" || key.empty()) return "target";
  return key == "tls.server_name" ? "hostname" : key;
}

std::vector<std::string> Bad(const std::string& text, Settings settings = {}) {
  const auto target = Reader()->ReadOne(
      {.text = text, .is_domain = false, .settings = std::move(settings)},
      &Shown);
  REQUIRE_FALSE(target);
  return target.error().messages;
}

TEST_CASE("a target that is named is read as one of a list") {
  struct Case {
    std::string text;
    std::string name;
    std::string module;
  };
  const Case cases[] = {
      {"mx1.example.com", "mx1.example.com:25", "smtp"},
      {"mx1.example.com:587", "mx1.example.com:587", "submission"},
      {"MX1.example.com.:465", "MX1.example.com.:465", "submissions"},
      {"192.0.2.1", "192.0.2.1:25", "smtp"},
      {"2001:db8::1", "[2001:db8::1]:25", "smtp"},
      {"[2001:db8::1]:587", "[2001:db8::1]:587", "submission"},
      {"bücher.example", "xn--bcher-kva.example:25", "smtp"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.text);
    const auto target = Good(one.text);
    CHECK(target->name == one.name);
    CHECK(target->module == one.module);
    CHECK(target->conversation->timeouts.total == seconds(33));
    CHECK(target->conversation->ehlo_name == "monitor.example.net");
    CHECK(target->labels.empty());
  }
}

TEST_CASE("settings of a named target") {
  const auto plain = Good("mx1.example.com", {{"module", "plain"}});
  CHECK(plain->name == "mx1.example.com:2525");
  CHECK(plain->conversation->tls.mode == probe::TlsMode::kNone);

  const auto strict =
      Good("192.0.2.1:26",
           {{"module", "strict"}, {"tls.server_name", "mx1.example.com"}});
  CHECK(strict->name == "192.0.2.1:26");
  CHECK(strict->conversation->tls.verify);
  CHECK(strict->conversation->tls.server_name == "mx1.example.com");
  CHECK(strict->conversation->tls.context);

  const auto expecting =
      Good("mx1.example.com", {{"expect.starttls", "true"},
                               {"expect.capabilities", "PIPELINING, 8bitmime"},
                               {"expect.size_at_least", "25MiB"}});
  CHECK(expecting->expect.starttls == true);
  CHECK(expecting->expect.capabilities ==
        std::vector<std::string>{"PIPELINING", "8BITMIME"});
}

TEST_CASE("a domain that is named") {
  const auto domain =
      Accepted({.text = "example.org", .is_domain = true, .settings = {}});
  CHECK(domain->is_domain);
  CHECK(domain->private_addresses == probe::PrivateAddresses::kSkip);
  CHECK(Accepted({.text = "example.org",
                  .is_domain = true,
                  .settings = {{"module", "walks"}}})
            ->private_addresses == probe::PrivateAddresses::kProbe);
}

TEST_CASE("equal contexts are shared whoever asks, and for whatever name") {
  const auto reader = Reader();
  const auto context = [&](const std::string& hostname) {
    const auto target =
        reader->ReadOne({.text = "192.0.2.1",
                         .is_domain = false,
                         .settings = {{"tls.server_name", hostname}}});
    REQUIRE(target);
    return (*target)->conversation->tls.context;
  };
  CHECK(context("a.example") == context("b.example"));
}

TEST_CASE("what is wrong with a named target, in the words of who asks") {
  struct Case {
    std::string text;
    Settings settings;
    std::vector<std::string> messages;
  };
  const Case cases[] = {
      {"", {}, {"target: must not be empty"}},
      {"mx1..example.com",
       {},
       {"target: \"mx1..example.com\" is not a host name: a part of it is "
        "empty"}},
      {"mx1.example.com:0", {}, {"target: port 0 is out of range (1-65535)"}},
      {"0x7f.1",
       {},
       {"target: \"0x7f.1\" is neither a host name nor an IPv4 address of four "
        "decimal numbers"}},
      {"a.example",
       {{"module", "smpt"}},
       {"module: there is no module \"smpt\", did you mean \"smtp\"?"}},
      {"a.example",
       {{"tls.server_name", "-"}},
       {"hostname: \"-\" is not a host name: a part of it begins or ends with "
        "a hyphen"}},
      // Numbers, lists and maps have no meaning of their own here.
      {"{host: a.example}",
       {},
       {"target: \"{host: a.example}\" does not end in a port number"}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.text);
    CHECK(Bad(one.text, one.settings) == one.messages);
  }
  CHECK(Bad("-", {{"module", "none"}, {"tls.server_name", "-"}}).size() == 3);
}

TEST_CASE("the modules that can be named") {
  CHECK(Reader()->ModuleNames() ==
        std::vector<std::string>{"plain", "smtp", "strict", "submission",
                                 "submissions", "walks"});
}

TEST_CASE("a shard reads what is named whether it watches it or not") {
  for (std::uint64_t index = 0; index < 3; ++index) {
    const auto config = ParseConfig("ehlo_name: monitor.example.net",
                                    "smtp.yml", Shard{index, 3});
    REQUIRE(config);
    CHECK(config->group_reader->ReadOne(
        {.text = "mx1.example.com", .is_domain = false, .settings = {}}));
  }
}

}  // namespace
}  // namespace exporter
