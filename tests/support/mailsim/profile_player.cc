#include "tests/support/mailsim/profile_player.h"

#include <utility>
#include <vector>

namespace mailsim {
namespace {

bool TakesArguments(const std::string& command) {
  return command == "MAIL" || command == "RCPT" || command == "DATA" ||
         command == "BDAT" || command == "AUTH" || command == "VRFY" ||
         command == "EXPN" || command == "ETRN";
}

}  // namespace

ProfilePlayer::ProfilePlayer(const Profile& profile,
                             const std::optional<Tls>& tls)
    : profile_(profile),
      has_starttls_(tls && !tls->implicit),
      inside_(tls && tls->implicit) {
  if (profile_.split.bytes > 0) queue_.push_back(profile_.split);
  if (!profile_.teaser.empty()) {
    queue_.push_back(SendBytes{profile_.teaser + "\r\n"});
  }
  Answer("CONNECT", std::to_string(profile_.greeting_code) + " " +
                        profile_.banner + "\r\n");
}

Action ProfilePlayer::Next() {
  if (queue_.empty()) return AwaitLine{};
  Action action = std::move(queue_.front());
  queue_.pop_front();
  return action;
}

void ProfilePlayer::OnLine(std::string_view line) {
  const std::string command = CommandOf(line);
  if (command == "STARTTLS" && has_starttls_ && !inside_) {
    return AnswerStartTls();
  }
  const bool goes_on = Answer(command, ReplyTo(command));
  if (goes_on && command == "QUIT") queue_.push_back(Close{});
}

bool ProfilePlayer::Answer(const std::string& command, std::string reply) {
  if (const Milliseconds* const delay = At(profile_.delays, command)) {
    queue_.push_back(Delay{*delay});
  }
  const Fault* const fault = At(profile_.faults, command);
  const std::string* const own = At(profile_.replies, command);
  const auto say = [&](std::string text) {
    if (own != nullptr) text = *own;
    queue_.push_back(SendBytes{std::move(text)});
  };
  if (fault == nullptr) {
    say(std::move(reply));
    return true;
  }
  switch (*fault) {
    case Fault::kDrop:
      queue_.push_back(Close{.abrupt = true});
      break;
    case Fault::kReset:
      queue_.push_back(Reset{});
      break;
    case Fault::kClosing:
      say("421 4.3.0 " + profile_.hostname +
          " Service not available, closing transmission channel\r\n");
      queue_.push_back(Close{});
      break;
    case Fault::kSoftReject:
      say("450 4.3.0 Error: command failed\r\n");
      break;
    case Fault::kHardReject:
      say("550 5.3.0 Error: command failed\r\n");
      break;
    case Fault::kSilent:
      queue_.push_back(Never{});
      break;
  }
  return false;
}

void ProfilePlayer::AnswerStartTls() {
  if (!Answer("STARTTLS", "220 2.0.0 Ready to start TLS\r\n")) return;
  const std::string* const own = At(profile_.replies, "STARTTLS");
  if (own != nullptr && !own->starts_with('2')) return;
  queue_.push_back(StartTls{});
  inside_ = true;
  greeted_ = false;  // All is forgotten (RFC 3207 section 4.2).
}

std::string ProfilePlayer::ReplyTo(const std::string& command) {
  if (command == "EHLO" || command == "HELO" || command == "LHLO") {
    return HelloReply(command);
  }
  if (command == "QUIT") return "221 2.0.0 Bye\r\n";
  if (command == "NOOP" || command == "RSET") return "250 2.0.0 Ok\r\n";
  if (command == "STARTTLS") {
    return inside_ ? "554 5.5.1 Error: TLS already active\r\n"
                   : "454 4.7.0 TLS not available\r\n";
  }
  if (TakesArguments(command)) {
    return greeted_ ? "502 5.5.1 This simulator takes no mail\r\n"
                    : "503 5.5.1 Error: send EHLO first\r\n";
  }
  return "502 5.5.2 Error: command not recognized\r\n";
}

std::string ProfilePlayer::HelloReply(const std::string& command) {
  const bool known = profile_.lmtp ? command == "LHLO"
                                   : command == "HELO" ||
                                         (command == "EHLO" && profile_.esmtp);
  if (!known) return "500 5.5.1 Error: command not implemented\r\n";
  if (command == "HELO") {
    greeted_ = true;
    return "250 " + profile_.hostname + "\r\n";
  }
  const std::string code = std::to_string(profile_.ehlo_code);
  if (profile_.ehlo_code / 100 != 2) return code + " Error: EHLO refused\r\n";
  greeted_ = true;
  std::vector<std::string> lines = {profile_.hostname};
  const std::vector<std::string> capabilities = Capabilities();
  lines.insert(lines.end(), capabilities.begin(), capabilities.end());
  std::string reply;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    reply += code + (i + 1 < lines.size() ? "-" : " ") + lines[i] + "\r\n";
  }
  return reply;
}

std::vector<std::string> ProfilePlayer::Capabilities() const {
  std::vector<std::string> capabilities = profile_.capabilities;
  if (!inside_) return capabilities;
  if (profile_.capabilities_tls) return *profile_.capabilities_tls;
  std::erase_if(capabilities, [](const std::string& line) {
    return CommandOf(line) == "STARTTLS";
  });
  return capabilities;
}

template <typename T>
const T* ProfilePlayer::At(const std::map<std::string, T>& settings,
                           const std::string& command) const {
  auto found = settings.end();
  if (inside_) found = settings.find(command + "_TLS");
  if (found == settings.end()) found = settings.find(command);
  return found == settings.end() ? nullptr : &found->second;
}

}  // namespace mailsim
