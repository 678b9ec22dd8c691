// What there is to say of the way into TLS.
#include <string>

#include "exporter/findings/codes.h"
#include "exporter/findings/parts.h"
#include "probe/target.h"
#include "probe/tls/version.h"

namespace exporter::findings {
namespace {

using metrics::Row;
using probe::Phase;
using probe::Reason;
using probe::TlsMode;
using probe::tls::Version;

bool IsMasked(const Row& row) {
  using probe::smtp::Quirk;
  return row.clear()->quirks.Has(Quirk::kMiddleboxMasked) ||
         (row.banner() != nullptr &&
          row.banner()->quirks.Has(Quirk::kMiddleboxMasked));
}

void AddMissing(const Row& row, Collector& out) {
  const probe::Target& target = row.target();
  // Who did not ask for TLS and does not expect it knows what he gets.
  const bool wanted = target.expect.starttls.value_or(false) ||
                      target.conversation->tls.mode != TlsMode::kNone;
  out.Add(wanted ? Level::kCritical : Level::kWarning, kStarttlsMissing, [&] {
    Text text{row.clear()->esmtp
                  ? "STARTTLS is not offered"
                  : "STARTTLS is not offered: the server knows only HELO"};
    text.advice =
        IsMasked(row)
            ? "A firewall rewrites the server's answers and seems to hide it "
              "(Cisco \"inspect esmtp\"): turn that inspection off. Until then "
              "mail travels in clear."
            : "Mail and passwords travel in clear. Turn TLS on at the server "
              "(Postfix: smtpd_tls_security_level=may), see that it can read "
              "its certificate and key, and look for a firewall that hides "
              "STARTTLS.";
    return text;
  });
}

void AddStarttls(const Row& row, Collector& out) {
  if (row.clear() == nullptr) return;
  const std::optional<bool>& expected = row.target().expect.starttls;
  if (!row.clear()->starttls) {
    if (expected.value_or(true)) AddMissing(row, out);
  } else if (!expected.value_or(true)) {
    out.Add(Level::kWarning, kStarttlsUnexpected,
            "STARTTLS is offered, and expected not to be",
            "Correct expect.starttls if the server is meant to offer it.");
  }
}

// The failure says it already, and why.
bool FailedOnTheWay(const Row& row) {
  if (row.verdict() == nullptr || row.failure() == nullptr) return false;
  const Phase phase = row.failure()->phase;
  return phase == Phase::kStarttls || phase == Phase::kTls;
}

void AddOutcome(const Row& row, Collector& out) {
  const bool* const success = row.starttls_success();
  if (success != nullptr && !*success && !FailedOnTheWay(row)) {
    out.Add(Level::kCritical, kStarttlsFailed,
            "STARTTLS is offered and did not work when it was last tried",
            "Mail travels in clear or waits. Look at the TLS settings, the "
            "certificate and the log of the server.");
  }
  const bool* const injected = row.plaintext_after_starttls();
  if (injected != nullptr && *injected) {
    out.Add(Level::kCritical, Name(Reason::kPlaintextInjection),
            "Clear text came between STARTTLS and TLS when it was last tried",
            "Somebody on the way may put words into the server's mouth "
            "(CVE-2021-22947), or the server is broken. Compare from another "
            "network, and update the server.");
  }
}

void AddVersion(const Row& row, Collector& out) {
  const probe::tls::Handshake* const handshake = row.handshake();
  if (handshake == nullptr) return;
  const bool refused = row.verdict() != nullptr && row.failure() != nullptr &&
                       row.failure()->reason == Reason::kTlsLocalPolicy;
  const std::string version(Name(handshake->version));
  const auto& least = row.target().expect.tls_min_version;
  const bool unmet = least && handshake->version < *least;
  if ((unmet || handshake->version < Version::kTls12) && !refused) {
    out.Add(Level::kWarning, kTlsVersionOld, [&] {
      return Text{unmet ? "The server speaks " + version + ", and " +
                              std::string(Name(*least)) + " is expected"
                        : "The server speaks only " + version,
                  "It was offered all versions up to TLS1.3 and chose this "
                  "one. TLS 1.0 and 1.1 are broken and many clients refuse "
                  "them: allow newer versions there, or update its TLS "
                  "library."};
    });
  }
  if (!IsLatest(row, row.state().handshake_observed) || FailedOnTheWay(row)) {
    return;
  }
  out.Add(Level::kOk, kTlsWorks, [&] {
    const bool implicit =
        row.target().conversation->tls.mode == TlsMode::kImplicit;
    return Text{(implicit ? "TLS works: " : "STARTTLS works: ") + version +
                ", " + handshake->cipher};
  });
}

}  // namespace

void AddTls(const Row& row, Collector& out) {
  AddStarttls(row, out);
  AddOutcome(row, out);
  AddVersion(row, out);
}

}  // namespace exporter::findings
