// Time and ends of a dialogue with TLS. What it makes of a server's words and
// of handshakes is in dialog_cases_test.cc.
#include <array>
#include <chrono>
#include <optional>
#include <string>

#include "probe/smtp/dialog.h"
#include "tests/support/catch.h"
#include "tests/support/dialog_driver.h"

using namespace std::chrono_literals;
using probe::Conversation;
using probe::Duration;
using probe::Phase;
using probe::ProbeResult;
using probe::Reason;
using probe::TlsMode;
using probe::smtp::DialogState;
using probe::tls::Error;
using tests::DialogDriver;

namespace {

// The states that TLS adds, with a healthy server.
constexpr std::array kStates = {DialogState::kStarttls, DialogState::kTls,
                                DialogState::kEhloTls};

Conversation Wanting(TlsMode mode, const probe::Timeouts& timeouts = {}) {
  Conversation conversation = tests::TestConversation();
  conversation.tls.mode = mode;
  conversation.timeouts = timeouts;
  return conversation;
}

probe::tls::Handshake Finished() {
  probe::tls::Handshake handshake;
  handshake.version = probe::tls::Version::kTls13;
  handshake.cipher = "TLS_AES_256_GCM_SHA384";
  return handshake;
}

// Brings a dialogue by STARTTLS into `state`; a command that belongs to it was
// taken, a handshake has begun.
void Reach(DialogDriver& driver, DialogState state) {
  driver.Connect();
  driver.Bytes("220 mx.example.com\r\n");
  driver.Take();
  driver.Bytes("250-mx.example.com\r\n250 STARTTLS\r\n");
  driver.Take();
  if (state == DialogState::kStarttls) return;
  driver.Bytes("220 go\r\n");
  driver.Take();
  if (state == DialogState::kTls) return;
  driver.TlsOpen(Finished());
  driver.Take();
}

Duration AllowedIn(DialogState state, const probe::Timeouts& timeouts) {
  return state == DialogState::kEhloTls ? timeouts.ehlo : timeouts.tls;
}

std::string Violations(const DialogDriver& driver) {
  std::string text;
  for (const std::string& line : driver.violations()) text += line + '\n';
  return text;
}

// A failure in `state`: what was seen before it stands.
void CheckEnd(DialogDriver& driver, DialogState state, Reason reason) {
  CHECK(driver.closed());
  const ProbeResult result = driver.Finish();
  REQUIRE(result.failure);
  CHECK(result.failure->phase == PhaseOf(state));
  CHECK(result.failure->reason == reason);
  CHECK(result.reachable);
  CHECK(result.clear.has_value());
  CHECK_FALSE(result.inside.has_value());
  CHECK(result.handshake.has_value() == (state == DialogState::kEhloTls));
  CHECK(result.starttls_success == (state == DialogState::kEhloTls));
  CHECK_FALSE(result.quit_ok);
  CHECK(Violations(driver) == "");
}

const probe::Timeouts kDistinct = {.total = 100s,
                                   .connect = 3s,
                                   .greeting = 7s,
                                   .ehlo = 5s,
                                   .tls = 4s,
                                   .quit = 2s};

}  // namespace

TEST_CASE("each state of TLS has its own time, to the nanosecond") {
  const Conversation conversation = Wanting(TlsMode::kOpportunistic, kDistinct);
  for (const DialogState state : kStates) {
    INFO(static_cast<int>(state));
    DialogDriver driver(conversation);
    Reach(driver, state);
    CHECK(driver.dialog().state() == state);
    driver.Advance(AllowedIn(state, kDistinct) - 1ns);
    CHECK_FALSE(driver.closed());
    driver.Advance(1ns);
    CheckEnd(driver, state, Reason::kTimeout);
  }
}

TEST_CASE("the total timeout cuts the states of TLS short") {
  const Conversation conversation = Wanting(TlsMode::kRequired, {.total = 900ms,
                                                                 .connect = 3s,
                                                                 .greeting = 7s,
                                                                 .ehlo = 5s,
                                                                 .tls = 4s,
                                                                 .quit = 2s});
  for (const DialogState state : kStates) {
    INFO(static_cast<int>(state));
    DialogDriver driver(conversation);
    driver.Advance(500ms);
    Reach(driver, state);
    driver.Advance(400ms - 1ns);
    CHECK_FALSE(driver.closed());
    driver.Advance(1ns);
    CheckEnd(driver, state, Reason::kTimeout);
  }
}

