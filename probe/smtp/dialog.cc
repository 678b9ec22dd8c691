#include "probe/smtp/dialog.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdio>
#include <utility>

#include "probe/smtp/line_kind.h"
#include "probe/smtp/text.h"

namespace probe::smtp {
namespace {

using Speaker = TranscriptLine::Speaker;

constexpr std::size_t kMaxDetail = 300;

Reason RefusalReason(const Reply& reply) {
  if (reply.code == 421) return Reason::kServiceClosing;
  if (reply.severity() == 4) return Reason::kRejectedTemporary;
  if (reply.severity() == 5) return Reason::kRejectedPermanent;
  return Reason::kProtocolError;  // 3xx: no step of ours asks for more.
}

// Whether a failure of the way into TLS says that there is none. A server that
// is too busy, or we, who stop, leave it open.
bool SaysNoTls(const Failure& failure) {
  return failure.reason != Reason::kServiceClosing &&
         failure.reason != Reason::kShutdown &&
         failure.reason != Reason::kDesync &&
         failure.reason != Reason::kInternal;
}

std::string InSeconds(Duration duration) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3gs", Seconds(duration));
  return text.data();
}

}  // namespace

Dialog::Dialog(const Conversation& conversation, Duration resolve, Time now)
    : conversation_(conversation),
      start_(now),
      phase_start_(now),
      deadline_(now + std::min(conversation.timeouts.connect,
                               conversation.timeouts.total)) {
  result_.phase_durations[static_cast<std::size_t>(Phase::kResolve)] = resolve;
}

Phase Dialog::phase() const { return PhaseOf(state_); }

void Dialog::Enter(State next, Time now) {
  assert(state_ != State::kClosed);
  const bool verdict_stands = state_ == State::kDrain;
  if (!verdict_stands) {
    std::optional<Duration>& spent =
        result_.phase_durations[static_cast<std::size_t>(phase())];
    spent = spent.value_or(Duration::zero()) + (now - phase_start_);
    result_.duration = now - start_;
  }
  const bool upgrading =
      (state_ == State::kStarttls || state_ == State::kTls) &&
      conversation_.tls.mode != TlsMode::kImplicit;
  const bool over =
      next == State::kQuit || next == State::kDrain || next == State::kClosed;
  if (upgrading && over && !inside_tls_ && result_.failure &&
      SaysNoTls(*result_.failure)) {
    result_.starttls_success = false;
  }
  phase_start_ = now;
  state_ = next;
  output_.clear();

  const Timeouts& timeouts = conversation_.timeouts;
  Duration allowed{};
  switch (next) {
    case State::kConnecting:
      allowed = timeouts.connect;
      break;
    case State::kGreeting:
      allowed = timeouts.greeting;
      break;
    case State::kEhlo:
      allowed = timeouts.ehlo;
      output_ = "EHLO " + conversation_.ehlo_name;
      break;
    case State::kHelo:
      allowed = timeouts.ehlo;
      output_ = "HELO " + conversation_.ehlo_name;
      break;
    case State::kStarttls:
      allowed = timeouts.tls;
      output_ = "STARTTLS";
      break;
    case State::kTls:
      allowed = timeouts.tls;
      break;
    case State::kEhloTls:
      allowed = timeouts.ehlo;
      output_ = "EHLO " + conversation_.ehlo_name;
      break;
    case State::kQuit:
      allowed = timeouts.quit;
      output_ = "QUIT";
      break;
    case State::kDrain:
      allowed = kDrainTime;
      break;
    case State::kClosed:
      break;
  }
  deadline_ = std::min(now + allowed, start_ + timeouts.total);
}

void Dialog::OnConnected(Time now) {
  if (state_ != State::kConnecting) return;
  const bool implicit = conversation_.tls.mode == TlsMode::kImplicit;
  Enter(implicit ? State::kTls : State::kGreeting, now);
}

