// Answers every command as a mail server would, but for the profile's faults.
#ifndef TESTS_SUPPORT_MAILSIM_PROFILE_PLAYER_H_
#define TESTS_SUPPORT_MAILSIM_PROFILE_PLAYER_H_

#include <deque>
#include <string>
#include <string_view>

#include "tests/support/mailsim/player.h"

namespace mailsim {

class ProfilePlayer : public Player {
 public:
  // `profile` must outlive the player.
  explicit ProfilePlayer(const Profile& profile);

  Action Next() override;
  void OnLine(std::string_view line) override;

 private:
  // Queues delay and fault or reply; false: the profile's fault or own reply
  // stands for the normal one.
  bool Answer(const std::string& command, std::string reply);
  std::string ReplyTo(const std::string& command);
  std::string HelloReply(const std::string& command);

  const Profile& profile_;
  std::deque<Action> queue_;
  bool greeted_ = false;
};

}  // namespace mailsim

#endif  // TESTS_SUPPORT_MAILSIM_PROFILE_PLAYER_H_