TEST_CASE("an EOF or an error ends every state of TLS at once") {
  const Conversation conversation = Wanting(TlsMode::kOpportunistic);
  for (const DialogState state : kStates) {
    INFO(static_cast<int>(state));
    DialogDriver eof(conversation);
    Reach(eof, state);
    eof.Eof();
    CheckEnd(eof, state, Reason::kClosed);

    DialogDriver error(conversation);
    Reach(error, state);
    error.Error(Reason::kReset, "what the system said");
    CheckEnd(error, state, Reason::kReset);
  }
}

TEST_CASE("a failed handshake waits for the peer to take its alert, briefly") {
  const Conversation conversation = Wanting(TlsMode::kRequired);
  DialogDriver driver(conversation);
  Reach(driver, DialogState::kTls);
  driver.TlsError({.kind = Error::Kind::kProtocol, .detail = "bad record"});
  CHECK(driver.dialog().state() == DialogState::kDrain);
  CHECK(driver.Take() == "");  // No QUIT: the peer's state is unknown.
  driver.Advance(probe::smtp::kDrainTime);
  CHECK(driver.closed());
  const ProbeResult result = driver.Finish();
  CHECK(result.failure->reason == Reason::kTlsProtocol);
  CHECK(Violations(driver) == "");
}

TEST_CASE("an error of TLS behind the verdict changes nothing") {
  const Conversation conversation = Wanting(TlsMode::kRequired);
  for (const bool answered : {false, true}) {
    DialogDriver driver(conversation);
    Reach(driver, DialogState::kEhloTls);
    driver.Bytes("250 mx.example.com\r\n");
    CHECK(driver.Take() == "QUIT");
    if (answered) driver.Bytes("221 bye\r\n");
    driver.TlsError({.kind = Error::Kind::kAlert, .detail = "x"});
    CHECK(driver.closed());
    const ProbeResult result = driver.Finish();
    CHECK(result.success());
    CHECK(result.quit_ok == answered);
    CHECK(Violations(driver) == "");
  }
}

TEST_CASE("who speaks inside TLS before our EHLO is out of step") {
  const struct {
    const char* bytes;
    Reason reason;
  } kCases[] = {{"220 mx.example.com ESMTP\r\n", Reason::kDesync},
                {"250 ok\r\n", Reason::kDesync},
                {"\r\n", Reason::kProtocolError},
                {"421 4.3.2 busy\r\n", Reason::kServiceClosing}};
  const Conversation conversation = Wanting(TlsMode::kOpportunistic);
  for (const auto& test : kCases) {
    INFO(test.bytes);
    DialogDriver driver(conversation);
    Reach(driver, DialogState::kTls);
    driver.TlsOpen(Finished());
    driver.Bytes(test.bytes);
    CHECK(driver.Take() == "");
    const ProbeResult result = driver.Finish();
    REQUIRE(result.failure);
    CHECK(result.failure->phase == Phase::kEhloTls);
    CHECK(result.failure->reason == test.reason);
    CHECK(result.reachable);  // What was said in clear stands.
    CHECK(result.clear);
    CHECK(result.handshake);
    CHECK(Violations(driver) == "");
  }
}

TEST_CASE("a server that greets in clear on a TLS port is named") {
  const struct {
    const char* bytes;
    Reason reason;
  } kCases[] = {{"220 mx.example.com ESMTP\r\n", Reason::kPlainOnTlsPort},
                {"2", Reason::kPlainOnTlsPort},
                {"554 no\r\n", Reason::kPlainOnTlsPort},
                {"SSH-2.0-x\r\n", Reason::kTlsProtocol}};
  const Conversation conversation = Wanting(TlsMode::kImplicit);
  for (const auto& test : kCases) {
    INFO(test.bytes);
    DialogDriver driver(conversation);
    driver.Connect();
    driver.Bytes(test.bytes);  // Before our ClientHello.
    CHECK(driver.Take() == "");
    CHECK(driver.closed());
    const ProbeResult result = driver.Finish();
    REQUIRE(result.failure);
    CHECK(result.failure->phase == Phase::kTls);
    CHECK(result.failure->reason == test.reason);
    CHECK_FALSE(result.plaintext_after_starttls);
    CHECK_FALSE(result.starttls_success);
    CHECK(Violations(driver) == "");
  }
}

