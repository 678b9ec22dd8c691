// Time and ends of a dialogue without TLS; with it: dialog_tls_test.cc. What it
// makes of a server's words is in dialog_cases_test.cc.
#include "probe/smtp/dialog.h"

#include <array>
#include <chrono>
#include <optional>
#include <string>

#include "tests/support/catch.h"
#include "tests/support/dialog_driver.h"

using namespace std::chrono_literals;
using probe::Conversation;
using probe::Duration;
using probe::Phase;
using probe::ProbeResult;
using probe::Reason;
using probe::smtp::Dialog;
using tests::DialogDriver;

namespace {

using State = Dialog::State;

std::string Violations(const DialogDriver& driver) {
  std::string text;
  for (const std::string& line : driver.violations()) text += line + '\n';
  return text;
}

// The states in their order, as a dialogue with a healthy server that knows
// no EHLO passes through them.
constexpr std::array kStates = {State::kConnecting, State::kGreeting,
                                State::kEhlo,       State::kHelo,
                                State::kQuit,       State::kDrain};

// Brings a dialogue into `state`; a command that belongs to it was taken.
void Reach(DialogDriver& driver, State state) {
  if (state == State::kConnecting) return;
  driver.Connect();
  if (state == State::kGreeting) return;
  driver.Bytes("220 mx.example.com\r\n");
  driver.Take();
  if (state == State::kEhlo) return;
  driver.Bytes("500 what\r\n");
  driver.Take();
  if (state == State::kHelo) return;
  driver.Bytes("250 mx.example.com\r\n");
  driver.Take();
  if (state == State::kQuit) return;
  driver.Bytes("221 bye\r\n");
}

bool VerdictStands(State state) {
  return state == State::kQuit || state == State::kDrain;
}

Phase PhaseIn(State state) {
  if (state == State::kConnecting) return Phase::kConnect;
  if (state == State::kGreeting) return Phase::kGreeting;
  return VerdictStands(state) ? Phase::kQuit : Phase::kEhlo;
}

Conversation WithTimeouts(const probe::Timeouts& timeouts) {
  return {.ehlo_name = "monitor.example.net",
          .source_address = {},
          .timeouts = timeouts,
          .tls = {}};
}

// Distinct, so that each phase shows whose time it was given.
const probe::Timeouts kDistinct = {
    .total = 100s, .connect = 3s, .greeting = 7s, .ehlo = 5s, .quit = 2s};

Duration AllowedIn(State state, const probe::Timeouts& timeouts) {
  switch (state) {
    case State::kConnecting:
      return timeouts.connect;
    case State::kGreeting:
      return timeouts.greeting;
    case State::kEhlo:
    case State::kHelo:
    case State::kEhloTls:
      return timeouts.ehlo;
    case State::kStarttls:
    case State::kTls:
      return timeouts.tls;
    case State::kQuit:
      return timeouts.quit;
    case State::kDrain:
      return probe::smtp::kDrainTime;
    case State::kClosed:
      break;
  }
  return {};
}

std::optional<Duration> Spent(const ProbeResult& result, Phase phase) {
  return result.phase_durations[static_cast<std::size_t>(phase)];
}

// How an end looks in each state: a failure before the verdict, none after.
void CheckEnd(DialogDriver& driver, State state, Reason reason) {
  CHECK(driver.closed());
  const ProbeResult result = driver.Finish();
  if (VerdictStands(state)) {
    CHECK(result.success());
    CHECK(result.reachable);
    CHECK(result.quit_ok == (state == State::kDrain));
  } else {
    REQUIRE_FALSE(result.success());
    CHECK(result.failure->phase == PhaseIn(state));
    CHECK(result.failure->reason == reason);
    CHECK_FALSE(result.reachable);
    CHECK_FALSE(result.quit_ok);
  }
  CHECK(Violations(driver) == "");
}

}  // namespace

TEST_CASE("every state is reached and named by its phase") {
  for (const State state : kStates) {
    DialogDriver driver;
    Reach(driver, state);
    CHECK(driver.dialog().state() == state);
    CHECK(driver.dialog().phase() == PhaseIn(state));
    driver.Finish();
    CHECK(Violations(driver) == "");
  }
}

TEST_CASE("each state has its own time, to the nanosecond") {
  const Conversation conversation = WithTimeouts(kDistinct);
  for (const State state : kStates) {
    INFO(static_cast<int>(state));
    DialogDriver driver(conversation);
    Reach(driver, state);
    const Duration allowed = AllowedIn(state, kDistinct);
    driver.Advance(allowed - 1ns);
    CHECK_FALSE(driver.closed());
    driver.Advance(1ns);
    CheckEnd(driver, state, Reason::kTimeout);
  }
}

TEST_CASE("bytes that trickle in do not move a deadline") {
  const Conversation conversation = WithTimeouts(kDistinct);
  for (const State state :
       {State::kGreeting, State::kEhlo, State::kHelo, State::kQuit}) {
    INFO(static_cast<int>(state));
    DialogDriver driver(conversation);
    Reach(driver, state);
    const Duration allowed = AllowedIn(state, kDistinct);
    for (Duration waited{}; waited < allowed; waited += 500ms) {
      CHECK_FALSE(driver.closed());
      driver.Bytes(waited == Duration::zero() ? "250-" : "x\r\n250-");
      driver.Advance(500ms);
    }
    CheckEnd(driver, state, Reason::kTimeout);
  }
}

