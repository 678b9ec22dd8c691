#include "tests/support/mailsim/scenario_reader.h"

#include <string>
#include <variant>

#include "tests/support/catch.h"

namespace mailsim {
namespace {

Scenario Read(const std::string& text) {
  const auto scenario = ParseScenario(text, "s.yaml");
  INFO(text << "\n" << (scenario ? "" : scenario.error()));
  REQUIRE(scenario);
  return *scenario;
}

Script ReadScript(const std::string& steps) {
  const Scenario scenario = Read(
      "servers: [{name: a, listen: '127.0.0.1:0', script: " + steps + "}]");
  return std::get<Script>(scenario.servers[0].behaviours->at(0).play);
}

Profile ReadProfile(const std::string& keys) {
  const Scenario scenario = Read(
      "servers: [{name: a, listen: '127.0.0.1:0', profile: " + keys + "}]");
  return std::get<Profile>(scenario.servers[0].behaviours->at(0).play);
}

TEST_CASE("A scenario that cannot be played is refused with its place") {
  struct Case {
    std::string text;
    std::string want;
  };
  const std::string start = "servers:\n- name: a\n  listen: \"127.0.0.1:0\"\n";
  const Case cases[] = {
      {"", "s.yaml:1:1: expected a mapping"},
      {"servers: 7", "s.yaml:1:10: servers: expected a list"},
      {"server: []", "s.yaml:1:1: \"servers\" is missing"},
      {"servers: []\nlog: x",
       "s.yaml:2:6: log: unknown key; known here: servers"},
      {start,
       "s.yaml:2:3: servers[0]: needs one of script, scripts, profile, "
       "profiles, refused"},
      {start + "  script: []\n  profile: {}",
       "s.yaml:2:3: servers[0]: needs one of script, scripts, profile, "
       "profiles, refused"},
      {start + "  name: b", "s.yaml:4:3: servers[0]: \"name\" stands twice"},
      {start + "  profiles: []", "s.yaml:4:13: servers[0].profiles: empty"},
      {"servers:\n- name: a\n  listen: localhost:25\n  script: []",
       "s.yaml:3:11: servers[0].listen: \"localhost:25\" is not like "
       "127.0.0.1:2525 or [::1]:2525"},
      {"servers:\n- name: a\n  listen: \"127.0.0.1:70000\"\n  script: []",
       "s.yaml:3:11: servers[0].listen: \"70000\" is not a port from 0 to "
       "65535"},
      {start + "  count: 0\n  script: []",
       "s.yaml:4:10: servers[0].count: \"0\" is not a number from 1 to 60000"},
      {start + "  spread: wide\n  script: []",
       "s.yaml:4:11: servers[0].spread: expected port or address"},
      {start + "  script: [wait]",
       "s.yaml:4:12: servers[0].script[0]: unknown step \"wait\"; known: "
       "close, drop, reset, never, starttls"},
      {start + "  script: [{send: []}]",
       "s.yaml:4:19: servers[0].script[0].send: nothing to send"},
      {start + "  script: [{send_base64: \"?\"}]",
       "s.yaml:4:26: servers[0].script[0].send_base64: not base64, or nothing "
       "to send"},
      {start + "  script: [{delay: 5}]",
       "s.yaml:4:20: servers[0].script[0].delay: \"5\" is not a time like "
       "500ms, 30s, 5m, 1h (at most 24h)"},
      {start + "  script: [{delay: 99999999999999999999h}]",
       "s.yaml:4:20: servers[0].script[0].delay: \"99999999999999999999h\" is "
       "not a time like 500ms, 30s, 5m, 1h (at most 24h)"},
      {start + "  script: [{expect: EHLO, send: x}]",
       "s.yaml:4:33: servers[0].script[0].send: unknown key; known here: "
       "expect"},
      {start + "  script: [starttls]",
       "s.yaml:4:12: servers[0].script[0]: the server has no \"tls\""},
      {start + "  tls: {}\n  script: [starttls, starttls]",
       "s.yaml:5:22: servers[0].script[1]: TLS inside TLS"},
      {start + "  tls: {implicit: true}\n  script: [{starttls: {cut: 1}}]",
       "s.yaml:5:12: servers[0].script[0]: TLS inside TLS"},
      {start + "  tls: {}\n  script: [{starttls: {}}]",
       "s.yaml:5:23: servers[0].script[0].starttls: \"cut\" is missing"},
      {start + "  tls: {}\n  script: [{starttls: {cut: -1}}]",
       "s.yaml:5:29: servers[0].script[0].starttls.cut: \"-1\" is not a number "
       "from 0 to 1048576"},
      {start + "  tls: {identity: good}\n  profile: {}",
       "s.yaml:4:19: servers[0].tls.identity: unknown key; known here: "
       "ciphers, "
       "client_certificate, identities, implicit, only_sni, versions"},
      {start + "  tls: {identities: bad}\n  profile: {}",
       "s.yaml:4:21: servers[0].tls.identities: unknown identity \"bad\"; "
       "known: client common-name cross-signed expired expired-client "
       "expired-intermediate expiring good good-rsa ip missing-intermediate "
       "not-yet-valid scraper self-signed wildcard wrong-name"},
      {start + "  tls: {identities: []}\n  profile: {}",
       "s.yaml:4:21: servers[0].tls.identities: empty"},
      {start + "  tls: {identities: [good, expired]}\n  profile: {}",
       "s.yaml:4:21: servers[0].tls.identities: two of the same key type; only "
       "good-rsa is RSA"},
      {start + "  tls: {versions: TLSv1.2}\n  profile: {}",
       "s.yaml:4:19: servers[0].tls.versions: expected any, TLS1.0, TLS1.1, "
       "TLS1.2 or TLS1.3"},
      {start + "  tls: {client_certificate: yes}\n  profile: {}",
       "s.yaml:4:29: servers[0].tls.client_certificate: expected requested or "
       "required"},
      {start + "  tls: {ciphers: NONE}\n  profile: {}",
       "s.yaml:4:18: servers[0].tls.ciphers: OpenSSL knows none of these "
       "ciphers"},
      {start + "  profiles: [{tls: {implicit: 1}}]",
       "s.yaml:4:31: servers[0].profiles[0].tls.implicit: expected true or "
       "false"},
      {start + "  profile: {drop: EHLO, closing: ehlo}",
       "s.yaml:4:34: servers[0].profile.closing: EHLO has two faults"},
      {start + "  profile: {greeting_delay: 1s, delay: {CONNECT: 2s}}",
       "s.yaml:4:50: servers[0].profile.delay.CONNECT: CONNECT has two delays"},
      {start + "  profile: {ehlo_code: 25}",
       "s.yaml:4:24: servers[0].profile.ehlo_code: \"25\" is not a number from "
       "100 to 999"},
      {start + "  profile: {esmtp: perhaps}",
       "s.yaml:4:20: servers[0].profile.esmtp: expected true or false"},
  };
  for (const Case& it : cases) {
    CAPTURE(it.text);
    const auto scenario = ParseScenario(it.text, "s.yaml");
    REQUIRE_FALSE(scenario);
    CHECK(scenario.error() == it.want);
  }
}

TEST_CASE("What is no YAML is refused in yaml-cpp's words") {
  const auto scenario = ParseScenario("servers:\n- [", "s.yaml");
  REQUIRE_FALSE(scenario);
  CHECK(scenario.error().starts_with("s.yaml:2:"));
}

TEST_CASE("A file that is not there is an error") {
  const auto scenario = LoadScenario("tests/no-such-file.yaml");
  REQUIRE_FALSE(scenario);
  CHECK(scenario.error() == "tests/no-such-file.yaml: cannot be opened");
}

TEST_CASE("The demo's servers can be played") {
  const auto scenario = LoadScenario("packaging/demo/servers.yaml");
  INFO((scenario ? "" : scenario.error()));
  REQUIRE(scenario);
  CHECK(scenario->servers.size() == 10);
}

TEST_CASE("Steps are read exactly") {
  const Script script = ReadScript(R"([
    {expect: ehlo}, {expect: "*"}, {send: "220 a"}, {send: [a, b], repeat: 3},
    {send_raw: "\0\r\n", repeat: forever}, {send_base64: "/wA="},
    {random: {bytes: 7, seed: 9}}, {delay: 2m}, {split: 1, split_delay: 5ms},
    close, reset, never])");
  REQUIRE(script.size() == 12);
  CHECK(std::get<Expect>(script[0]).word == "EHLO");
  CHECK(std::get<Expect>(script[1]).word == "*");
  CHECK(std::get<Send>(script[2]).bytes == "220 a\r\n");
  CHECK(std::get<Send>(script[2]).times == 1);
  CHECK(std::get<Send>(script[3]).bytes == "a\r\nb\r\n");
  CHECK(std::get<Send>(script[3]).times == 3);
  CHECK(std::get<Send>(script[4]).bytes == std::string("\0\r\n", 3));
  CHECK(std::get<Send>(script[4]).times == kForever);
  CHECK(std::get<Send>(script[5]).bytes == std::string("\xff\0", 2));
  CHECK(std::get<Random>(script[6]).bytes == 7);
  CHECK(std::get<Random>(script[6]).seed == 9);
  CHECK(std::get<Delay>(script[7]).time == std::chrono::minutes(2));
  CHECK(std::get<Split>(script[8]).bytes == 1);
  CHECK(std::get<Split>(script[8]).delay == Milliseconds(5));
  CHECK(std::holds_alternative<Close>(script[9]));
  CHECK(std::holds_alternative<Reset>(script[10]));
  CHECK(std::holds_alternative<Never>(script[11]));
}

TEST_CASE("A server's TLS is read, and each turn may have its own") {
  const Scenario scenario = Read(R"(servers:
  - name: p
    listen: "127.0.0.1:0"
    tls: {identities: [good-rsa, wildcard], versions: TLS1.2,
          client_certificate: requested, only_sni: a, ciphers: AES128-SHA}
    count: 2
    profiles: [{}, {tls: {implicit: true}}]
  - name: s
    listen: "127.0.0.1:0"
    tls: {versions: any}
    script: [starttls, close, drop]
  - name: t
    listen: "127.0.0.1:0"
    tls: {client_certificate: required}
    scripts: [{script: [{starttls: {cut: 70}}]}]
  - {name: c, listen: "127.0.0.1:0", profile: {}})");
  const auto& turns = *scenario.servers[0].behaviours;
  REQUIRE(turns[0].tls);
  REQUIRE(turns[1].tls);
  CHECK_FALSE(turns[0].tls->implicit);
  CHECK(turns[1].tls->implicit);
  CHECK(turns[0].tls->context != turns[1].tls->context);
  CHECK(scenario.servers[1].behaviours == scenario.servers[0].behaviours);
  const auto& script =
      std::get<Script>(scenario.servers[2].behaviours->at(0).play);
  CHECK_FALSE(std::get<StartTls>(script[0]).cut);
  CHECK_FALSE(std::get<Close>(script[1]).abrupt);
  CHECK(std::get<Close>(script[2]).abrupt);
  const auto& cut =
      std::get<Script>(scenario.servers[3].behaviours->at(0).play);
  CHECK(std::get<StartTls>(cut[0]).cut == 70U);
  CHECK_FALSE(scenario.servers[4].behaviours->at(0).tls);
}

TEST_CASE("A profile has sensible defaults and takes every fault") {
  const Profile plain = ReadProfile("{}");
  CHECK(plain.hostname == "a.example");
  CHECK(plain.banner == "a.example ESMTP");
  CHECK(plain.esmtp);
  CHECK(plain.faults.empty());

  const Profile pix = ReadProfile("{pix: true}");
  CHECK(pix.banner == std::string(40, '*'));
  CHECK_FALSE(pix.esmtp);

  const Profile faults = ReadProfile(
      "{drop: [ehlo, HELO], reset: CONNECT, closing: NOOP, soft_reject: RSET,"
      " hard_reject: VRFY, silent: QUIT, greeting_delay: 1s,"
      " delay: {ehlo: 20ms}, replies: {quit: '250 ok'}}");
  CHECK(faults.faults.at("EHLO") == Fault::kDrop);
  CHECK(faults.faults.at("HELO") == Fault::kDrop);
  CHECK(faults.faults.at("CONNECT") == Fault::kReset);
  CHECK(faults.faults.at("NOOP") == Fault::kClosing);
  CHECK(faults.faults.at("RSET") == Fault::kSoftReject);
  CHECK(faults.faults.at("VRFY") == Fault::kHardReject);
  CHECK(faults.faults.at("QUIT") == Fault::kSilent);
  CHECK(faults.delays.at("CONNECT") == Milliseconds(1000));
  CHECK(faults.delays.at("EHLO") == Milliseconds(20));
  CHECK(faults.replies.at("QUIT") == "250 ok\r\n");
}

TEST_CASE("An entry with a count becomes that many servers") {
  const Scenario scenario = Read(R"(servers:
  - {name: p, listen: "127.0.0.1:2525", count: 2, script: [never]}
  - {name: s, listen: "127.0.0.255:0", count: 3, spread: address, script: []}
  - {name: r, listen: "[::1]:0", refused: true})");
  REQUIRE(scenario.servers.size() == 6);
  CHECK(scenario.servers[0].name == "p-1");
  CHECK(scenario.servers[1].name == "p-2");
  CHECK(scenario.servers[1].port == 2526);
  CHECK(scenario.servers[1].behaviours == scenario.servers[0].behaviours);
  CHECK_FALSE(scenario.servers[2].same_port_as_previous);
  CHECK(scenario.servers[3].address == "127.0.1.0");
  CHECK(scenario.servers[3].same_port_as_previous);
  CHECK(scenario.servers[4].index == 2);
  CHECK(scenario.servers[5].name == "r");
  CHECK(scenario.servers[5].ip6);
  CHECK(scenario.servers[5].refused);
}

TEST_CASE("Behaviours take turns") {
  const Scenario scenario = Read(R"(servers:
  - name: p
    listen: "127.0.0.1:0"
    profiles: [{connections: 3, hostname: x}, {}]
  - name: s
    listen: "127.0.0.1:0"
    scripts: [{script: [close]}, {connections: 2, script: [reset]}])");
  const auto& profiles = *scenario.servers[0].behaviours;
  REQUIRE(profiles.size() == 2);
  CHECK(profiles[0].connections == 3);
  CHECK(std::get<Profile>(profiles[0].play).hostname == "x");
  CHECK(std::get<Profile>(profiles[1].play).hostname == "p.example");
  const auto& scripts = *scenario.servers[1].behaviours;
  REQUIRE(scripts.size() == 2);
  CHECK(scripts[0].connections == 1);
  CHECK(scripts[1].connections == 2);
}

}  // namespace
}  // namespace mailsim
