#include "probe/smtp/tls_outcome.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string_view>

#include "probe/smtp/text.h"

namespace probe::smtp {
namespace {

constexpr std::size_t kMaxShown = 300;
constexpr std::size_t kMaxNamesShown = 3;

Failure Failed(Reason reason, std::string detail) {
  return {.phase = Phase::kTls, .reason = reason, .detail = std::move(detail)};
}

std::string DateText(WallTime time) {
  const std::chrono::year_month_day date(
      std::chrono::floor<std::chrono::days>(time));
  std::array<char, 32> text{};
  std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return text.data();
}

// "mx.example.com, mail.example.com and 4 more"
std::string NamesText(const tls::Certificate& certificate) {
  if (certificate.names.empty()) {
    return certificate.subject.empty() ? "no name" : certificate.subject;
  }
  std::string text;
  const std::size_t shown = std::min(certificate.names.size(), kMaxNamesShown);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += ", ";
    text += certificate.names[i];
  }
  const std::size_t more =
      certificate.names.size() - shown + certificate.more_names;
  if (more > 0) text += " and " + std::to_string(more) + " more";
  return Printable(text, kMaxShown);
}

std::string VerdictText(const tls::Verdict& verdict) {
  return std::string(verdict.reason) + " (" + std::to_string(verdict.code) +
         ")";
}

// A reply's code, or as much of it as has arrived.
bool IsReplyStart(std::string_view line) {
  line = line.substr(0, 3);
  return !line.empty() && line[0] >= '2' && line[0] <= '5' &&
         line.find_first_not_of("0123456789") == std::string_view::npos;
}

// What a server may say to our ClientHello if it takes it for a command: a 5xx,
// or another protocol's bytes. All else was on its way before, and whether it
// came before our ClientHello left is chance.
bool MayAnswerGarbage(std::string_view shown) {
  return shown.starts_with('5') || shown.starts_with("\\x");
}

}  // namespace

std::optional<Failure> JudgeHandshake(const TlsSettings& wanted,
                                      const tls::Handshake& handshake) {
  if (handshake.version < wanted.min_version) {
    return Failed(Reason::kTlsLocalPolicy,
                  std::string(Name(handshake.version)) + " is below " +
                      std::string(Name(wanted.min_version)) +
                      ", the module's min_version");
  }
  if (!wanted.verify) return std::nullopt;
  if (!handshake.certificate || !handshake.verdict) {
    return Failed(Reason::kCertificateUntrusted,
                  "the server presented no certificate");
  }
  const tls::Certificate& certificate = *handshake.certificate;
  const tls::Verdict& verdict = *handshake.verdict;
  if (!verdict.trusted) {
    return Failed(Reason::kCertificateUntrusted,
                  VerdictText(verdict) + ": " +
                      Printable(certificate.subject, kMaxShown) +
                      ", valid from " + DateText(certificate.not_before) +
                      " to " + DateText(certificate.not_after));
  }
  if (!verdict.name_match) {
    return Failed(Reason::kCertificateName,
                  "the certificate is for " + NamesText(certificate));
  }
  return std::nullopt;
}

Failure FailureOf(const tls::Error& error, TlsMode mode) {
  using enum tls::Error::Kind;
  switch (error.kind) {
    case kNotTls:
      if (mode == TlsMode::kImplicit || !MayAnswerGarbage(error.detail)) {
        return CleartextFailure(error.detail, mode);
      }
      return Failed(Reason::kTlsProtocol,
                    "no TLS came but: " + Printable(error.detail, kMaxShown));
    case kAlert:
      return Failed(Reason::kTlsAlert, "the server sent the alert " +
                                           Printable(error.detail, kMaxShown));
    case kLocalPolicy:
      return Failed(Reason::kTlsLocalPolicy,
                    "the TLS library here refuses the server: " +
                        Printable(error.detail, kMaxShown));
    case kProtocol:
      return Failed(Reason::kTlsProtocol,
                    "broken TLS: " + Printable(error.detail, kMaxShown));
    case kInternal:
      break;
  }
  return Failed(Reason::kInternal, Printable(error.detail, kMaxShown));
}

Failure CleartextFailure(std::string_view line, TlsMode mode) {
  const std::string shown = Printable(line, kMaxShown);
  if (mode != TlsMode::kImplicit) {
    return Failed(Reason::kPlaintextInjection,
                  "behind the 220 to STARTTLS came in clear: " + shown);
  }
  if (IsReplyStart(line)) {
    return Failed(Reason::kPlainOnTlsPort,
                  "the server speaks SMTP in clear: " + shown);
  }
  return Failed(Reason::kTlsProtocol, "no TLS came but: " + shown);
}

std::string Summary(const tls::Handshake& handshake) {
  std::string text =
      std::string(Name(handshake.version)) + " " + handshake.cipher;
  if (!handshake.group.empty()) text += " " + handshake.group;
  if (!handshake.certificate || !handshake.verdict) {
    return text + ", no certificate";
  }
  const tls::Certificate& certificate = *handshake.certificate;
  text += ", certificate " + certificate.key + " for " +
          NamesText(certificate) + " until " + DateText(certificate.not_after) +
          ", ";
  text += handshake.verdict->trusted
              ? "trusted"
              : "not trusted: " + VerdictText(*handshake.verdict);
  text += handshake.verdict->name_match ? "" : ", not for this name";
  return text;
}

}  // namespace probe::smtp