void Dialog::OnBytes(std::string_view bytes, Time now) {
  // While draining, whatever comes is read only to be thrown away.
  if (closed() || state_ == State::kDrain || state_ == State::kConnecting) {
    return;
  }
  if (handshaking_) return;  // Only the engine has a use for them.
  heard_inside_ = inside_tls_;
  reader_.Feed(bytes);
  if (OurTurn()) return CheckUnasked(now);
  ReadReplies(now);
}

void Dialog::ReadReplies(Time now) {
  if (RecogniseForeign(now)) return;
  const auto next = reader_.Next();
  if (!next) return OnReplyError(next.error(), now);
  if (*next) OnReply(**next, now);
}

bool Dialog::RecogniseForeign(Time now) {
  if (state_ != State::kGreeting || answered_ == Phase::kGreeting) return false;
  const std::string_view start = reader_.Unread();
  switch (ReadFirstBytes(start)) {
    case FirstBytes::kUndecided:
      return false;
    case FirstBytes::kText:
      // From here on it may only be bad SMTP.
      answered_ = Phase::kGreeting;
      return false;
    case FirstBytes::kTls:
      FailAndClose(Reason::kTlsOnPlainPort,
                   "the server speaks TLS from the first byte", now);
      return true;
    case FirstBytes::kForeign:
      FailAndClose(Reason::kNotSmtp,
                   "came: " + Printable(FirstLine(start), kMaxDetail), now);
      return true;
    case FirstBytes::kBinary:
      FailAndClose(Reason::kNotSmtp, "the first bytes are no text", now);
      return true;
  }
  return false;
}

void Dialog::OnReply(const Reply& reply, Time now) {
  for (const std::string& line : reply.lines) {
    Note(Speaker::kServer, line, now);
  }
  if (reply.severity() != 2 || state_ == State::kQuit) {
    result_.quirks.Add(reply.quirks);
  }
  answered_ = phase();
  switch (state_) {
    case State::kGreeting:
      OnGreeting(reply, now);
      break;
    case State::kEhlo:
      OnEhlo(reply, now);
      break;
    case State::kHelo:
      OnHelo(reply, now);
      break;
    case State::kStarttls:
      OnStarttls(reply, now);
      break;
    case State::kEhloTls:
      OnEhloTls(reply, now);
      break;
    case State::kQuit:
      OnQuit(reply, now);
      break;
    case State::kTls:
    case State::kConnecting:
    case State::kDrain:
    case State::kClosed:
      break;
  }
  if (OurTurn()) CheckUnasked(now);
}

void Dialog::OnGreeting(const Reply& reply, Time now) {
  if (reply.severity() != 2) return Refused(reply, now);
  result_.banner = ReadBanner(reply);
  Enter(stopping_ ? State::kQuit : State::kEhlo, now);
}

void Dialog::OnEhlo(const Reply& reply, Time now) {
  // A second greeting. The answer to EHLO is still to come, and to take this
  // one for it would be to report a server without STARTTLS.
  if (reply.code == 220) {
    return FailAndClose(Reason::kDesync,
                        "a second greeting: " + reply.Summary(), now);
  }
  if (reply.severity() == 2) {
    return GoOn(
        ReadEhlo(reply, inside_tls_ ? Layer::kInsideTls : Layer::kClear), now);
  }
  // RFC 5321 3.2: 500 and 502 say that the server does not know EHLO. Other
  // refusals are about our name or address; HELO would only hide them.
  if ((reply.code == 500 || reply.code == 502) && !stopping_) {
    return Enter(State::kHelo, now);
  }
  Refused(reply, now);
}

void Dialog::OnHelo(const Reply& reply, Time now) {
  if (reply.severity() != 2) return Refused(reply, now);
  Capabilities none;
  none.quirks = reply.quirks;
  GoOn(none, now);
}

