// A scripted dialogue: what a server says and does, what the client must say,
// and what a probe must conclude. One text file of tests/dialogs each; the
// format is described in tests/dialogs/README.md.
#ifndef TESTS_SUPPORT_DIALOG_SCRIPT_H_
#define TESTS_SUPPORT_DIALOG_SCRIPT_H_

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "probe/clock.h"
#include "probe/result.h"
#include "probe/target.h"
#include "probe/tls/engine.h"
#include "probe/tls/handshake.h"

namespace tests {

struct DialogStep {
  enum class Kind {
    kServer,    // `text` are bytes from the server, all there at once.
    kClient,    // `text` is the command the client must have sent.
    kEof,       // The server closes.
    kError,     // Connecting or reading fails by `reason`.
    kWait,      // The clock moves by `wait`; deadlines fire on the way.
    kShutdown,  // This program is told to stop.
    kTlsOpen,   // The handshake has ended well, with `handshake`.
    kTlsError,  // It has not, or TLS breaks later: `tls_error`.
    kClose,     // The client must have closed by now. The last step.
  };
  Kind kind = Kind::kClose;
  std::string text;
  probe::Duration wait{};
  probe::Reason reason = probe::Reason::kReset;
  probe::tls::Handshake handshake{};
  probe::tls::Error tls_error{};
  std::size_t line = 0;  // In the file, from 1.
};

struct DialogScript {
  bool connects = true;    // False: the steps begin before the connection.
  probe::TlsSettings tls;  // What the module wants; without a context.
  std::vector<DialogStep> steps;
  std::string conclusion;  // As Conclusion() of dialog_player.h writes it.
};

// The error says line and trouble: "12: unknown step \"FOO\"".
std::expected<DialogScript, std::string> ReadDialogScript(
    std::string_view text);

}  // namespace tests

#endif  // TESTS_SUPPORT_DIALOG_SCRIPT_H_
