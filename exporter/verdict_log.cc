#include "exporter/verdict_log.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/logging.h"
#include "probe/tls/handshake.h"
#include "probe/tls/version.h"

namespace exporter {
namespace {

using probe::tls::Handshake;
using probe::tls::KeyType;

// Of a certificate's names a line shows so many; some have a hundred.
constexpr std::size_t kMaxLoggedNames = 5;

std::string ServerText(const probe::Endpoint& endpoint) {
  if (endpoint.server_name.empty()) return endpoint.ServerKey();
  return endpoint.server_name + ":" + std::to_string(endpoint.port);
}

std::string AddressText(const probe::Endpoint& endpoint) {
  return endpoint.address ? endpoint.address->ToString() : "none";
}

KeyType AskedType(const probe::Endpoint& endpoint) {
  return endpoint.conversation->tls.key_type;
}

// A line about `endpoint`; each of `more` is a LogField.
template <typename... Fields>
void LogAbout(const probe::Endpoint& endpoint, LogLevel level,
              std::string_view message, const Fields&... more) {
  const LogField server("server", ServerText(endpoint));
  const LogField address("address", AddressText(endpoint));
  const KeyType type = AskedType(endpoint);
  if (type == KeyType::kAny) {
    return Log(level, message, {server, address, more...});
  }
  Log(level, message,
      {server,
       address,
       {"certificate_type", type == KeyType::kRsa ? "rsa" : "ecdsa"},
       more...});
}

bool SameVerdict(const std::optional<probe::Failure>& a,
                 const std::optional<probe::Failure>& b) {
  if (!a || !b) return !a && !b;
  return a->phase == b->phase && a->reason == b->reason;
}

void LogVerdict(const probe::Endpoint& endpoint,
                const std::optional<probe::Failure>& failure) {
  if (!failure) {
    return LogAbout(endpoint, LogLevel::kInfo, "Probe succeeds again");
  }
  LogAbout(endpoint, LogLevel::kWarn, "Probe failed",
           LogField("phase", Name(failure->phase)),
           LogField("reason", Name(failure->reason)),
           LogField("detail", failure->detail));
}

void LogOffer(const probe::Endpoint& endpoint,
              const probe::smtp::Capabilities& was,
              const probe::smtp::Capabilities& is) {
  if (was.starttls && !is.starttls) {
    LogAbout(endpoint, LogLevel::kWarn, "STARTTLS is no longer advertised");
  }
  if (!was.starttls && is.starttls) {
    LogAbout(endpoint, LogLevel::kInfo, "STARTTLS is advertised now");
  }
  if (was.auth != is.auth) {
    LogAbout(endpoint, LogLevel::kInfo,
             is.auth ? "AUTH is offered in clear now"
                     : "AUTH is no longer offered in clear");
  }
}

std::string DateText(probe::WallTime time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(second - day);
  char text[40];
  std::snprintf(text, sizeof(text), "%04d-%02u-%02uT%02d:%02d:%02dZ",
                static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

std::string NamesText(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMaxLoggedNames); ++i) {
    if (i > 0) text += ' ';
    text += names[i];
  }
  if (names.size() > kMaxLoggedNames) text += " ...";
  return text;
}

void LogTrust(const probe::Endpoint& endpoint, const Handshake& was,
              const Handshake& is) {
  const LogField subject("subject", is.certificate->subject);
  const bool known = was.verdict->trust_known && is.verdict->trust_known;
  // A certificate that is found untrusted for another reason is news too.
  if (known && !is.verdict->trusted && was.verdict->code != is.verdict->code) {
    LogAbout(endpoint, LogLevel::kWarn, "Certificate is not trusted",
             LogField("reason", is.verdict->reason), subject);
  }
  if (known && is.verdict->trusted && !was.verdict->trusted) {
    LogAbout(endpoint, LogLevel::kInfo, "Certificate is trusted now", subject);
  }
  if (was.verdict->name_match && !is.verdict->name_match) {
    LogAbout(endpoint, LogLevel::kWarn, "Certificate does not name the server",
             subject, LogField("names", NamesText(is.certificate->names)));
  }
  if (!was.verdict->name_match && is.verdict->name_match) {
    LogAbout(endpoint, LogLevel::kInfo, "Certificate names the server now",
             subject);
  }
}

void LogHandshake(const probe::Endpoint& endpoint, const Handshake& was,
                  const Handshake& is) {
  if (AskedType(endpoint) == KeyType::kAny && was.version != is.version) {
    LogAbout(endpoint, LogLevel::kInfo, "TLS version changed",
             LogField("from", Name(was.version)),
             LogField("to", Name(is.version)));
  }
  if (!was.certificate || !was.verdict) return;
  if (!is.certificate || !is.verdict) return;
  if (was.certificate->fingerprint_sha256 !=
      is.certificate->fingerprint_sha256) {
    LogAbout(endpoint, LogLevel::kInfo, "Certificate changed",
             LogField("from", was.certificate->fingerprint_sha256),
             LogField("to", is.certificate->fingerprint_sha256),
             LogField("not_after", DateText(is.certificate->not_after)));
  }
  LogTrust(endpoint, was, is);
}

}  // namespace

void LogTransition(const probe::Endpoint& endpoint,
                   const ResultStore::Transition& transition) {
  const EndpointState* before = transition.before.get();
  const EndpointState& after = *transition.after;
  const std::optional<probe::Failure> was =
      before != nullptr ? before->verdict->failure : std::nullopt;
  if (!SameVerdict(was, after.verdict->failure)) {
    LogVerdict(endpoint, after.verdict->failure);
  }
  if (before == nullptr) return;
  const bool main = AskedType(endpoint) == KeyType::kAny;
  if (main && before->clear && after.clear) {
    LogOffer(endpoint, *before->clear, *after.clear);
  }
  if (before->handshake && after.handshake) {
    LogHandshake(endpoint, *before->handshake, *after.handshake);
  }
}

}  // namespace exporter
