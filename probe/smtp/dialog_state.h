// Where a conversation stands.
#ifndef PROBE_SMTP_DIALOG_STATE_H_
#define PROBE_SMTP_DIALOG_STATE_H_

#include <string_view>

#include "probe/result.h"

namespace probe::smtp {

// In the order of the dialogue; see the drawing in dialog.h.
enum class DialogState {
  kConnecting,  // From the start. Waits for the connection.
  kGreeting,    // Connected; nothing was sent. Waits for the last 220 line.
  kEhlo,        // EHLO is being sent or was sent. Waits for the reply.
  kHelo,        // EHLO got 500 or 502: HELO instead (RFC 5321 3.2).
  kStarttls,    // STARTTLS is being sent or was sent. Waits for the reply.
  kTls,         // Waits for StartTls, then for the end of the handshake.
  kEhloTls,     // Inside TLS all is asked again (RFC 3207 4.2).
  kQuit,        // The verdict stands. QUIT was sent, 221 is awaited.
  kDrain,       // All was said. Waits briefly for the peer to close.
  kClosed,      // Over: the result may be taken, the connection closed.
};

Phase PhaseOf(DialogState state);
// What the server owes us in a state, for messages: "the greeting".
std::string_view Awaited(DialogState state);

}  // namespace probe::smtp

#endif  // PROBE_SMTP_DIALOG_STATE_H_
