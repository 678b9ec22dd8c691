// One conversation with one endpoint: a TcpStream, a Dialog and a deadline on
// one loop, and between the two a tls::Engine once TLS begins. A pump: it
// carries bytes, time and errors to the dialog and the dialog's output back,
// and decides nothing.
#ifndef PROBE_SESSION_H_
#define PROBE_SESSION_H_

#include <uv.h>

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "probe/clock.h"
#include "probe/endpoint.h"
#include "probe/net/tcp_stream.h"
#include "probe/net/timer.h"
#include "probe/result.h"
#include "probe/smtp/dialog.h"
#include "probe/tls/engine.h"

namespace probe {

class Session final : private net::TcpStream::Events {
 public:
  // Gets the one result of this conversation, `interval` not filled in; never
  // inside a call to the session. It may destroy the session.
  using Done = std::function<void(ProbeResult)>;

  // Starts at once. `loop` must outlive the session; `endpoint` has an address.
  // To destroy a session that is not done drops the connection, without result.
  Session(uv_loop_t* loop, std::shared_ptr<const Endpoint> endpoint, Done done);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Ends the conversation with QUIT at the next turn. `Done` still comes.
  void Shutdown();
  // The server has not greeted us yet: there is nobody to say QUIT to.
  bool ungreeted() const {
    return dialog_.state() == smtp::DialogState::kConnecting ||
           dialog_.state() == smtp::DialogState::kGreeting;
  }

 private:
  void OnConnected() override;
  void OnBytes(std::string_view bytes) override;
  void OnEof() override;
  void OnError(int uv_error) override;

  void StartTls();
  // Carries on what the engine made of the bytes it was fed.
  void PumpTls();
  // After every event: sends what is to be sent, moves the timer, finishes.
  // The last statement of each caller: `this` may be gone afterwards.
  void Advance();

  const std::shared_ptr<const Endpoint> endpoint_;
  Done done_;
  smtp::Dialog dialog_;
  std::optional<tls::Engine> engine_;
  bool tls_open_ = false;  // The dialog knows of the finished handshake.
  net::Timer timer_;
  net::TcpStream stream_;
};

}  // namespace probe

#endif  // PROBE_SESSION_H_
