// Answers every command as a mail server would, but for the profile's faults.
#ifndef TESTS_SUPPORT_MAILSIM_PROFILE_PLAYER_H_
#define TESTS_SUPPORT_MAILSIM_PROFILE_PLAYER_H_

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/mailsim/player.h"

namespace mailsim {

class ProfilePlayer : public Player {
 public:
  // `profile` must outlive the player.
  ProfilePlayer(const Profile& profile, const std::optional<Tls>& tls);

  Action Next() override;
  void OnLine(std::string_view line) override;

 private:
  // Queues delay and fault or reply; false: the profile's fault or own reply
  // stands for the normal one.
  bool Answer(const std::string& command, std::string reply);
  void AnswerStartTls();
  std::string ReplyTo(const std::string& command);
  std::string HelloReply(const std::string& command);
  std::vector<std::string> Capabilities() const;
  // Null: nothing is set for the command.
  template <typename T>
  const T* At(const std::map<std::string, T>& settings,
              const std::string& command) const;

  const Profile& profile_;
  const bool has_starttls_;
  std::deque<Action> queue_;
  bool inside_;  // TLS.
  bool greeted_ = false;
};

}  // namespace mailsim

#endif  // TESTS_SUPPORT_MAILSIM_PROFILE_PLAYER_H_
