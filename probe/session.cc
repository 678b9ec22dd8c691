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
  if (engine_) {
    engine_->Feed(bytes);
    PumpTls();
  } else {
    dialog_.OnBytes(bytes, net::Now());
  }
  Advance();
}

void Session::StartTls() {
  if (!dialog_.StartTls(net::Now())) return;
  const TlsSettings& settings = endpoint_->conversation->tls;
  tls::ServerName server{.dns = settings.server_name, .ip = {}};
  if (server.dns.empty()) server.dns = endpoint_->server_name;
  if (server.dns.empty()) server.ip = endpoint_->address;
  engine_.emplace(settings.context, std::move(server),
                  net::NowOnBothClocks().wall);
  if (engine_->error()) PumpTls();  // Out of memory: nothing would ever come.
}

void Session::PumpTls() {
  const Time now = net::Now();
  if (!tls_open_ && engine_->open()) {
    tls_open_ = true;
    dialog_.OnTlsOpen(*engine_->handshake(), now);
  }
  const std::string cleartext = engine_->TakeCleartext();
  if (!cleartext.empty()) dialog_.OnBytes(cleartext, now);
  if (engine_->error()) {
    dialog_.OnTlsError(*engine_->error(), now);
  } else if (engine_->closed()) {
    dialog_.OnEof(now);
  }
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
  const bool wants_to_speak = dialog_.HasOutput() || dialog_.WantsTls();
  if (wants_to_speak && !stream_.HasUnread()) {
    if (dialog_.WantsTls()) StartTls();
    std::string output = dialog_.TakeOutput(net::Now());
    if (engine_ && !output.empty()) {
      engine_->Write(output);
      if (engine_->error()) PumpTls();
    } else {
      stream_.Write(std::move(output));
    }
  }
  if (engine_) {
    // Our last word on this layer; a server may log its absence.
    if (dialog_.state() == smtp::DialogState::kDrain || dialog_.closed()) {
      engine_->Close();
    }
    stream_.Write(engine_->TakeCiphertext());
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