void Dialog::GoOn(const Capabilities& capabilities, Time now) {
  (inside_tls_ ? result_.inside : result_.clear) = capabilities;
  result_.reachable = true;
  const TlsMode mode = conversation_.tls.mode;
  const bool wanted =
      mode == TlsMode::kOpportunistic || mode == TlsMode::kRequired;
  if (wanted && !stopping_) {
    if (capabilities.starttls) return Enter(State::kStarttls, now);
    if (mode == TlsMode::kRequired) {
      Fail(Phase::kStarttls, Reason::kStarttlsNotAdvertised,
           capabilities.esmtp ? "STARTTLS is not in the answer to EHLO"
                              : "the server took only HELO");
    }
  }
  Enter(State::kQuit, now);
}

void Dialog::OnQuit(const Reply& reply, Time now) {
  if (IsLateList(reply)) return Withdraw(reply.Summary(), now);
  result_.quit_ok = reply.code == 221;
  Enter(State::kDrain, now);
}

void Dialog::Refused(const Reply& reply, Time now) {
  const Reason reason = RefusalReason(reply);
  Fail(phase(), reason, reply.Summary());
  // After 421 the server closes by itself. After a code that makes no sense
  // nothing we say would.
  const bool quit = reason == Reason::kRejectedTemporary ||
                    reason == Reason::kRejectedPermanent;
  Enter(quit ? State::kQuit : State::kDrain, now);
}

void Dialog::OnReplyError(const ReplyError& error, Time now) {
  if (state_ == State::kQuit || state_ == State::kStarttls) {
    if (IsListLine(error.line)) return Withdraw(error.line, now);
  }
  if (state_ == State::kQuit) return Enter(State::kClosed, now);
  if (error.kind == ReplyError::Kind::kTooLarge) {
    return FailAndClose(Reason::kReplyTooLarge,
                        "a reply beyond " + std::to_string(kMaxReplyLine) +
                            " bytes a line, " + std::to_string(kMaxReplyLines) +
                            " lines or " + std::to_string(kMaxReplyBytes) +
                            " bytes",
                        now);
  }
  FailAndClose(Reason::kProtocolError,
               "no SMTP reply: " + Printable(error.line, kMaxDetail), now);
}

void Dialog::Withdraw(std::string_view line, Time now) {
  const bool after_starttls = result_.clear && inside_tls_;
  Fail(after_starttls ? Phase::kEhloTls : Phase::kEhlo, Reason::kDesync,
       std::string(state_ == State::kQuit ? "QUIT" : "STARTTLS") +
           " was answered by what belongs to EHLO: " +
           Printable(line, kMaxDetail));
  ForgetEhlo();
  Enter(State::kClosed, now);
}

void Dialog::ForgetEhlo() {
  if (inside_tls_ && result_.clear) return result_.inside.reset();
  result_.clear.reset();
  result_.inside.reset();
  result_.reachable = false;
}

void Dialog::CheckUnasked(Time now) {
  // Half a line waits for TakeOutput, unless it is more than a 421 could be.
  const std::string_view unread = reader_.Unread();
  if (unread.size() > kMaxUnasked ||
      unread.find('\n') != std::string_view::npos) {
    OnUnasked(now);
  }
}

void Dialog::OnUnasked(Time now) {
  if (WantsTls()) return OnCleartext(now);
  const std::string_view unread = reader_.Unread();
  const std::string shown = Printable(FirstLine(unread), kMaxDetail);
  Note(Speaker::kServer, shown, now);
  if (unread.starts_with("421")) {
    // RFC 5321 3.8: a server that shuts down may say so at any time. What it
    // said before stands.
    Fail(answered_, Reason::kServiceClosing, shown);
    return Enter(State::kDrain, now);
  }
  // The list before it may be cut short, so it proves nothing: a server whose
  // continuation lines lack their code (smtp4dev once) "loses" STARTTLS here.
  if (answered_ == Phase::kGreeting) result_.banner.reset();
  if (answered_ != Phase::kStarttls) ForgetEhlo();
  const bool blank = unread.find_first_not_of("\r\n") != 0;
  Fail(answered_, blank ? Reason::kProtocolError : Reason::kDesync,
       blank ? "an empty line where a reply was due"
             : "bytes that nobody asked for: " + shown);
  Enter(State::kClosed, now);
}

