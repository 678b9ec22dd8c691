#include "tests/support/mailsim/player.h"

#include "tests/support/mailsim/profile_player.h"
#include "tests/support/mailsim/script_player.h"

namespace mailsim {

std::unique_ptr<Player> MakePlayer(const Behaviour& behaviour,
                                   std::uint64_t index) {
  if (const Script* const script = std::get_if<Script>(&behaviour.play)) {
    return std::make_unique<ScriptPlayer>(*script, index);
  }
  return std::make_unique<ProfilePlayer>(std::get<Profile>(behaviour.play),
                                         behaviour.tls);
}

std::string CommandOf(std::string_view line) {
  std::string command(line.substr(0, line.find_first_of(" \t")));
  for (char& c : command) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return command;
}

}  // namespace mailsim
