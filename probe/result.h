// The outcome of one probe: exactly one ProbeResult per attempt.
#ifndef PROBE_RESULT_H_
#define PROBE_RESULT_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probe/clock.h"
#include "probe/smtp/banner.h"
#include "probe/smtp/ehlo.h"
#include "probe/smtp/quirk.h"
#include "probe/tls/handshake.h"

namespace probe {

// The steps of a probe, in their order. Values of the label `phase`.
enum class Phase {
  kResolve,
  kConnect,
  kGreeting,
  kEhlo,
  kStarttls,
  kTls,
  kEhloTls,
  kQuit,
};
inline constexpr std::size_t kPhaseCount = 8;

// Why a probe failed: one reason each, values of the label `reason`. Closed:
// to rename one is a breaking change.
enum class Reason {
  kDnsNotFound,         // The name does not exist (NXDOMAIN).
  kDnsTimeout,          // No resolver answered in time.
  kDnsFailure,          // SERVFAIL, REFUSED or a broken answer.
  kNullMx,              // The domain declares that it takes no mail (RFC 7505).
  kNoAddress,           // The name exists and has no usable address.
  kRefused,             // The peer's host refused the connection.
  kUnreachable,         // No route, here or on the way (ICMP, EADDRNOTAVAIL).
  kTimeout,             // The phase took longer than it may.
  kReset,               // The connection was reset.
  kClosed,              // The peer closed before it had to.
  kRejectedTemporary,   // A 4xx reply other than 421.
  kRejectedPermanent,   // A 5xx reply.
  kServiceClosing,      // 421: too busy or shutting down (RFC 5321 3.8).
  kProtocolError,       // Bytes that are no SMTP reply, or one that makes no
                        // sense here (1xx, 3xx).
  kNotSmtp,             // The first bytes belong to another protocol.
  kReplyTooLarge,       // Beyond the limits in smtp/reply.h.
  kDesync,              // Bytes that nobody asked for.
  kPlaintextInjection,  // Cleartext behind the 220 to STARTTLS.
  kTlsOnPlainPort,      // TLS records where a greeting was due.
  kPlainOnTlsPort,      // A greeting where TLS records were due.
  kStarttlsNotAdvertised,  // Only where the module demands TLS.
  kTlsAlert,
  kTlsProtocol,
  kTlsLocalPolicy,
  kCertificateUntrusted,
  kCertificateName,
  kBackoff,   // Not tried, out of politeness: the server asked us to come
              // later, or held another conversation of ours all the time.
  kShutdown,  // Not finished: this program is stopping.
  kInternal,  // Our own fault: out of descriptors or memory.
};
inline constexpr std::size_t kReasonCount = 29;

std::string_view Name(Phase phase);
std::string_view Name(Reason reason);

// Whether the cause is on this side, so that it says nothing about the server:
// backoff, shutdown, internal.
bool IsOurOwn(Reason reason);

struct Failure {
  Phase phase = Phase::kConnect;
  Reason reason = Reason::kInternal;
  // What came or what the system said, one line of printable UTF-8; may be "".
  std::string detail;

  friend bool operator==(const Failure&, const Failure&) = default;
};

// One line said in either direction, or a remark of ours.
struct TranscriptLine {
  enum class Speaker { kClient, kServer, kNote };
  Speaker speaker = Speaker::kNote;
  Duration at{};     // Since the start of the probe.
  std::string text;  // Printable UTF-8, without line end.
};

struct ProbeResult {
  Moment finished;      // When the conversation was over.
  Duration duration{};  // From the start to the verdict; QUIT included.
  // The phases that were entered. A phase that failed has its time until then.
  std::array<std::optional<Duration>, kPhaseCount> phase_durations{};
  // How long until this endpoint's next probe is due, back-off included.
  Duration interval{};

  // None: everything that the module demands was done.
  std::optional<Failure> failure;
  // A final 2xx greeting and a positive answer to EHLO or HELO were seen.
  bool reachable = false;
  // QUIT was answered by 221. Noted, never a failure.
  bool quit_ok = false;

  // Facts; a member without value was not observed by this probe.
  std::optional<smtp::Banner> banner;
  std::optional<smtp::Capabilities> clear;   // EHLO or HELO before TLS.
  std::optional<smtp::Capabilities> inside;  // EHLO (or HELO) inside TLS.
  // Whether STARTTLS led to TLS. None: it was not asked for, or the answer says
  // nothing about it (421).
  std::optional<bool> starttls_success;
  // Whether bytes in clear came behind the 220 to STARTTLS, which a man in the
  // middle can put there (CVE-2021-22947). None: there was no such 220.
  std::optional<bool> plaintext_after_starttls;
  std::optional<tls::Handshake> handshake;
  // Quirks of replies that became no fact (a refusal with mixed codes).
  smtp::Quirks quirks;

  std::vector<TranscriptLine> transcript;  // Bounded, see smtp/dialog.h.

  bool success() const { return !failure.has_value(); }
};

}  // namespace probe

#endif  // PROBE_RESULT_H_
