// The part of the dialogue that leads into TLS and out of it.
#include <string>
#include <string_view>
#include <utility>

#include "probe/smtp/dialog.h"
#include "probe/smtp/line_kind.h"
#include "probe/smtp/text.h"
#include "probe/smtp/tls_outcome.h"
#include "probe/tls/engine.h"

namespace probe::smtp {

using Speaker = TranscriptLine::Speaker;

void Dialog::OnStarttls(const Reply& reply, Time now) {
  // "250 STARTTLS now" is an answer.
  const bool names_it =
      reply.lines.size() == 1 &&
      UpperCase(Reply::Text(reply.lines.front())).starts_with("STARTTLS");
  if (IsLateList(reply) && !names_it) return Withdraw(reply.Summary(), now);
  if (reply.severity() != 2) return Refused(reply, now);
  result_.quirks.Add(reply.quirks);
  // Postfix, Exim and most others go on with any 2xx, so we see what they see.
  if (reply.code != 220) result_.quirks.Add(Quirk::kStarttlsCode);
  Enter(State::kTls, now);
}

void Dialog::OnEhloTls(const Reply& reply, Time now) {
  if (reply.code == 220) {
    return FailAndClose(Reason::kDesync,
                        "a second greeting: " + reply.Summary(), now);
  }
  // No HELO here: who offered STARTTLS knows EHLO.
  if (reply.severity() != 2) return Refused(reply, now);
  result_.inside = ReadEhlo(reply, Layer::kInsideTls);
  Enter(State::kQuit, now);
}

void Dialog::OnCleartext(Time now) {
  const std::string_view line = FirstLine(reader_.Unread());
  Note(Speaker::kServer, line, now);
  Fail(CleartextFailure(line, conversation_.tls.mode));
  if (conversation_.tls.mode != TlsMode::kImplicit) {
    result_.plaintext_after_starttls = true;
  }
  Enter(State::kClosed, now);
}

bool Dialog::WantsTls() const { return state_ == State::kTls && !handshaking_; }

bool Dialog::StartTls(Time now) {
  if (WantsTls() && !reader_.Unread().empty()) OnCleartext(now);
  if (!WantsTls()) return false;
  handshaking_ = true;
  if (conversation_.tls.mode != TlsMode::kImplicit) {
    result_.plaintext_after_starttls = false;
  }
  Note(Speaker::kNote, "the TLS handshake begins", now);
  return true;
}

void Dialog::OnTlsOpen(const tls::Handshake& handshake, Time now) {
  if (state_ != State::kTls || !handshaking_) return;
  Note(Speaker::kNote, Summary(handshake), now);
  result_.handshake = handshake;
  if (auto failure = JudgeHandshake(conversation_.tls, handshake)) {
    Fail(*std::move(failure));
  }
  handshaking_ = false;
  inside_tls_ = true;
  if (conversation_.tls.mode == TlsMode::kImplicit) {
    return Enter(State::kGreeting, now);
  }
  result_.starttls_success = true;
  answered_ = Phase::kEhloTls;
  Enter(stopping_ ? State::kQuit : State::kEhloTls, now);
}

void Dialog::OnTlsError(const tls::Error& error, Time now) {
  if (closed()) return;
  if (OurTurn() && !reader_.Unread().empty()) OnUnasked(now);
  if (closed()) return;
  if (state_ == State::kQuit || state_ == State::kDrain) {
    return Enter(State::kClosed, now);
  }
  Failure failure = FailureOf(error, conversation_.tls.mode);
  if (heard_inside_) {
    failure.phase = phase();
  } else if (inside_tls_ && result_.starttls_success &&
             failure.reason != Reason::kInternal) {
    // TLS 1.3: a server that does not like us (no client certificate) says so
    // when for us all is finished. It is TLS that failed, not EHLO.
    result_.starttls_success = false;
  }
  if (failure.reason == Reason::kPlaintextInjection) {
    result_.plaintext_after_starttls = true;
  }
  Note(Speaker::kNote, failure.detail, now);
  Fail(std::move(failure));
  handshaking_ = false;
  // Not at once kClosed: our alert is to arrive, and unread bytes would turn
  // our close into a reset.
  Enter(State::kDrain, now);
}

}  // namespace probe::smtp
