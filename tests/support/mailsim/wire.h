// What stands between a connection's socket and its conversation: nothing, or
// TLS. Without I/O.
#ifndef TESTS_SUPPORT_MAILSIM_WIRE_H_
#define TESTS_SUPPORT_MAILSIM_WIRE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/mailsim/journal.h"
#include "tests/support/tls_peer.h"

namespace mailsim {

class Wire {
 public:
  enum class State {
    kClear,
    kHandshaking,
    kOpen,    // Inside TLS.
    kCut,     // The handshake was cut off: speaks in clear, hears nothing.
    kFailed,  // TLS is over; an alert may wait in TakeOutput().
  };

  State state() const { return state_; }
  // The client said close_notify.
  bool closed() const { return peer_ && peer_->closed(); }

  // Only in kClear. `cut` as in StartTls; `context` must outlive the wire.
  void StartTls(const tests::TlsPeerContext& context,
                std::optional<std::uint64_t> cut);
  // Bytes from the socket become what the client says.
  std::string Read(std::string_view bytes);
  // Not in kHandshaking; without effect in kFailed.
  void Write(std::string_view bytes);
  // Says close_notify; only in kOpen.
  void Close();
  // For the socket.
  std::string TakeOutput();

  void Describe(Record& record) const;

 private:
  void TakeHandshake();

  State state_ = State::kClear;
  std::unique_ptr<tests::TlsPeer> peer_;
  std::optional<std::uint64_t> cut_;  // So many bytes are still sent.
  std::string output_;
};

}  // namespace mailsim

#endif  // TESTS_SUPPORT_MAILSIM_WIRE_H_
