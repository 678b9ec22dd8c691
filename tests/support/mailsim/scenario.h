// What the simulator plays: every server of a scenario file, expanded and
// checked. Values only; reading is in scenario_reader.h, playing in player.h.
#ifndef TESTS_SUPPORT_MAILSIM_SCENARIO_H_
#define TESTS_SUPPORT_MAILSIM_SCENARIO_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tests/support/tls_peer.h"

namespace mailsim {

using Milliseconds = std::chrono::milliseconds;

inline constexpr std::uint64_t kForever =
    std::numeric_limits<std::uint64_t>::max();

// The steps of a script.
struct Expect {
  std::string word;  // Upper case; "*" is any line.
};
struct Send {
  std::string bytes;        // Exactly as they go out; never empty.
  std::uint64_t times = 1;  // At least 1, or kForever.
};
struct Random {
  std::uint64_t bytes = 0;  // Or kForever.
  std::uint64_t seed = 0;
};
struct Delay {
  Milliseconds time{};
};
// From here on each send goes out in segments of this size.
struct Split {
  std::size_t bytes = 0;  // 0: in one piece.
  Milliseconds delay{};   // Between two segments.
};
// From here on the connection is TLS, or breaks in its handshake.
struct StartTls {
  // After so many bytes of the server's handshake no more of it is sent, and
  // all that follows is in clear and deaf.
  std::optional<std::uint64_t> cut;
};
struct Close {
  bool abrupt = false;  // Inside TLS: without close_notify.
};
struct Reset {};
struct Never {};  // Reads and ignores until the client closes.

using Step = std::variant<Expect, Send, Random, Delay, Split, StartTls, Close,
                          Reset, Never>;
using Script = std::vector<Step>;  // After the last step: Close.

// What a profile does instead of its normal answer to a command.
enum class Fault {
  kDrop,        // Closes without a word.
  kReset,       // The same by RST.
  kClosing,     // 421, then closes.
  kSoftReject,  // 450, and goes on.
  kHardReject,  // 550, and goes on.
  kSilent,      // Never answers again.
};

// A server that answers every command by itself. The keys of the maps are
// commands in upper case, and "CONNECT" for the greeting; with "_TLS" behind
// them, only inside TLS.
struct Profile {
  std::string hostname;
  std::string banner;  // The greeting's text behind the code.
  unsigned greeting_code = 220;
  std::string teaser;  // A line sent at once, before the greeting; "": none.
  std::vector<std::string> capabilities;
  // Inside TLS. Not set: the same without STARTTLS.
  std::optional<std::vector<std::string>> capabilities_tls;
  unsigned ehlo_code = 250;
  bool esmtp = true;  // false: EHLO is unknown, HELO is not.
  bool lmtp = false;  // true: only LHLO is known.
  Split split;
  std::map<std::string, Fault> faults;
  std::map<std::string, Milliseconds> delays;
  std::map<std::string, std::string> replies;  // Bytes instead of the reply.
};

struct Tls {
  std::shared_ptr<const tests::TlsPeerContext> context;  // Never null.
  bool implicit = false;  // From the first byte; else by STARTTLS.
};

struct Behaviour {
  // This many connections get it, then the next behaviour of the server has
  // its turn. The last one of a server stays, whatever stands here.
  std::uint64_t connections = 1;
  std::variant<Script, Profile> play;
  std::optional<Tls> tls;
};

// One listening address.
struct Server {
  std::string name;
  std::string address;  // An IP address, without brackets.
  bool ip6 = false;
  std::uint16_t port = 0;  // 0: the system chooses.
  // With port 0: the port that the server before this one was given.
  bool same_port_as_previous = false;
  // The port is taken and nobody listens: clients are refused.
  bool refused = false;
  // Which one of its entry's `count` this is, from 0; seeds random streams.
  std::uint64_t index = 0;
  // Shared by all servers of an entry; never null, empty when refused.
  std::shared_ptr<const std::vector<Behaviour>> behaviours;
};

struct Scenario {
  std::vector<Server> servers;  // In the order of the file.
};

}  // namespace mailsim

#endif  // TESTS_SUPPORT_MAILSIM_SCENARIO_H_
