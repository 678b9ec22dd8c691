// Plays the steps of a script, in their order.
#ifndef TESTS_SUPPORT_MAILSIM_SCRIPT_PLAYER_H_
#define TESTS_SUPPORT_MAILSIM_SCRIPT_PLAYER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/mailsim/player.h"

namespace mailsim {

class ScriptPlayer : public Player {
 public:
  // `script` must outlive the player.
  ScriptPlayer(const Script& script, std::uint64_t index);

  Action Next() override;
  void OnLine(std::string_view line) override;
  unsigned unexpected() const override { return unexpected_; }

 private:
  Action Play(const Expect& step);
  Action Play(const Send& step);
  Action Play(const Random& step);
  template <typename T>
  Action Play(const T& step);
  void NextStep();
  std::uint64_t NextRandom();

  const Script& script_;
  const std::uint64_t index_;
  std::size_t step_ = 0;
  std::uint64_t done_ = 0;  // Of this step: times sent, random bytes.
  std::uint64_t random_ = 0;
  bool refuse_ = false;  // The last line was not the expected one.
  unsigned unexpected_ = 0;
};

}  // namespace mailsim

#endif  // TESTS_SUPPORT_MAILSIM_SCRIPT_PLAYER_H_
