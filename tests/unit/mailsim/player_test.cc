#include "tests/support/mailsim/player.h"

#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/mailsim/scenario_reader.h"

namespace mailsim {
namespace {

Behaviour Read(const std::string& keys) {
  const auto scenario = ParseScenario(
      "servers: [{name: mx, listen: '127.0.0.1:0', " + keys + "}]", "s.yaml");
  INFO((scenario ? "" : scenario.error()));
  REQUIRE(scenario);
  return scenario->servers[0].behaviours->at(0);
}

// One action as text, for tables.
std::string Text(const Action& action) {
  return std::visit(
      [](const auto& it) -> std::string {
        using T = std::decay_t<decltype(it)>;
        if constexpr (std::is_same_v<T, SendBytes>) {
          return it.bytes;
        } else if constexpr (std::is_same_v<T, Delay>) {
          return "<" + std::to_string(it.time.count()) + "ms>";
        } else if constexpr (std::is_same_v<T, Split>) {
          return "<split " + std::to_string(it.bytes) + ">";
        } else if constexpr (std::is_same_v<T, AwaitLine>) {
          return "<line>";
        } else if constexpr (std::is_same_v<T, StartTls>) {
          return "<tls>";
        } else if constexpr (std::is_same_v<T, Close>) {
          return it.abrupt ? "<drop>" : "<close>";
        } else if constexpr (std::is_same_v<T, Reset>) {
          return "<reset>";
        } else {
          return "<never>";
        }
      },
      action);
}

// All that the server does when the client says these lines, until it ends or
// waits for one more; at most 20 actions.
std::string Play(const Behaviour& behaviour,
                 const std::vector<std::string>& lines,
                 unsigned* unexpected = nullptr) {
  const auto player = MakePlayer(behaviour, 0);
  std::string played;
  std::size_t next_line = 0;
  for (int i = 0; i < 20; ++i) {
    const Action action = player->Next();
    if (std::holds_alternative<AwaitLine>(action) && next_line < lines.size()) {
      player->OnLine(lines[next_line++]);
      continue;
    }
    played += Text(action);
    if (std::holds_alternative<AwaitLine>(action) ||
        std::holds_alternative<Close>(action) ||
        std::holds_alternative<Reset>(action) ||
        std::holds_alternative<Never>(action)) {
      break;
    }
  }
  if (unexpected != nullptr) *unexpected = player->unexpected();
  return played;
}

TEST_CASE("A profile answers as a mail server, but for its faults") {
  struct Case {
    std::string profile;
    std::vector<std::string> lines;
    std::string want;
  };
  const Case cases[] = {
      {"{}", {}, "220 mx.example ESMTP\r\n<line>"},
      {"{}", {"EHLO me"}, "220 mx.example ESMTP\r\n250 mx.example\r\n<line>"},
      {"{capabilities: [A, B c]}",
       {"ehlo me"},
       "220 mx.example ESMTP\r\n250-mx.example\r\n250-A\r\n250 B c\r\n<line>"},
      {"{banner: b}", {"HELO me"}, "220 b\r\n250 mx.example\r\n<line>"},
      {"{banner: b}", {"QUIT"}, "220 b\r\n221 2.0.0 Bye\r\n<close>"},
      {"{banner: b}",
       {"MAIL FROM:<>", "NOOP", "STARTTLS", "FOO"},
       "220 b\r\n503 5.5.1 Error: send EHLO first\r\n250 2.0.0 Ok\r\n"
       "454 4.7.0 TLS not available\r\n"
       "502 5.5.2 Error: command not recognized\r\n<line>"},
      {"{banner: b}",
       {"HELO me", "RCPT TO:<x>"},
       "220 b\r\n250 mx.example\r\n"
       "502 5.5.1 This simulator takes no mail\r\n<line>"},
      {"{banner: b, esmtp: false}",
       {"EHLO me", "HELO me"},
       "220 b\r\n500 5.5.1 Error: command not implemented\r\n"
       "250 mx.example\r\n<line>"},
      {"{lmtp: true}",
       {"EHLO me", "LHLO me"},
       "220 mx.example LMTP\r\n500 5.5.1 Error: command not implemented\r\n"
       "250 mx.example\r\n<line>"},
      {"{pix: true}",
       {},
       "220 ****************************************\r\n<line>"},
      {"{banner: b, ehlo_code: 554}",
       {"EHLO me"},
       "220 b\r\n554 Error: EHLO refused\r\n<line>"},
      {"{banner: b, ehlo_code: 252, capabilities: [A]}",
       {"EHLO me"},
       "220 b\r\n252-mx.example\r\n252 A\r\n<line>"},
      {"{banner: b, greeting_code: 554}", {}, "554 b\r\n<line>"},
      {"{banner: b, teaser: 220-wait, greeting_delay: 6s}",
       {},
       "220-wait\r\n<6000ms>220 b\r\n<line>"},
      {"{banner: b, split: 1}", {}, "<split 1>220 b\r\n<line>"},
      {"{drop: CONNECT}", {}, "<drop>"},
      {"{reset: CONNECT}", {}, "<reset>"},
      {"{silent: CONNECT}", {}, "<never>"},
      {"{closing: CONNECT}",
       {},
       "421 4.3.0 mx.example Service not available, closing transmission "
       "channel\r\n<close>"},
      {"{closing: CONNECT, replies: {CONNECT: 421 busy}}",
       {},
       "421 busy\r\n<close>"},
      {"{soft_reject: CONNECT}",
       {},
       "450 4.3.0 Error: command failed\r\n<line>"},
      {"{banner: b, hard_reject: EHLO}",
       {"EHLO me"},
       "220 b\r\n550 5.3.0 Error: command failed\r\n<line>"},
      {"{banner: b, drop: EHLO}", {"EHLO me"}, "220 b\r\n<drop>"},
      {"{banner: b, silent: QUIT, delay: {QUIT: 1s}}",
       {"QUIT"},
       "220 b\r\n<1000ms><never>"},
      {"{banner: b, replies: {QUIT: [250-a, 250 b]}}",
       {"QUIT"},
       "220 b\r\n250-a\r\n250 b\r\n<close>"},
      {"{banner: b, drop: QUIT_TLS}",
       {"QUIT"},
       "220 b\r\n221 2.0.0 Bye\r\n<close>"},
  };
  for (const Case& it : cases) {
    CAPTURE(it.profile, it.lines);
    CHECK(Play(Read("profile: " + it.profile), it.lines) == it.want);
  }
}

TEST_CASE("A profile with TLS starts it, and then anew") {
  const std::string ready = "220 2.0.0 Ready to start TLS\r\n<tls>";
  const std::string hello = "250 mx.example\r\n";
  struct Case {
    std::string profile;
    std::vector<std::string> lines;
    std::string want;  // Behind the greeting.
  };
  const Case cases[] = {
      {"", {"STARTTLS"}, ready + "<line>"},
      {"",
       {"EHLO me", "starttls", "RCPT TO:<x>", "STARTTLS", "QUIT"},
       hello + ready +
           "503 5.5.1 Error: send EHLO first\r\n"
           "554 5.5.1 Error: TLS already active\r\n"
           "221 2.0.0 Bye\r\n<close>"},
      {"capabilities: [starttls, SIZE 1]",
       {"EHLO me", "STARTTLS", "EHLO me"},
       "250-mx.example\r\n250-starttls\r\n250 SIZE 1\r\n" + ready +
           "250-mx.example\r\n250 SIZE 1\r\n<line>"},
      {"capabilities: [STARTTLS], capabilities_tls: [AUTH PLAIN]",
       {"STARTTLS", "EHLO me"},
       ready + "250-mx.example\r\n250 AUTH PLAIN\r\n<line>"},
      {"capabilities: [A], capabilities_tls: []",
       {"STARTTLS", "EHLO me"},
       ready + hello + "<line>"},
      {"hard_reject: EHLO_TLS",
       {"EHLO me", "STARTTLS", "EHLO me"},
       hello + ready + "550 5.3.0 Error: command failed\r\n<line>"},
      {"replies: {EHLO: 250 a, EHLO_TLS: 250 b}",
       {"EHLO me", "STARTTLS", "EHLO me"},
       "250 a\r\n" + ready + "250 b\r\n<line>"},
      {"delay: {EHLO: 1s}",
       {"STARTTLS", "EHLO me"},
       ready + "<1000ms>" + hello + "<line>"},
      // What STARTTLS does instead comes before TLS.
      {"drop: STARTTLS", {"STARTTLS"}, "<drop>"},
      {"silent: STARTTLS", {"STARTTLS"}, "<never>"},
      {"soft_reject: STARTTLS",
       {"STARTTLS", "QUIT"},
       "450 4.3.0 Error: command failed\r\n221 2.0.0 Bye\r\n<close>"},
      {"replies: {STARTTLS: 501 no}", {"STARTTLS"}, "501 no\r\n<line>"},
      {"replies: {STARTTLS: 250 ok}", {"STARTTLS"}, "250 ok\r\n<tls><line>"},
  };
  for (const Case& it : cases) {
    CAPTURE(it.profile, it.lines);
    const std::string keys = it.profile.empty() ? "" : ", " + it.profile;
    CHECK(Play(Read("tls: {}, profile: {banner: b" + keys + "}"), it.lines) ==
          "220 b\r\n" + it.want);
  }
}

TEST_CASE("A profile with implicit TLS is inside from the start") {
  const Behaviour behaviour = Read(
      "tls: {implicit: true}, profile: {capabilities: [A, STARTTLS], banner: b,"
      " drop: QUIT_TLS}");
  CHECK(Play(behaviour, {"EHLO me", "STARTTLS", "QUIT"}) ==
        "220 b\r\n250-mx.example\r\n250 A\r\n"
        "554 5.5.1 Error: TLS already active\r\n<drop>");
}

TEST_CASE("A script is played in its order") {
  struct Case {
    std::string script;
    std::vector<std::string> lines;
    std::string want;
    unsigned unexpected;
  };
  const Case cases[] = {
      {"[]", {}, "<close>", 0},
      {"[{send: a}, never]", {}, "a\r\n<never>", 0},
      {"[{expect: EHLO}, {send: b}]", {"ehlo x"}, "b\r\n<close>", 0},
      {"[{expect: EHLO}, {send: b}]", {}, "<line>", 0},
      {"[{expect: EHLO}, {send: b}]",
       {"EHLOX", "QUIT", "EHLO"},
       "500 5.5.1 unexpected\r\n500 5.5.1 unexpected\r\nb\r\n<close>",
       2},
      {"[{expect: '*'}, reset]", {""}, "<reset>", 0},
      {"[{send: a, repeat: 2}, {delay: 5ms}, {split: 2}, {send: b}]",
       {},
       "a\r\na\r\n<5ms><split 2>b\r\n<close>",
       0},
      {"[{send_raw: a, repeat: forever}]", {}, std::string(20, 'a'), 0},
      {"[{send: a}, starttls, {send: b}, drop]",
       {},
       "a\r\n<tls>b\r\n<drop>",
       0},
  };
  for (const Case& it : cases) {
    CAPTURE(it.script, it.lines);
    unsigned unexpected = 0;
    CHECK(Play(Read("tls: {}, script: " + it.script), it.lines, &unexpected) ==
          it.want);
    CHECK(unexpected == it.unexpected);
  }
}

TEST_CASE("A random stream has its length and follows seed and place") {
  const Behaviour behaviour =
      Read("script: [{random: {bytes: 10000, seed: 1}}]");
  const auto stream = [&](std::uint64_t index) {
    const auto player = MakePlayer(behaviour, index);
    std::string bytes;
    while (true) {
      const Action action = player->Next();
      if (!std::holds_alternative<SendBytes>(action)) return bytes;
      bytes += std::get<SendBytes>(action).bytes;
    }
  };
  CHECK(stream(0).size() == 10000);
  CHECK(stream(0) == stream(0));
  CHECK(stream(0) != stream(1));
}

}  // namespace
}  // namespace mailsim