TEST_CASE("the total timeout cuts every state short") {
  for (const State state : kStates) {
    // 400 ms are left for the state: less than any of them may take.
    const Conversation conversation = WithTimeouts({.total = 900ms,
                                                    .connect = 3s,
                                                    .greeting = 7s,
                                                    .ehlo = 5s,
                                                    .quit = 2s});
    INFO(static_cast<int>(state));
    DialogDriver driver(conversation);
    if (state != State::kConnecting) {
      driver.Connect();
      driver.Advance(500ms);
    }
    Reach(driver, state);
    const Duration left = 900ms - driver.elapsed();
    driver.Advance(left - 1ns);
    CHECK_FALSE(driver.closed());
    driver.Advance(1ns);
    CHECK(driver.elapsed() == 900ms);
    CheckEnd(driver, state, Reason::kTimeout);
  }
}

TEST_CASE("an EOF or an error ends every state at once") {
  for (const State state : kStates) {
    INFO(static_cast<int>(state));
    DialogDriver eof;
    Reach(eof, state);
    eof.Eof();
    CheckEnd(eof, state, Reason::kClosed);

    for (const Reason reason :
         {Reason::kRefused, Reason::kUnreachable, Reason::kTimeout,
          Reason::kReset, Reason::kInternal}) {
      DialogDriver error;
      Reach(error, state);
      error.Error(reason, "what the system said\r\n");
      CheckEnd(error, state, reason);
    }
  }
}

TEST_CASE("an error's detail is what the system said, and when") {
  const struct {
    State state;
    std::string before;  // Bytes that were read first.
    std::string detail;
  } kCases[] = {
      {State::kConnecting, "", "reset\\x0a"},
      {State::kGreeting, "", "reset\\x0a before the greeting"},
      {State::kGreeting, "22", "reset\\x0a in the middle of the greeting"},
      {State::kEhlo, "", "reset\\x0a before the reply to EHLO"},
      {State::kEhlo, "250-a\r\n",
       "reset\\x0a in the middle of the reply to EHLO"},
      {State::kHelo, "", "reset\\x0a before the reply to HELO"},
  };
  for (const auto& test : kCases) {
    DialogDriver driver;
    Reach(driver, test.state);
    driver.Bytes(test.before);
    driver.Error(Reason::kReset, "reset\n");
    const ProbeResult result = driver.Finish();
    REQUIRE(result.failure.has_value());
    CHECK(result.failure->detail == test.detail);
  }
}

TEST_CASE("a shutdown says QUIT where it may and never waits longer") {
  for (const State state : kStates) {
    INFO(static_cast<int>(state));
    DialogDriver driver;
    Reach(driver, state);
    const probe::Time deadline = driver.dialog().deadline();
    driver.Shutdown();
    driver.Shutdown();
    if (state == State::kConnecting) {
      CHECK(driver.closed());
    } else {
      CHECK(driver.dialog().state() == state);
      CHECK(driver.dialog().deadline() == deadline);
      CHECK(driver.Take() == "");
    }
    if (state == State::kGreeting) {
      driver.Bytes("220 mx.example.com\r\n");
      CHECK(driver.Take() == "QUIT");
    } else if (state == State::kEhlo || state == State::kHelo) {
      driver.Bytes("250 mx.example.com\r\n");
      CHECK(driver.Take() == "QUIT");
    }
    if (state != State::kDrain) driver.Bytes("221 bye\r\n");
    const ProbeResult result = driver.Finish();
    CHECK(result.success() == VerdictStands(state));
    if (!VerdictStands(state)) {
      CHECK(result.failure->phase == PhaseIn(state));
      CHECK(result.failure->reason == Reason::kShutdown);
    }
    CHECK(result.quit_ok == (state != State::kConnecting));
    CHECK(Violations(driver) == "");
  }
}

TEST_CASE("a shutdown replaces a command that was not sent yet") {
  DialogDriver driver;
  driver.Connect();
  driver.Bytes("220 mx.example.com\r\n");
  CHECK(driver.dialog().HasOutput());  // EHLO.
  driver.Shutdown();
  CHECK(driver.Take() == "QUIT");
  driver.Bytes("221 bye\r\n");
  driver.Eof();
  const ProbeResult result = driver.Finish();
  REQUIRE(result.failure.has_value());
  CHECK(result.failure->reason == Reason::kShutdown);
  CHECK(result.banner.has_value());
  CHECK(Violations(driver) == "");
}

TEST_CASE("a shutdown does not hide what went wrong before it") {
  DialogDriver driver;
  driver.Connect();
  driver.Bytes("554 no\r\n");
  driver.Shutdown();
  CHECK(driver.Take() == "QUIT");
  driver.Bytes("221 bye\r\n");
  const ProbeResult result = driver.Finish();
  REQUIRE(result.failure.has_value());
  CHECK(result.failure->reason == Reason::kRejectedPermanent);
  CHECK(Violations(driver) == "");
}

