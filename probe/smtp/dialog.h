// The conversation with one mail server as a state machine without I/O: bytes
// and times come in, bytes to send and one ProbeResult come out. It decides
// what to say and what an answer means; whoever drives it (Session, a test, a
// fuzzer) decides nothing.
//
//   kConnecting --> kGreeting --220--> kEhlo --250--> kStarttls --220--> kTls
//        |            ^   |             |  \500         |                  |
//        | implicit   |   |4xx, 5xx     |   `-> kHelo   |4xx, 5xx          |
//        `-> kTls ----'   |             |        |      |      kEhloTls <--'
//                         v             v        v      v          |
//                       kQuit <--------------------------------------
//                         |
//                         `--221--> kDrain --EOF--> kClosed
//
// Without TLS in the module's plan, or without STARTTLS in the list, kQuit
// follows kEhlo. 421 leads to kDrain. Every state but kDrain and kClosed may
// also end in kClosed: by a timeout, an error, an EOF or bytes that are no
// SMTP; TLS that fails, in kDrain.
//
// It never sends MAIL, RCPT, DATA, AUTH, VRFY or NOOP; never two commands at
// once; and nothing before the greeting is complete or while input is waiting.
//
// TLS itself is the driver's: in kTls it puts a tls::Engine between the bytes
// and the dialog, and tells how the handshake ended.
#ifndef PROBE_SMTP_DIALOG_H_
#define PROBE_SMTP_DIALOG_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "probe/clock.h"
#include "probe/result.h"
#include "probe/smtp/dialog_state.h"
#include "probe/smtp/reply.h"
#include "probe/smtp/transcript.h"
#include "probe/target.h"

namespace probe::tls {
struct Error;
}

namespace probe::smtp {

// After the verdict: how long we wait for the peer to close first, so that our
// close is no reset, which servers log as a lost connection.
inline constexpr Duration kDrainTime = std::chrono::milliseconds(500);
// Bytes that arrive unasked are held back so long to see whether they are a
// 421, and no longer.
inline constexpr std::size_t kMaxUnasked = 512;

class Dialog {
 public:
  using State = DialogState;

  // `conversation` must outlive the dialog. `resolve` is how long it took to
  // find the address, for the phase of that name.
  Dialog(const Conversation& conversation, Duration resolve, Time now);
  Dialog(const Dialog&) = delete;
  Dialog& operator=(const Dialog&) = delete;

  // What happened. After kClosed all of these do nothing.
  void OnConnected(Time now);
  void OnBytes(std::string_view bytes, Time now);
  void OnEof(Time now);
  // Connecting or reading failed; `detail` is what the system said.
  void OnError(Reason reason, std::string_view detail, Time now);
  // To be called when deadline() has passed; earlier calls do nothing.
  void OnDeadline(Time now);
  // This program stops: say QUIT as soon as it is our turn.
  void Shutdown(Time now);

  // TLS is to begin here. As before TakeOutput, the driver first delivers all
  // input that has arrived: the server is silent until our ClientHello, and
  // who is not is an attacker (CVE-2021-22947).
  bool WantsTls() const;
  // True: the driver begins a handshake now; what comes in goes to its engine,
  // and what the engine reads inside TLS comes to OnBytes. False: input that
  // nobody asked for forbids it.
  bool StartTls(Time now);
  void OnTlsOpen(const tls::Handshake& handshake, Time now);
  // The handshake, or TLS after it, has failed.
  void OnTlsError(const tls::Error& error, Time now);

  // There is something to send. Before TakeOutput the driver delivers all
  // input that has arrived: nothing is sent over unread input (RFC 3207's
  // injections and desynchronised servers alike).
  bool HasOutput() const { return !output_.empty(); }
  // What to send now; "" if input that nobody asked for forbids it, or may be
  // the beginning of a 421 that forbids it: then ask again after more input.
  std::string TakeOutput(Time now);

  State state() const { return state_; }
  Phase phase() const;
  bool closed() const { return state_ == State::kClosed; }
  // When the current state has lasted too long; no meaning once closed.
  Time deadline() const { return deadline_; }

  // Once, when closed. `finished` and `interval` are left to the caller.
  ProbeResult TakeResult();

 private:
  // Something is to be sent; whatever comes in now, nobody asked for.
  bool OurTurn() const { return HasOutput() || WantsTls(); }
  // The only place where the state changes.
  void Enter(State next, Time now);
  void ReadReplies(Time now);
  void OnReply(const Reply& reply, Time now);
  void OnGreeting(const Reply& reply, Time now);
  void OnEhlo(const Reply& reply, Time now);
  void OnHelo(const Reply& reply, Time now);
  void OnStarttls(const Reply& reply, Time now);
  void OnEhloTls(const Reply& reply, Time now);
  void OnQuit(const Reply& reply, Time now);
  // EHLO or HELO was answered well: where to go with these capabilities.
  void GoOn(const Capabilities& capabilities, Time now);
  // A reply that refuses the current step: notes why and leaves politely.
  void Refused(const Reply& reply, Time now);
  void OnReplyError(const ReplyError& error, Time now);
  // What came as the answer to the next command (`line`) belongs to EHLO: the
  // list that was taken for whole is not, and proves nothing.
  void Withdraw(std::string_view line, Time now);
  // Forgets what the answer to the latest EHLO (or HELO) seemed to say.
  void ForgetEhlo();
  // TLS is due, and cleartext is there.
  void OnCleartext(Time now);
  // It is our turn to speak: is something waiting that nobody asked for?
  void CheckUnasked(Time now);
  // Input is waiting although it is our turn to speak.
  void OnUnasked(Time now);
  // The first bytes show another protocol; true if so (and then closed).
  bool RecogniseForeign(Time now);
  // Notes the failure unless there is one already.
  void Fail(Failure failure);
  void Fail(Phase phase, Reason reason, std::string detail);
  void FailAndClose(Reason reason, std::string detail, Time now);
  void Note(TranscriptLine::Speaker speaker, std::string_view text, Time now);

  const Conversation& conversation_;
  const Time start_;
  State state_ = State::kConnecting;
  Time phase_start_;
  Time deadline_;
  ReplyReader reader_;
  std::string output_;
  // Whose reply the unread bytes would follow.
  Phase answered_ = Phase::kConnect;
  bool stopping_ = false;     // Shutdown was called.
  bool handshaking_ = false;  // StartTls was called, OnTlsOpen not.
  bool inside_tls_ = false;
  bool heard_inside_ = false;  // Bytes came inside TLS.
  Transcript transcript_;
  ProbeResult result_;
};

}  // namespace probe::smtp

#endif  // PROBE_SMTP_DIALOG_H_
