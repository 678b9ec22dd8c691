// One conversation's side of the server, without a socket or a clock: it is
// asked what to do next and is given the lines that the client sent.
#ifndef TESTS_SUPPORT_MAILSIM_PLAYER_H_
#define TESTS_SUPPORT_MAILSIM_PLAYER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "tests/support/mailsim/scenario.h"

namespace mailsim {

struct SendBytes {
  std::string bytes;  // Never empty.
};
// It is the client's turn: the next line goes to OnLine.
struct AwaitLine {};

using Action = std::variant<SendBytes, AwaitLine, Delay, Split, StartTls, Close,
                            Reset, Never>;

class Player {
 public:
  virtual ~Player() = default;

  // What to do when all before is done. Never called again after Close, Reset
  // or Never; after AwaitLine only once OnLine was.
  virtual Action Next() = 0;
  // `line` is without its end.
  virtual void OnLine(std::string_view line) = 0;
  // Lines that the script did not expect.
  virtual unsigned unexpected() const { return 0; }
};

// `behaviour` must outlive the player. `index` tells servers of one entry
// apart, so that their random streams differ.
std::unique_ptr<Player> MakePlayer(const Behaviour& behaviour,
                                   std::uint64_t index);

// The first word in upper case: what a line asks for.
std::string CommandOf(std::string_view line);

}  // namespace mailsim

#endif  // TESTS_SUPPORT_MAILSIM_PLAYER_H_