std::string Dialog::TakeOutput(Time now) {
  const std::string_view unread = reader_.Unread();
  // A 421 whose rest is still on its way: we wait for it, and do not speak.
  constexpr std::string_view kClosing = "421";
  if (!unread.empty() &&
      (unread.starts_with(kClosing) || kClosing.starts_with(unread))) {
    return {};
  }
  if (HasOutput() && !unread.empty()) OnUnasked(now);
  if (!HasOutput()) return {};
  Note(Speaker::kClient, output_, now);
  return std::exchange(output_, {}) + "\r\n";
}

void Dialog::OnEof(Time now) {
  if (closed()) return;
  // A last word, such as 421, may stand behind the reply we wanted to answer.
  if (OurTurn() && !reader_.Unread().empty()) OnUnasked(now);
  if (closed()) return;
  if (state_ == State::kQuit || state_ == State::kDrain) {
    return Enter(State::kClosed, now);
  }
  FailAndClose(Reason::kClosed,
               std::string("the server closed the connection ") +
                   (reader_.InsideReply() ? "in the middle of " : "before ") +
                   std::string(Awaited(state_)),
               now);
}

void Dialog::OnError(Reason reason, std::string_view detail, Time now) {
  if (closed()) return;
  // What was read before the error is the better explanation.
  if (OurTurn() && !reader_.Unread().empty()) OnUnasked(now);
  if (closed()) return;
  if (state_ == State::kQuit || state_ == State::kDrain) {
    return Enter(State::kClosed, now);
  }
  std::string text = Printable(detail, kMaxDetail);
  if (state_ != State::kConnecting) {
    text += reader_.InsideReply() ? " in the middle of " : " before ";
    text += Awaited(state_);
  }
  FailAndClose(reason, std::move(text), now);
}

void Dialog::OnDeadline(Time now) {
  if (closed() || now < deadline_) return;
  if (OurTurn() && !reader_.Unread().empty()) OnUnasked(now);
  if (closed()) return;
  if (state_ == State::kQuit || state_ == State::kDrain) {
    return Enter(State::kClosed, now);
  }
  std::string detail = "waited " + InSeconds(now - phase_start_) + " for " +
                       std::string(Awaited(state_));
  if (reader_.InsideReply()) {
    detail += ", which began and did not end";
  } else if (state_ == State::kGreeting) {
    detail += "; not one byte came";
  }
  FailAndClose(Reason::kTimeout, std::move(detail), now);
}

void Dialog::Shutdown(Time now) {
  if (closed() || state_ == State::kDrain || state_ == State::kQuit) return;
  stopping_ = true;
  Fail(phase(), Reason::kShutdown, "this program is stopping");
  const bool said_nothing =
      state_ == State::kConnecting || (WantsTls() && !result_.banner);
  if (said_nothing) return Enter(State::kClosed, now);
  if (HasOutput()) Enter(State::kQuit, now);  // It is our turn already.
}

void Dialog::Fail(Failure failure) {
  if (!result_.failure) result_.failure = std::move(failure);
}

void Dialog::Fail(Phase phase, Reason reason, std::string detail) {
  Fail({.phase = phase, .reason = reason, .detail = std::move(detail)});
}

void Dialog::FailAndClose(Reason reason, std::string detail, Time now) {
  Note(Speaker::kNote, detail, now);
  Fail(phase(), reason, std::move(detail));
  Enter(State::kClosed, now);
}

void Dialog::Note(Speaker speaker, std::string_view text, Time now) {
  transcript_.Add(speaker, now - start_, text);
}

ProbeResult Dialog::TakeResult() {
  assert(closed());
  result_.transcript = transcript_.Take();
  return std::move(result_);
}

}  // namespace probe::smtp
