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

Phase PhaseOf(Dialog::State state) {
  switch (state) {
    case Dialog::State::kConnecting:
      return Phase::kConnect;
    case Dialog::State::kGreeting:
      return Phase::kGreeting;
    case Dialog::State::kEhlo:
    case Dialog::State::kHelo:
      return Phase::kEhlo;
    case Dialog::State::kQuit:
    case Dialog::State::kDrain:
    case Dialog::State::kClosed:
      return Phase::kQuit;
  }
  return Phase::kQuit;
}

// What the server owes us in a state, for messages.
std::string_view Awaited(Dialog::State state) {
  switch (state) {
    case Dialog::State::kConnecting:
      return "the connection";
    case Dialog::State::kGreeting:
      return "the greeting";
    case Dialog::State::kEhlo:
      return "the reply to EHLO";
    case Dialog::State::kHelo:
      return "the reply to HELO";
    case Dialog::State::kQuit:
    case Dialog::State::kDrain:
    case Dialog::State::kClosed:
      return "the reply to QUIT";
  }
  return "";
}

Reason RefusalReason(const Reply& reply) {
  if (reply.code == 421) return Reason::kServiceClosing;
  if (reply.severity() == 4) return Reason::kRejectedTemporary;
  if (reply.severity() == 5) return Reason::kRejectedPermanent;
  return Reason::kProtocolError;  // 3xx: no step of ours asks for more.
}

// An answer to QUIT that is the rest of the answer to EHLO, or all of it.
bool IsLateList(const Reply& reply) {
  return reply.code == 250 && (reply.lines.size() > 1 ||
                               IsListLine(Reply::Text(reply.lines.front())));
}

std::string InSeconds(Duration duration) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3gs", Seconds(duration));
  return text.data();
}

// The first line of `bytes`, or as much as is there, without its line end.
std::string_view FirstLine(std::string_view bytes) {
  std::string_view line = bytes.substr(0, bytes.find('\n'));
  while (line.ends_with('\r')) line.remove_suffix(1);
  return line;
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
  Enter(State::kGreeting, now);
}

void Dialog::OnBytes(std::string_view bytes, Time now) {
  // While draining, whatever comes is read only to be thrown away.
  if (closed() || state_ == State::kDrain || state_ == State::kConnecting) {
    return;
  }
  reader_.Feed(bytes);
  if (HasOutput()) return CheckUnasked(now);
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
  if (start.empty()) return false;
  // A TLS record: alert (21) or handshake (22), then major version 3.
  if (start.starts_with('\x15') || start.starts_with('\x16')) {
    if (start.size() < 2) return false;
    if (start[1] == '\x03') {
      FailAndClose(Reason::kTlsOnPlainPort,
                   "the server speaks TLS from the first byte", now);
      return true;
    }
  }
  // Three bytes decide: a greeting starts with a code, and even a broken one
  // with text. Waiting for a line end that binary protocols never send would
  // turn this into a timeout. What follows a shorter line does not count: it
  // may not have arrived yet.
  const std::string_view head = start.substr(0, start.find('\n')).substr(0, 3);
  const bool text = std::all_of(head.begin(), head.end(), [](char c) {
    return (c >= 0x20 && c < 0x7F) || c == '\r' || c == '\t';
  });
  if (text) {
    if (start.find('\n') == std::string_view::npos &&
        start.size() <= kMaxReplyLine) {
      return false;
    }
    if (!IsForeign(start)) {
      // From here on it may only be bad SMTP.
      answered_ = Phase::kGreeting;
      return false;
    }
  }
  FailAndClose(Reason::kNotSmtp,
               text ? "came: " + Printable(FirstLine(start), kMaxDetail)
                    : std::string("the first bytes are no text"),
               now);
  return true;
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
    case State::kQuit:
      OnQuit(reply, now);
      break;
    case State::kConnecting:
    case State::kDrain:
    case State::kClosed:
      break;
  }
  if (HasOutput()) CheckUnasked(now);
}

void Dialog::OnGreeting(const Reply& reply, Time now) {
  if (reply.severity() != 2) return Refused(reply, now);
  result_.banner = ReadBanner(reply);
  // A failure here is our own shutdown: nothing more is asked.
  Enter(result_.failure ? State::kQuit : State::kEhlo, now);
}

void Dialog::OnEhlo(const Reply& reply, Time now) {
  // A second greeting. The answer to EHLO is still to come, and to take this
  // one for it would be to report a server without STARTTLS.
  if (reply.code == 220) {
    return FailAndClose(Reason::kDesync,
                        "a second greeting: " + reply.Summary(), now);
  }
  if (reply.severity() == 2) {
    result_.clear = ReadEhlo(reply, Layer::kClear);
    result_.reachable = true;
    return Enter(State::kQuit, now);
  }
  // RFC 5321 3.2: 500 and 502 say that the server does not know EHLO. Other
  // refusals are about our name or address; HELO would only hide them.
  if ((reply.code == 500 || reply.code == 502) && !result_.failure) {
    return Enter(State::kHelo, now);
  }
  Refused(reply, now);
}

void Dialog::OnHelo(const Reply& reply, Time now) {
  if (reply.severity() != 2) return Refused(reply, now);
  result_.clear.emplace().quirks = reply.quirks;
  result_.reachable = true;
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
  if (state_ == State::kQuit) {
    if (IsListLine(error.line)) return Withdraw(error.line, now);
    return Enter(State::kClosed, now);
  }
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
  result_.clear.reset();
  result_.reachable = false;
  Fail(Phase::kEhlo, Reason::kDesync,
       "QUIT was answered by what belongs to EHLO: " +
           Printable(line, kMaxDetail));
  Enter(State::kClosed, now);
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
  result_.clear.reset();
  result_.reachable = false;
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
  if (HasOutput() && !reader_.Unread().empty()) OnUnasked(now);
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
  if (HasOutput() && !reader_.Unread().empty()) OnUnasked(now);
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
  if (HasOutput() && !reader_.Unread().empty()) OnUnasked(now);
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
  Fail(phase(), Reason::kShutdown, "this program is stopping");
  if (state_ == State::kConnecting) return Enter(State::kClosed, now);
  if (HasOutput()) Enter(State::kQuit, now);  // It is our turn already.
}

void Dialog::Fail(Phase phase, Reason reason, std::string detail) {
  if (result_.failure) return;
  result_.failure =
      Failure{.phase = phase, .reason = reason, .detail = std::move(detail)};
}

void Dialog::FailAndClose(Reason reason, std::string detail, Time now) {
  Note(Speaker::kNote, detail, now);
  Fail(phase(), reason, std::move(detail));
  Enter(State::kClosed, now);
}

void Dialog::Note(Speaker speaker, std::string_view text, Time now) {
  if (result_.transcript.size() >= kMaxTranscriptLines ||
      transcript_bytes_ >= kMaxTranscriptBytes) {
    return;
  }
  TranscriptLine line{.speaker = speaker,
                      .at = now - start_,
                      .text = Printable(text, kMaxTranscriptLine)};
  transcript_bytes_ += line.text.size();
  const bool full = result_.transcript.size() + 1 >= kMaxTranscriptLines ||
                    transcript_bytes_ >= kMaxTranscriptBytes;
  if (full) {
    line.speaker = Speaker::kNote;
    line.text = "the rest is left out";
  }
  result_.transcript.push_back(std::move(line));
}

ProbeResult Dialog::TakeResult() {
  assert(closed());
  return std::move(result_);
}

}  // namespace probe::smtp
