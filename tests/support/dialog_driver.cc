#include "tests/support/dialog_driver.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "probe/smtp/text.h"

namespace tests {
namespace {

using probe::smtp::Printable;

// Longer than any detail or note the dialog composes.
constexpr std::size_t kMaxShown = 1024;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool EndsReply(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  return line.size() >= 3 && IsDigit(line[0]) && IsDigit(line[1]) &&
         IsDigit(line[2]) && (line.size() == 3 || line[3] != '-');
}

bool IsShowable(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) return false;
  for (const char c : text) {
    // Plain ASCII needs no second look; there are many thousand plays.
    if (c < 0x20 || c >= 0x7F) return Printable(text, max_bytes) == text;
  }
  return true;
}

}  // namespace

const probe::Conversation& TestConversation() {
  static const probe::Conversation conversation{
      .ehlo_name = "monitor.example.net",
      .source_address = {},
      .timeouts = {},
      .tls = {}};
  return conversation;
}

DialogDriver::DialogDriver(const probe::Conversation& conversation)
    : conversation_(conversation),
      dialog_(conversation, std::chrono::milliseconds(7), kStart) {}

void DialogDriver::Connect() {
  dialog_.OnConnected(now_);
  CheckState();
}

void DialogDriver::Bytes(std::string_view bytes) {
  using enum probe::smtp::DialogState;
  const bool handshaking = dialog_.state() == kTls && !dialog_.WantsTls();
  const bool heard =
      !closed() && dialog_.state() != kConnecting && !handshaking;
  if (heard) FollowReplies(bytes);
  dialog_.OnBytes(bytes, now_);
  CheckState();
}

void DialogDriver::Eof() {
  dialog_.OnEof(now_);
  CheckState();
  Check(closed(), "closed after EOF");
}

void DialogDriver::Error(probe::Reason reason, std::string_view detail) {
  dialog_.OnError(reason, detail, now_);
  CheckState();
  Check(closed(), "closed after an error");
}

void DialogDriver::Shutdown() {
  dialog_.Shutdown(now_);
  CheckState();
}

void DialogDriver::TlsOpen(const probe::tls::Handshake& handshake) {
  if (dialog_.state() == probe::smtp::DialogState::kTls) {
    Check(!dialog_.WantsTls(), "a handshake ends only when it has begun");
    inside_tls_ = true;
  }
  dialog_.OnTlsOpen(handshake, now_);
  CheckState();
}

void DialogDriver::TlsError(const probe::tls::Error& error) {
  dialog_.OnTlsError(error, now_);
  CheckState();
}

void DialogDriver::Advance(probe::Duration duration) {
  const probe::Time until = now_ + duration;
  while (!closed() && dialog_.deadline() <= until) {
    const probe::Time deadline = dialog_.deadline();
    Check(deadline >= now_, "no deadline lies in the past");
    // A moment too early nothing may happen.
    const probe::smtp::Dialog::State before = dialog_.state();
    dialog_.OnDeadline(deadline - std::chrono::nanoseconds(1));
    Check(dialog_.state() == before, "a deadline does not fire early");
    now_ = std::max(now_, deadline);
    dialog_.OnDeadline(now_);
    CheckState();
    Check(closed(), "a deadline closes");
    if (!closed()) return;
  }
  if (!closed()) {
    now_ = until;
    CheckState();
  }
}

std::string DialogDriver::Take() {
  if (dialog_.WantsTls()) {
    Check(!dialog_.HasOutput(), "nothing is said in clear before TLS");
    const bool begun = dialog_.StartTls(now_);
    Check(!begun || replies_ == commands_.size() + (commands_.empty() ? 0 : 1),
          "TLS begins when all is answered");
    Check(!begun || (commands_.empty() ? line_.empty() : reply_just_ended_),
          "TLS never begins over unread input");
  }
  const bool due = dialog_.HasOutput();
  std::string command = dialog_.TakeOutput(now_);
  // It is held back while what is unread may become a 421.
  Check(!dialog_.HasOutput() || command.empty(), "output is taken once");
  if (!command.empty()) {
    Check(due, "HasOutput tells of output");
    Check(command.ends_with("\r\n"), "commands end in CRLF");
    command.resize(command.find_first_of("\r\n"));
    CheckCommand(command);
    commands_.push_back(command);
  }
  CheckState();
  return command;
}

probe::ProbeResult DialogDriver::Finish() {
  Advance(conversation_.timeouts.total);
  Check(closed(), "every dialog ends within the total timeout");
  dialog_.OnBytes("220 mx.example.com\r\n", now_);
  dialog_.OnConnected(now_);
  dialog_.OnEof(now_);
  dialog_.OnError(probe::Reason::kReset, "reset", now_);
  dialog_.OnDeadline(now_ + conversation_.timeouts.total);
  dialog_.Shutdown(now_);
  Check(closed(), "closed is closed");
  Check(!dialog_.HasOutput() && dialog_.TakeOutput(now_).empty(),
        "nothing is said after the end");
  probe::ProbeResult result = dialog_.TakeResult();
  CheckResult(result);
  return result;
}

