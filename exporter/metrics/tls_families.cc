// What TLS showed, as last observed.
#include <chrono>

#include "exporter/metrics/family.h"
#include "exporter/metrics/number_text.h"
#include "probe/tls/handshake.h"

namespace exporter::metrics {
namespace {

using probe::tls::Handshake;

constexpr Family kFamilies[] = {
    {"smtp_starttls_success", FamilyType::kGauge,
     "Whether STARTTLS led to TLS when it was last tried. 0: the server "
     "advertised it and then refused it, or the handshake failed; see "
     "smtp_probe_failure_info. Absent where TLS comes first (implicit).",
     [](const Row& row, Samples& samples) {
       if (const bool* const success = row.starttls_success()) {
         samples.Add(*success);
       }
     }},
    {"smtp_plaintext_after_starttls", FamilyType::kGauge,
     "1: bytes in clear came behind the server's 220 to STARTTLS, where a man "
     "in the middle can put words into the server's mouth (CVE-2021-22947). "
     "The probe then fails.",
     [](const Row& row, Samples& samples) {
       if (const bool* const came = row.plaintext_after_starttls()) {
         samples.Add(*came);
       }
     }},
    {"smtp_tls_info", FamilyType::kGauge,
     "Always 1: the version and the cipher that the server chose among all "
     "that it was offered.",
     [](const Row& row, Samples& samples) {
       if (const Handshake* const handshake = row.handshake()) {
         samples.Info({{"version", Name(handshake->version)},
                       {"cipher", handshake->cipher}});
       }
     }},
};

// Certificates count in whole seconds; as a double of nanoseconds a far date
// would not be whole.
double CertificateTime(probe::WallTime time) {
  return static_cast<double>(
      std::chrono::floor<std::chrono::seconds>(time.time_since_epoch())
          .count());
}

constexpr Family kCertificateFamilies[] = {
    {"smtp_tls_certificate_not_after_timestamp_seconds", FamilyType::kGauge,
     "When the server's certificate expires, as a Unix time.",
     [](const Row& row, Samples& samples) {
       const Handshake* const shown = row.certified();
       if (shown == nullptr) return;
       samples.Add({{"key", shown->certificate->key}},
                   CertificateTime(shown->certificate->not_after));
     }},
    {"smtp_tls_certificate_not_before_timestamp_seconds", FamilyType::kGauge,
     "When the server's certificate became valid or will, as a Unix time.",
     [](const Row& row, Samples& samples) {
       const Handshake* const shown = row.certified();
       if (shown == nullptr) return;
       samples.Add({{"key", shown->certificate->key}},
                   CertificateTime(shown->certificate->not_before));
     }},
    {"smtp_tls_chain_not_after_timestamp_seconds", FamilyType::kGauge,
     "When the first certificate expires among the server's and those that it "
     "depends on up to the root, as a Unix time.",
     [](const Row& row, Samples& samples) {
       const Handshake* const shown = row.certified();
       if (shown == nullptr) return;
       samples.Add({{"key", shown->certificate->key}},
                   CertificateTime(shown->verdict->chain_not_after));
     }},
    {"smtp_tls_certificate_trusted", FamilyType::kGauge,
     "Whether the server's certificate leads to a trusted root, with all on "
     "the way valid now; if not, smtp_tls_verify_info tells why. Other mail "
     "servers mostly deliver all the same. Says nothing about the name.",
     [](const Row& row, Samples& samples) {
       const Handshake* const shown = row.certified();
       if (shown == nullptr || !shown->verdict->trust_known) return;
       samples.Add({{"key", shown->certificate->key}}, shown->verdict->trusted);
     }},
    {"smtp_tls_certificate_name_match", FamilyType::kGauge,
     "Whether the server's certificate names the host or address that it was "
     "reached by. Says nothing about trust.",
     [](const Row& row, Samples& samples) {
       const Handshake* const shown = row.certified();
       if (shown == nullptr) return;
       samples.Add({{"key", shown->certificate->key}},
                   shown->verdict->name_match);
     }},
    {"smtp_tls_verify_info", FamilyType::kGauge,
     "Always 1: what OpenSSL finds wrong with the server's certificate or the "
     "chain to its root, as a code and as a word; code 0 is ok.",
     [](const Row& row, Samples& samples) {
       const Handshake* const shown = row.certified();
       if (shown == nullptr || !shown->verdict->trust_known) return;
       const NumberText code(static_cast<double>(shown->verdict->code));
       samples.Info({{"code", code.view()},
                     {"reason", shown->verdict->reason},
                     {"key", shown->certificate->key}});
     }},
    {"smtp_tls_certificate_info", FamilyType::kGauge,
     "Always 1: the server's certificate. With another fingerprint it is "
     "another certificate.",
     [](const Row& row, Samples& samples) {
       const Handshake* const shown = row.certified();
       if (shown == nullptr) return;
       const probe::tls::Certificate& certificate = *shown->certificate;
       samples.Info({{"fingerprint_sha256", certificate.fingerprint_sha256},
                     {"subject", certificate.subject},
                     {"issuer", certificate.issuer},
                     {"serial", certificate.serial},
                     {"key", certificate.key}});
     }},
};

}  // namespace

std::span<const Family> TlsFamilies() { return kFamilies; }

std::span<const Family> CertificateFamilies() { return kCertificateFamilies; }

}  // namespace exporter::metrics