TEST_CASE("each phase has the time it took") {
  DialogDriver driver;
  driver.Advance(10ms);
  driver.Connect();
  driver.Advance(6s);
  driver.Bytes("220-mx.example.com\r\n");
  driver.Advance(1s);
  driver.Bytes("220 mx.example.com\r\n");
  driver.Take();
  driver.Advance(20ms);
  driver.Bytes("500 what\r\n");
  driver.Take();
  driver.Advance(30ms);
  driver.Bytes("250 mx.example.com\r\n");
  driver.Take();
  driver.Advance(40ms);
  driver.Bytes("221 bye\r\n");
  // Waiting for the peer to close is no part of the verdict.
  driver.Advance(100ms);
  driver.Eof();
  const ProbeResult result = driver.Finish();
  CHECK(Spent(result, Phase::kResolve) == Duration(7ms));
  CHECK(Spent(result, Phase::kConnect) == Duration(10ms));
  CHECK(Spent(result, Phase::kGreeting) == Duration(7s));
  CHECK(Spent(result, Phase::kEhlo) == Duration(50ms));
  CHECK(Spent(result, Phase::kQuit) == Duration(40ms));
  CHECK(Spent(result, Phase::kTls) == std::nullopt);
  CHECK(result.duration == Duration(7s + 100ms));
  CHECK(result.transcript.size() == 8);
  CHECK(result.transcript.front().at == Duration(7s + 10ms));
  CHECK(result.transcript.back().at == Duration(7s + 100ms));
  CHECK(Violations(driver) == "");
}

TEST_CASE("a phase that failed has its time, later ones have none") {
  const std::array kPhases = {Phase::kConnect, Phase::kGreeting, Phase::kEhlo,
                              Phase::kQuit};
  const std::array kEnds = {State::kConnecting, State::kGreeting, State::kEhlo};
  for (std::size_t i = 0; i < kEnds.size(); ++i) {
    DialogDriver driver;
    Reach(driver, kEnds[i]);
    driver.Advance(1s);
    driver.Error(Reason::kReset, "reset");
    const ProbeResult result = driver.Finish();
    for (std::size_t j = 0; j < kPhases.size(); ++j) {
      CHECK(Spent(result, kPhases[j]).has_value() == (j <= i));
    }
    CHECK(Spent(result, kPhases[i]) == Duration(1s));
    CHECK(result.duration == Duration(1s));
  }
}

TEST_CASE("what happens before its time changes nothing") {
  DialogDriver driver;
  driver.Bytes("220 early\r\n");
  CHECK(driver.Take() == "");
  CHECK(driver.dialog().state() == State::kConnecting);
  driver.Connect();
  driver.Connect();
  CHECK(driver.Take() == "");
  driver.Bytes("220 mx.example.com\r\n");
  driver.Connect();
  CHECK(driver.dialog().state() == State::kEhlo);
  CHECK(driver.Take() == "EHLO monitor.example.net");
  CHECK(driver.Take() == "");
  driver.Eof();
  const ProbeResult result = driver.Finish();
  REQUIRE(result.banner.has_value());
  CHECK(result.banner->hostname == "mx.example.com");
  CHECK(Violations(driver) == "");
}

TEST_CASE("unasked bytes are held back only as long as a 421 could be") {
  using probe::smtp::kMaxUnasked;
  DialogDriver held;
  held.Connect();
  held.Bytes("220 mx.example.com\r\n");
  held.Bytes("421" + std::string(kMaxUnasked - 3, 'x'));
  CHECK_FALSE(held.closed());
  CHECK(held.dialog().state() == State::kEhlo);
  held.Bytes("x");
  CHECK(held.dialog().state() == State::kDrain);
  ProbeResult result = held.Finish();
  REQUIRE(result.failure.has_value());
  CHECK(result.failure->reason == Reason::kServiceClosing);

  DialogDriver other;
  other.Connect();
  other.Bytes("220 mx.example.com\r\n" + std::string(kMaxUnasked + 1, 'x'));
  CHECK(other.closed());
  result = other.Finish();
  REQUIRE(result.failure.has_value());
  CHECK(result.failure->reason == Reason::kDesync);
}

TEST_CASE("a drain ignores everything but the end") {
  DialogDriver driver;
  Reach(driver, State::kDrain);
  for (int i = 0; i < 1000; ++i) driver.Bytes(std::string(1000, 'x') + "\r\n");
  CHECK(driver.Take() == "");
  driver.Shutdown();
  CHECK(driver.dialog().state() == State::kDrain);
  driver.Advance(probe::smtp::kDrainTime - 1ns);
  CHECK_FALSE(driver.closed());
  driver.Advance(1ns);
  CHECK(driver.closed());
  const ProbeResult result = driver.Finish();
  CHECK(result.success());
  CHECK(result.duration == Duration::zero());
  CHECK(Violations(driver) == "");
}
