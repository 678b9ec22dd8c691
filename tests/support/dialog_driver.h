// Drives one probe::smtp::Dialog with a fake clock and checks at every step
// what must hold whatever a server says: for scripted plays and fuzzers.
#ifndef TESTS_SUPPORT_DIALOG_DRIVER_H_
#define TESTS_SUPPORT_DIALOG_DRIVER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "probe/clock.h"
#include "probe/result.h"
#include "probe/smtp/dialog.h"
#include "probe/target.h"
#include "probe/tls/engine.h"
#include "probe/tls/handshake.h"

namespace tests {

// Default timeouts, EHLO name "monitor.example.net".
const probe::Conversation& TestConversation();

class DialogDriver {
 public:
  // `conversation` must outlive the driver.
  explicit DialogDriver(
      const probe::Conversation& conversation = TestConversation());

  void Connect();
  void Bytes(std::string_view bytes);
  void Eof();
  void Error(probe::Reason reason, std::string_view detail);
  void Shutdown();
  void TlsOpen(const probe::tls::Handshake& handshake);
  void TlsError(const probe::tls::Error& error);
  // Moves the clock; every deadline on the way fires at its own time.
  void Advance(probe::Duration duration);
  // What the client says now, without CRLF; "" for nothing. Begins TLS where
  // it is due.
  std::string Take();

  const probe::smtp::Dialog& dialog() const { return dialog_; }
  bool closed() const { return dialog_.closed(); }
  probe::Duration elapsed() const { return now_ - kStart; }
  const std::vector<std::string>& commands() const { return commands_; }
  // Rules broken so far, in words; none if all is well.
  const std::vector<std::string>& violations() const { return violations_; }

  // Once. Lets time pass until the dialog is closed, pokes it to see that it
  // stays closed, and checks the limits of the result.
  probe::ProbeResult Finish();

 private:
  // Any time but zero, so that a forgotten start shows.
  static constexpr probe::Time kStart{std::chrono::hours(1000)};

  void Check(bool good, std::string_view rule);
  void CheckState();
  void CheckCommand(std::string_view command);
  void CheckResult(const probe::ProbeResult& result);
  // Follows the reply lines on its own, independently of ReplyReader.
  void FollowReplies(std::string_view bytes);

  const probe::Conversation& conversation_;
  probe::Time now_ = kStart;
  probe::smtp::Dialog dialog_;
  std::vector<std::string> commands_;
  std::vector<std::string> violations_;
  std::string line_;               // The unfinished line.
  std::size_t replies_ = 0;        // Last lines of replies seen.
  bool reply_just_ended_ = false;  // And nothing behind it.
  bool inside_tls_ = false;
};

}  // namespace tests

#endif  // TESTS_SUPPORT_DIALOG_DRIVER_H_
