#include "probe/session.h"

#include <string>
#include <utility>

namespace probe {

Session::Session(uv_loop_t* loop, std::shared_ptr<const Endpoint> endpoint,
                 Done done)
    : endpoint_(std::move(endpoint)),
      done_(std::move(done)),
      dialog_(*endpoint_->conversation, endpoint_->resolve_duration,
              net::Now()),
      timer_(loop,
             [this] {
               dialog_.OnDeadline(net::Now());
               Advance();
             }),
      stream_(loop, this) {
  stream_.Connect(*endpoint_->address, endpoint_->port,
                  endpoint_->conversation->source_address);
  timer_.At(dialog_.deadline());
}

void Session::Shutdown() {
  dialog_.Shutdown(net::Now());
  // Through the timer, because Done never comes inside this call.
  timer_.At(net::Now());
}

void Session::OnConnected() {
  dialog_.OnConnected(net::Now());
  Advance();
}

void Session::OnBytes(std::string_view bytes) {
  dialog_.OnBytes(bytes, net::Now());
  Advance();
}

void Session::OnEof() {
  dialog_.OnEof(net::Now());
  Advance();
}

void Session::OnError(int uv_error) {
  dialog_.OnError(net::ReasonOf(uv_error), uv_strerror(uv_error), net::Now());
  Advance();
}

void Session::Advance() {
  // Bytes that have arrived are delivered before we speak; OnBytes comes back
  // here.
  if (dialog_.HasOutput() && !stream_.HasUnread()) {
    std::string output = dialog_.TakeOutput(net::Now());
    if (!output.empty()) stream_.Write(std::move(output));
  }
  if (!dialog_.closed()) return timer_.At(dialog_.deadline());
  timer_.Stop();
  ProbeResult result = dialog_.TakeResult();
  result.finished = net::NowOnBothClocks();
  // A local copy: the callback destroys this object.
  const Done done = std::move(done_);
  done(std::move(result));
}

}  // namespace probe