void DialogDriver::Check(bool good, std::string_view rule) {
  if (!good) violations_.push_back("broken: " + std::string(rule));
}

void DialogDriver::CheckState() {
  Check(elapsed() <= conversation_.timeouts.total,
        "no dialog lives beyond the total timeout");
  if (closed()) {
    Check(!dialog_.HasOutput(), "nothing to say when closed");
  } else {
    Check(dialog_.deadline() <= kStart + conversation_.timeouts.total,
          "no deadline beyond the total timeout");
  }
}

void DialogDriver::CheckCommand(std::string_view command) {
  const std::string ehlo = "EHLO " + conversation_.ehlo_name;
  const std::string helo = "HELO " + conversation_.ehlo_name;
  const bool again = !commands_.empty() && commands_.back() == "STARTTLS";
  Check(command == ehlo || command == helo || command == "STARTTLS" ||
            command == "QUIT",
        "only EHLO, HELO, STARTTLS and QUIT are sent");
  Check((command == ehlo && again) ||
            std::find(commands_.begin(), commands_.end(), command) ==
                commands_.end(),
        "no command is sent twice, but for EHLO inside TLS");
  Check(command != "STARTTLS" || (!inside_tls_ && commands_.back() == ehlo),
        "STARTTLS comes only after EHLO, in clear");
  Check(!again || command == "QUIT" || inside_tls_,
        "behind STARTTLS all but QUIT is said inside TLS");
  Check(commands_.empty() || commands_.back() != "QUIT",
        "nothing is sent after QUIT");
  Check(command != helo || (!commands_.empty() && commands_.back() == ehlo),
        "HELO comes only after EHLO");
  Check(command != ehlo || commands_.empty() || again,
        "EHLO comes first, and first inside TLS");
  // One reply more than commands: the greeting, then an answer to each.
  Check(replies_ == commands_.size() + 1,
        "a command is sent only when all before are answered");
  Check(reply_just_ended_, "nothing is sent over unread input");
}

void DialogDriver::CheckResult(const probe::ProbeResult& result) {
  using namespace probe;
  Check(result.success() || IsShowable(result.failure->detail, kMaxShown),
        "the detail is short and printable");
  Check(result.duration >= Duration::zero() &&
            result.duration <= conversation_.timeouts.total,
        "the duration fits into the total timeout");
  Duration sum{};
  for (const std::optional<Duration>& spent : result.phase_durations) {
    Check(!spent || *spent >= Duration::zero(), "no phase lasts less than 0");
    sum += spent.value_or(Duration::zero());
  }
  Check(sum - result.phase_durations.front().value_or(Duration::zero()) ==
            result.duration,
        "the phases after resolve make up the duration");
  Check(!result.reachable || result.clear || result.inside,
        "reachable means EHLO was answered");
  Check(!result.inside || result.handshake, "inside TLS needs TLS");
  Check(!result.starttls_success.value_or(false) || result.handshake,
        "STARTTLS that worked ended in a handshake");
  Check(result.starttls_success.value_or(true) || result.failure,
        "STARTTLS that did not work is a failure");
  Check(!result.plaintext_after_starttls.value_or(false) ||
            (result.failure && !result.inside),
        "injected plaintext is a failure and ends all");
  Check(result.reachable || result.failure, "unreachable has a reason");

  std::size_t bytes = 0;
  Duration latest{};
  for (const TranscriptLine& line : result.transcript) {
    bytes += line.text.size();
    Check(IsShowable(line.text, smtp::kMaxTranscriptLine),
          "transcript lines are short and printable");
    Check(line.at >= latest && line.at <= elapsed(),
          "the transcript is in order");
    latest = line.at;
  }
  Check(result.transcript.size() <= smtp::kMaxTranscriptLines &&
            bytes <= smtp::kMaxTranscriptBytes,
        "the transcript is bounded");
  if (result.banner) {
    Check(result.banner->hostname.size() <= smtp::kMaxBannerHostname &&
              smtp::IsPrintableAscii(result.banner->hostname),
          "the host name is short and printable");
    std::string text = result.banner->text;
    std::replace(text.begin(), text.end(), '\n', ' ');
    Check(IsShowable(text, smtp::kMaxBannerText),
          "the greeting's text is short and printable");
  }
  for (const auto& seen : {result.clear, result.inside}) {
    Check(!seen || (seen->keywords.size() <= smtp::kMaxKeywords &&
                    seen->auth_mechanisms.size() <= smtp::kMaxAuthMechanisms),
          "the lists of EHLO are bounded");
  }
}

void DialogDriver::FollowReplies(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    reply_just_ended_ = end != std::string_view::npos && EndsReply(line_);
    if (reply_just_ended_) ++replies_;
    if (end == std::string_view::npos) return;
    line_.clear();
    bytes.remove_prefix(end + 1);
  }
}

}  // namespace tests