TEST_CASE("a shutdown on the way into TLS leaves with QUIT inside it") {
  const Conversation conversation = Wanting(TlsMode::kOpportunistic);
  for (const DialogState state : kStates) {
    INFO(static_cast<int>(state));
    DialogDriver driver(conversation);
    Reach(driver, state);
    driver.Shutdown();
    CHECK(driver.Take() == "");
    if (state == DialogState::kStarttls) {
      driver.Bytes("220 go\r\n");
      driver.Take();
    }
    if (state != DialogState::kEhloTls) {
      driver.TlsOpen(Finished());
    } else {
      driver.Bytes("250 mx.example.com\r\n");
    }
    CHECK(driver.Take() == "QUIT");
    driver.Bytes("221 bye\r\n");
    const ProbeResult result = driver.Finish();
    REQUIRE(result.failure);
    CHECK(result.failure->reason == Reason::kShutdown);
    CHECK(result.quit_ok);
    CHECK(Violations(driver) == "");
  }
}

TEST_CASE("a shutdown says nothing about TLS that it cut off") {
  const Conversation conversation = Wanting(TlsMode::kOpportunistic);
  for (const DialogState state : {DialogState::kStarttls, DialogState::kTls}) {
    DialogDriver driver(conversation);
    Reach(driver, state);
    driver.Shutdown();
    driver.Eof();
    const ProbeResult result = driver.Finish();
    CHECK(result.failure->reason == Reason::kShutdown);
    CHECK_FALSE(result.starttls_success);
    CHECK(Violations(driver) == "");
  }
}

TEST_CASE("each phase of TLS has the time it took") {
  const Conversation conversation = Wanting(TlsMode::kOpportunistic);
  DialogDriver driver(conversation);
  Reach(driver, DialogState::kStarttls);
  driver.Advance(10ms);
  driver.Bytes("220 go\r\n");
  driver.Take();
  driver.Advance(20ms);
  driver.TlsOpen(Finished());
  driver.Take();
  driver.Advance(30ms);
  driver.Bytes("250 mx.example.com\r\n");
  driver.Take();
  const ProbeResult result = driver.Finish();
  const auto spent = [&result](Phase phase) {
    return result.phase_durations[static_cast<std::size_t>(phase)];
  };
  CHECK(spent(Phase::kStarttls) == Duration(10ms));
  CHECK(spent(Phase::kTls) == Duration(20ms));
  CHECK(spent(Phase::kEhloTls) == Duration(30ms));
  CHECK(Violations(driver) == "");
}

TEST_CASE("with implicit TLS the handshake comes before the greeting") {
  const Conversation conversation = Wanting(TlsMode::kImplicit);
  DialogDriver driver(conversation);
  driver.Connect();
  CHECK(driver.dialog().phase() == Phase::kTls);
  CHECK(driver.Take() == "");  // Begins the handshake.
  driver.Advance(20ms);
  driver.TlsOpen(Finished());
  CHECK(driver.dialog().phase() == Phase::kGreeting);
  driver.Advance(30ms);
  driver.Bytes("220 mx.example.com\r\n");
  CHECK(driver.Take() == "EHLO monitor.example.net");
  driver.Bytes("250-mx.example.com\r\n250 STARTTLS\r\n");
  CHECK(driver.Take() == "QUIT");
  driver.Bytes("221 bye\r\n");
  const ProbeResult result = driver.Finish();
  CHECK(result.success());
  CHECK(result.reachable);
  CHECK_FALSE(result.clear);
  CHECK(result.inside);
  CHECK_FALSE(result.starttls_success);
  CHECK(result.phase_durations[static_cast<std::size_t>(Phase::kTls)] ==
        Duration(20ms));
  CHECK(result.phase_durations[static_cast<std::size_t>(Phase::kGreeting)] ==
        Duration(30ms));
  CHECK(Violations(driver) == "");
}
