// What there is to say of the certificate.
#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "exporter/findings/certificate_term.h"
#include "exporter/findings/codes.h"
#include "exporter/findings/parts.h"
#include "exporter/findings/quantity.h"
#include "probe/smtp/text.h"
#include "probe/target.h"
#include "probe/tls/handshake.h"

namespace exporter::findings {
namespace {

using metrics::Row;
using probe::Reason;
using probe::tls::Handshake;
using std::chrono::days;
using std::chrono::seconds;

constexpr std::size_t kMaxShown = 100;
constexpr std::size_t kMaxNamesShown = 3;

struct Distrust {
  std::string_view reason;  // As in tls::Verdict.
  std::string_view advice;
};

constexpr Distrust kDistrusts[] = {
    {"depth_zero_self_signed_cert",
     "It is signed by itself, so anybody could have made it. Install one of a "
     "known authority (Let's Encrypt is free); for one that is meant to be so, "
     "name it in tls.ca_file."},
    {"self_signed_cert_in_chain",
     "It leads to a root that this host does not trust. For an authority of "
     "your own, name its root in tls.ca_file or install it in the system."},
    {"unable_to_get_issuer_cert_locally",
     "The server does not send the certificates between its own and the root, "
     "or the root is unknown here. Let it send the whole chain (fullchain.pem "
     "instead of cert.pem)."},
    {"unable_to_verify_leaf_signature",
     "The server sends its own certificate alone. Let it send the whole chain "
     "(fullchain.pem instead of cert.pem)."},
    {"unable_to_get_issuer_cert",
     "A certificate between its own and the root is missing. Let the server "
     "send the whole chain (fullchain.pem instead of cert.pem)."},
    {"cert_has_expired",
     "A certificate that it depends on has expired: the chain that the server "
     "sends is old. Install the current intermediates of the authority."},
    {"invalid_purpose",
     "It was not made for servers. Get one with the purpose serverAuth."},
};

std::string_view AdviceOn(std::string_view reason) {
  const auto* const known =
      std::ranges::find(kDistrusts, reason, &Distrust::reason);
  return known != std::end(kDistrusts)
             ? known->advice
             : "See what OpenSSL says with \"openssl s_client -starttls smtp "
               "-showcerts\", and get a new one from the authority.";
}

// "certificate", or "rsa2048 certificate" where the server may have several.
std::string CertificateWord(const Row& row, const Handshake& shown) {
  return row.target().certificate_conversations.empty()
             ? "certificate"
             : shown.certificate->key + " certificate";
}

// Clients of these care; other mail servers mostly deliver all the same.
Level FaultLevel(const Row& row) {
  return row.target().conversation->tls.verify ||
                 row.target().role == probe::Role::kSubmission
             ? Level::kCritical
             : Level::kWarning;
}

std::string NamesText(const probe::tls::Certificate& certificate) {
  if (certificate.names.empty()) {
    return certificate.subject.empty()
               ? "nobody"
               : probe::smtp::Printable(certificate.subject, kMaxShown);
  }
  std::string text;
  const std::size_t shown = std::min(certificate.names.size(), kMaxNamesShown);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += ", ";
    text += probe::smtp::Printable(certificate.names[i], kMaxShown);
  }
  const std::size_t more =
      certificate.names.size() - shown + certificate.more_names;
  return more > 0 ? text + " and " + std::to_string(more) + " more" : text;
}

// False: there is nothing to complain of.
bool AddDates(const Row& row, const Handshake& shown, Collector& out) {
  const probe::tls::Certificate& certificate = *shown.certificate;
  const CertificateTerm term = TermOf(row, shown);
  const seconds now = probe::UnixTime(row.now().wall);
  const seconds begin = probe::UnixTime(certificate.not_before);
  const std::string word = CertificateWord(row, shown);
  if (begin > now) {
    out.Add(Level::kCritical, kCertificateNotYetValid, [&] {
      return Text{
          "The " + word + " becomes valid only in " + SpanText(begin - now),
          "The clock of the host that made it, or of this one, is "
          "wrong, or it was installed too early."};
    });
    return true;
  }
  const std::string subject =
      term.of_leaf ? "The " + word
                   : "A certificate that the server's depends on";
  if (term.left <= seconds(0)) {
    out.Add(Level::kCritical, kCertificateExpired, [&] {
      return Text{subject + " expired " + SpanText(-term.left) + " ago",
                  term.of_leaf
                      ? "Renew it and let the server read it again. If it "
                        "was renewed, the server was not reloaded."
                      : "The chain that the server sends is old: install the "
                        "current intermediates of the authority."};
    });
    return true;
  }
  if (term.left >= term.warning) return false;
  out.Add(term.left < term.critical ? Level::kCritical : Level::kWarning,
          kCertificateExpiresSoon, [&] {
            return Text{subject + " expires in " + SpanText(term.left),
                        "Renew it now, and see why that did not happen by "
                        "itself (certbot, acme.sh, a timer). If it was "
                        "renewed, reload the server."};
          });
  return true;
}

bool AddTrust(const Row& row, const Handshake& shown, Collector& out) {
  const probe::tls::Verdict& verdict = *shown.verdict;
  if (!verdict.trust_known) {
    out.Add(Level::kInfo, kTrustUnknown,
            "Whether the certificate is trusted cannot be told here",
            "This host has no root certificates: install ca-certificates, or "
            "name a bundle in tls.ca_file.");
    return false;
  }
  if (verdict.trusted) return false;
  const seconds now = probe::UnixTime(row.now().wall);
  const bool dates_tell =
      (verdict.reason == "cert_has_expired" &&
       probe::UnixTime(verdict.chain_not_after) <= now) ||
      (verdict.reason == "cert_not_yet_valid" &&
       probe::UnixTime(shown.certificate->not_before) > now);
  if (dates_tell) return true;
  out.Add(FaultLevel(row), Name(Reason::kCertificateUntrusted), [&] {
    return Text{"The " + CertificateWord(row, shown) + " is not trusted (" +
                    std::string(verdict.reason) + ")",
                std::string(AdviceOn(verdict.reason))};
  });
  return true;
}

// The name that it should have.
std::string WantedName(const Row& row) {
  const std::string& configured = row.target().conversation->tls.server_name;
  if (!configured.empty()) return configured;
  const probe::Endpoint& endpoint = *row.place().endpoint;
  if (!endpoint.server_name.empty()) return endpoint.server_name;
  return endpoint.address ? endpoint.address->ToString() : row.target().host;
}

bool AddName(const Row& row, const Handshake& shown, Collector& out) {
  if (shown.verdict->name_match) return false;
  const probe::TlsSettings& tls = row.target().conversation->tls;
  // Nobody gets a certificate for an address without wanting to.
  const bool by_address =
      row.target().literal && tls.server_name.empty() && !tls.verify;
  out.Add(by_address ? Level::kInfo : FaultLevel(row),
          Name(Reason::kCertificateName), [&] {
            return Text{"The " + CertificateWord(row, shown) +
                            " does not name " + WantedName(row),
                        "It names " + NamesText(*shown.certificate) +
                            ". Get one for the name by which clients and MX "
                            "records know the server, or use that name here "
                            "(tls.server_name)."};
          });
  return true;
}

}  // namespace

void AddCertificate(const Row& row, Collector& out) {
  const Handshake* const handshake = row.handshake();
  if (handshake != nullptr && !handshake->certificate) {
    return out.Add(FaultLevel(row), kCertificateMissing,
                   "The server presents no certificate",
                   "Whoever stands between can pose as this server. Turn "
                   "anonymous ciphers off there and install a certificate.");
  }
  const Handshake* const shown = row.certified();
  if (shown == nullptr) return;
  const bool dates = AddDates(row, *shown, out);
  const bool trust = AddTrust(row, *shown, out);
  const bool name = AddName(row, *shown, out);
  const bool latest = IsLatest(row, row.state().handshake_observed);
  if (dates || trust || name || !latest) return;
  out.Add(Level::kOk, kCertificateValid, [&] {
    const seconds left = TermOf(row, *shown).left;
    return Text{
        "The " + CertificateWord(row, *shown) + " is good for " +
        Counted(std::chrono::duration_cast<days>(left).count(), "more day")};
  });
}

}  // namespace exporter::findings
