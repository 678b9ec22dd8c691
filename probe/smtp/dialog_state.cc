#include "probe/smtp/dialog_state.h"

namespace probe::smtp {

Phase PhaseOf(DialogState state) {
  switch (state) {
    case DialogState::kConnecting:
      return Phase::kConnect;
    case DialogState::kGreeting:
      return Phase::kGreeting;
    case DialogState::kEhlo:
    case DialogState::kHelo:
      return Phase::kEhlo;
    case DialogState::kStarttls:
      return Phase::kStarttls;
    case DialogState::kTls:
      return Phase::kTls;
    case DialogState::kEhloTls:
      return Phase::kEhloTls;
    case DialogState::kQuit:
    case DialogState::kDrain:
    case DialogState::kClosed:
      return Phase::kQuit;
  }
  return Phase::kQuit;
}

std::string_view Awaited(DialogState state) {
  switch (state) {
    case DialogState::kConnecting:
      return "the connection";
    case DialogState::kGreeting:
      return "the greeting";
    case DialogState::kEhlo:
      return "the reply to EHLO";
    case DialogState::kHelo:
      return "the reply to HELO";
    case DialogState::kStarttls:
      return "the reply to STARTTLS";
    case DialogState::kTls:
      return "the end of the TLS handshake";
    case DialogState::kEhloTls:
      return "the reply to EHLO inside TLS";
    case DialogState::kQuit:
    case DialogState::kDrain:
    case DialogState::kClosed:
      return "the reply to QUIT";
  }
  return "";
}

}  // namespace probe::smtp
