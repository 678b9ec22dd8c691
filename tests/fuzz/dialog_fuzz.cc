// A hostile server against probe::smtp::Dialog: whatever it says, whenever,
// and however its bytes are cut, the rules of tests/support/dialog_driver.h
// hold, and the result does not depend on the cuts.
//
// The input is what the server says. 0xFF and a byte stand for an event:
//   '.'  all that came so far has arrived: the client may speak
//   '|'  a cut between two reads
//   'W'  and a byte n: n * 100 ms pass
//   'E' 'R' 'S'  the server closes; resets; we are told to stop
//   'O' 'A'  a handshake that has begun ends well; TLS breaks with an alert
//   '0'..'3'  the module's plan for TLS, of probe::TlsMode; the last one counts
// and 0xFF before any other byte is just that byte.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/dialog_driver.h"
#include "tests/support/dialog_player.h"

namespace {

using tests::DialogDriver;

struct Event {
  enum class Kind {
    kBytes,
    kCut,
    kArrived,
    kWait,
    kEof,
    kReset,
    kShutdown,
    kTlsOpen,
    kTlsError,
  };
  Kind kind = Kind::kBytes;
  std::string bytes;
  std::chrono::milliseconds wait{};
};

using Kind = Event::Kind;

struct Input {
  probe::TlsMode mode = probe::TlsMode::kNone;
  std::vector<Event> events;
};

Input ReadInput(std::string_view input) {
  Input read;
  std::vector<Event>& events = read.events;
  const auto add = [&events](Kind kind) -> Event& {
    Event& event = events.emplace_back();
    event.kind = kind;
    return event;
  };
  while (!input.empty()) {
    const char c = input.front();
    input.remove_prefix(1);
    if (c != '\xFF' || input.empty()) {
      if (events.empty() || events.back().kind != Kind::kBytes) {
        add(Kind::kBytes);
      }
      events.back().bytes += c;
      continue;
    }
    const char mark = input.front();
    input.remove_prefix(1);
    if (mark == '.') {
      add(Kind::kArrived);
    } else if (mark == '|') {
      add(Kind::kCut);
    } else if (mark == 'E') {
      add(Kind::kEof);
    } else if (mark == 'R') {
      add(Kind::kReset);
    } else if (mark == 'S') {
      add(Kind::kShutdown);
    } else if (mark == 'O') {
      add(Kind::kTlsOpen);
    } else if (mark == 'A') {
      add(Kind::kTlsError);
    } else if (mark >= '0' && mark <= '3') {
      read.mode = static_cast<probe::TlsMode>(mark - '0');
    } else if (mark == 'W' && !input.empty()) {
      const int steps = static_cast<unsigned char>(input.front());
      input.remove_prefix(1);
      add(Kind::kWait).wait = std::chrono::milliseconds(100 * steps);
    } else {
      add(Kind::kBytes).bytes = mark;
    }
  }
  return read;
}

enum class Cuts { kAsGiven, kNone, kEveryByte };

void Deliver(DialogDriver& driver, std::string& pending, Cuts cuts) {
  if (cuts == Cuts::kEveryByte) {
    for (const char c : pending) driver.Bytes({&c, 1});
  } else if (!pending.empty()) {
    driver.Bytes(pending);
  }
  pending.clear();
}

void Happen(DialogDriver& driver, const Event& event) {
  switch (event.kind) {
    case Kind::kWait:
      driver.Advance(event.wait);
      break;
    case Kind::kEof:
      driver.Eof();
      break;
    case Kind::kReset:
      driver.Error(probe::Reason::kReset, "Connection reset by peer");
      break;
    case Kind::kShutdown:
      driver.Shutdown();
      break;
    case Kind::kTlsOpen:
      // Nothing else ends a handshake well, and only one that has begun.
      if (driver.dialog().state() == probe::smtp::DialogState::kTls &&
          !driver.dialog().WantsTls()) {
        driver.TlsOpen({});
      }
      break;
    case Kind::kTlsError:
      driver.TlsError({.kind = probe::tls::Error::Kind::kAlert,
                       .detail = "internal_error (80)"});
      break;
    case Kind::kBytes:
    case Kind::kCut:
    case Kind::kArrived:
      break;
  }
}

std::string Play(const Input& input, Cuts cuts) {
  probe::Conversation conversation = tests::TestConversation();
  conversation.tls.mode = input.mode;
  DialogDriver driver(conversation);
  driver.Connect();
  std::string pending;  // Bytes of one block, not yet delivered.
  for (const Event& event : input.events) {
    if (event.kind == Kind::kBytes) {
      pending += event.bytes;
      continue;
    }
    if (event.kind == Kind::kCut) {
      if (cuts == Cuts::kAsGiven) Deliver(driver, pending, cuts);
      continue;
    }
    Deliver(driver, pending, cuts);
    // An end or a shutdown may come before the client has had its turn; time
    // does not pass before it, and no handshake ends.
    if (event.kind == Kind::kWait || event.kind == Kind::kTlsOpen ||
        event.kind == Kind::kTlsError) {
      driver.Take();
    }
    Happen(driver, event);
    if (event.kind == Kind::kArrived || event.kind == Kind::kWait) {
      driver.Take();
    }
  }
  Deliver(driver, pending, cuts);
  driver.Take();
  const probe::ProbeResult result = driver.Finish();
  for (const std::string& violation : driver.violations()) {
    std::fprintf(stderr, "%s\n", violation.c_str());
  }
  if (!driver.violations().empty()) std::abort();
  std::string text;
  for (const std::string& command : driver.commands()) text += command + '\n';
  return text + tests::WholeText(result);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes,
                                      std::size_t size) {
  const Input input = ReadInput(std::string(bytes, bytes + size));
  const std::string given = Play(input, Cuts::kAsGiven);
  for (const Cuts cuts : {Cuts::kNone, Cuts::kEveryByte}) {
    const std::string other = Play(input, cuts);
    if (other == given) continue;
    std::fprintf(stderr, "the result depends on the cuts:\n%s\nor\n%s\n",
                 given.c_str(), other.c_str());
    std::abort();
  }
  return 0;
}
