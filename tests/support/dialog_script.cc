#include "tests/support/dialog_script.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

namespace tests {
namespace {

using Kind = DialogStep::Kind;

// Guards against a slip in a file, such as a forgotten brace.
constexpr std::size_t kMaxRepeats = 100000;

DialogStep StepOf(Kind kind) {
  DialogStep step;
  step.kind = kind;
  return step;
}

std::optional<std::size_t> ReadNumber(std::string_view text, int base = 10) {
  std::size_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, base);
  if (error != std::errc() || stop != end || number > kMaxRepeats) {
    return std::nullopt;
  }
  return number;
}

// "{a*40}" -> 40 times "a"; moves `text` behind the brace.
std::optional<std::string> ReadRun(std::string_view& text) {
  const std::size_t end = text.find('}');
  if (end == std::string_view::npos || end < 4 || text[2] != '*') return {};
  const std::optional<std::size_t> times = ReadNumber(text.substr(3, end - 3));
  if (!times) return std::nullopt;
  const char c = text[1];
  text.remove_prefix(end + 1);
  return std::string(*times, c);
}

// Resolves \r \n \t \\ \xNN and \{c*N}.
std::optional<std::string> Unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '\\') {
      out += c;
      continue;
    }
    const char kind = text.empty() ? '\0' : text.front();
    if (kind == '{') {
      const std::optional<std::string> run = ReadRun(text);
      if (!run) return std::nullopt;
      out += *run;
      continue;
    }
    std::size_t length = 1;
    if (kind == 'r') {
      out += '\r';
    } else if (kind == 'n') {
      out += '\n';
    } else if (kind == 't') {
      out += '\t';
    } else if (kind == '\\') {
      out += '\\';
    } else if (kind == 'x' && text.size() >= 3) {
      const std::optional<std::size_t> byte = ReadNumber(text.substr(1, 2), 16);
      if (!byte) return std::nullopt;
      out += static_cast<char>(*byte);
      length = 3;
    } else {
      return std::nullopt;
    }
    text.remove_prefix(length);
  }
  return out;
}

std::optional<probe::Duration> ReadWait(std::string_view text) {
  const bool milliseconds = text.ends_with("ms");
  if (!text.ends_with('s')) return std::nullopt;
  text.remove_suffix(milliseconds ? 2 : 1);
  const std::optional<std::size_t> number = ReadNumber(text);
  if (!number) return std::nullopt;
  if (milliseconds) return std::chrono::milliseconds(*number);
  return std::chrono::seconds(*number);
}

// "ERROR refused Connection refused", behind the word ERROR.
std::optional<DialogStep> ReadFault(std::string_view text) {
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  for (std::size_t i = 0; i < probe::kReasonCount; ++i) {
    const auto reason = static_cast<probe::Reason>(i);
    if (probe::Name(reason) != text.substr(0, blank)) continue;
    return DialogStep{.kind = Kind::kError,
                      .text = std::string(text.substr(blank + 1)),
                      .reason = reason};
  }
  return std::nullopt;
}

// "TLS", "TLS untrusted", "TLS TLS1.0": a finished handshake that is good but
// for what is named.
std::optional<DialogStep> ReadTlsOpen(std::string_view words) {
  DialogStep step = StepOf(Kind::kTlsOpen);
  probe::tls::Handshake& handshake = step.handshake;
  handshake.version = probe::tls::Version::kTls13;
  handshake.cipher = "TLS_AES_256_GCM_SHA384";
  handshake.group = "X25519";
  probe::tls::Certificate certificate;
  certificate.subject = "CN=mx.example.com";
  certificate.key = "ecdsa256";
  certificate.names = {"mx.example.com"};
  certificate.not_before = probe::WallTime(std::chrono::sys_days(
      std::chrono::year(2026) / std::chrono::January / 1));
  certificate.not_after = certificate.not_before + std::chrono::days(90);
  probe::tls::Verdict verdict{.trusted = true,
                              .code = 0,
                              .reason = "ok",
                              .name_match = true,
                              .chain_not_after = certificate.not_after};
  bool bare = false;
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find(' '));
    words.remove_prefix(std::min(word.size() + 1, words.size()));
    const auto version = std::find(probe::tls::kVersionNames.begin(),
                                   probe::tls::kVersionNames.end(), word);
    if (word == "untrusted") {
      verdict.trusted = false;
      verdict.code = 10;
      verdict.reason = "cert_has_expired";
    } else if (word == "wrong-name") {
      verdict.name_match = false;
    } else if (word == "bare") {
      bare = true;
    } else if (version != probe::tls::kVersionNames.end()) {
      handshake.version = static_cast<probe::tls::Version>(
          version - probe::tls::kVersionNames.begin());
    } else {
      return std::nullopt;
    }
  }
  if (!bare) {
    handshake.certificate = certificate;
    handshake.verdict = verdict;
  }
  return step;
}

// "TLSERROR alert handshake_failure (40)", behind the word TLSERROR.
std::optional<DialogStep> ReadTlsError(std::string_view text) {
  using enum probe::tls::Error::Kind;
  static constexpr std::pair<std::string_view, probe::tls::Error::Kind>
      kKinds[] = {{"not_tls ", kNotTls},
                  {"alert ", kAlert},
                  {"policy ", kLocalPolicy},
                  {"protocol ", kProtocol},
                  {"internal ", kInternal}};
  for (const auto& [word, kind] : kKinds) {
    if (!text.starts_with(word)) continue;
    DialogStep step = StepOf(Kind::kTlsError);
    step.tls_error.kind = kind;
    step.tls_error.detail = text.substr(word.size());
    return step;
  }
  return std::nullopt;
}

// "MODE required", "VERIFY", "MIN TLS1.2": what the module wants.
bool ReadSetting(std::string_view line, probe::TlsSettings& tls) {
  using enum probe::TlsMode;
  if (line == "MODE opportunistic") {
    tls.mode = kOpportunistic;
  } else if (line == "MODE required") {
    tls.mode = kRequired;
  } else if (line == "MODE implicit") {
    tls.mode = kImplicit;
  } else if (line == "VERIFY") {
    tls.verify = true;
  } else if (line == "MIN TLS1.2") {
    tls.min_version = probe::tls::Version::kTls12;
  } else {
    return false;
  }
  return true;
}

// "S: text", "S*3: text", "R: text", "C: text".
std::optional<DialogStep> ReadSpeech(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view head = line.substr(0, colon);
  std::string_view text = line.substr(colon + 1);
  if (text.starts_with(' ')) text.remove_prefix(1);
  const char speaker = head.empty() ? '\0' : head.front();
  std::size_t times = 1;
  if (head.size() > 1) {
    if (head[1] != '*') return std::nullopt;
    const std::optional<std::size_t> number = ReadNumber(head.substr(2));
    if (!number) return std::nullopt;
    times = *number;
  }
  if (speaker == 'C' && head.size() == 1) {
    return DialogStep{.kind = Kind::kClient, .text = std::string(text)};
  }
  if (speaker != 'S' && speaker != 'R') return std::nullopt;
  std::optional<std::string> bytes = Unescape(text);
  if (!bytes) return std::nullopt;
  if (speaker == 'S') *bytes += "\r\n";
  DialogStep step = StepOf(Kind::kServer);
  for (; times > 0; --times) step.text += *bytes;
  return step;
}

std::optional<DialogStep> ReadStep(std::string_view line) {
  if (line == "EOF") return StepOf(Kind::kEof);
  if (line == "SHUTDOWN") return StepOf(Kind::kShutdown);
  if (line == "CLOSE") return StepOf(Kind::kClose);
  if (line == "TLS") return ReadTlsOpen({});
  if (line.starts_with("TLS ")) return ReadTlsOpen(line.substr(4));
  if (line.starts_with("TLSERROR ")) return ReadTlsError(line.substr(9));
  if (line == "RESET") return ReadFault("reset Connection reset by peer");
  if (line.starts_with("ERROR ")) return ReadFault(line.substr(6));
  if (line.starts_with("WAIT ")) {
    const std::optional<probe::Duration> wait = ReadWait(line.substr(5));
    if (!wait) return std::nullopt;
    DialogStep step = StepOf(Kind::kWait);
    step.wait = *wait;
    return step;
  }
  return ReadSpeech(line);
}

}  // namespace

std::expected<DialogScript, std::string> ReadDialogScript(
    std::string_view text) {
  DialogScript script;
  std::size_t number = 0;
  const auto error = [&number](std::string_view trouble) {
    return std::unexpected(std::to_string(number) + ": " +
                           std::string(trouble));
  };
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return error("no line end at the end");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    ++number;
    if (line == "---") {
      if (script.steps.empty() || script.steps.back().kind != Kind::kClose) {
        return error("the last step is not CLOSE");
      }
      script.conclusion = text;
      return script;
    }
    if (line.empty() || line.starts_with('#')) continue;
    if (ReadSetting(line, script.tls)) continue;
    if (line == "NOCONNECT") {
      script.connects = false;
      continue;
    }
    std::optional<DialogStep> step = ReadStep(line);
    if (!step) return error("bad step \"" + std::string(line) + "\"");
    step->line = number;
    // Lines that nothing stands between arrive together.
    if (step->kind == Kind::kServer && !script.steps.empty() &&
        script.steps.back().kind == Kind::kServer) {
      script.steps.back().text += step->text;
    } else {
      script.steps.push_back(*std::move(step));
    }
  }
  return error("no conclusion behind ---");
}

}  // namespace tests
