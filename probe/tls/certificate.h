// X509 -> facts. Pure; time comes in.
#ifndef PROBE_TLS_CERTIFICATE_H_
#define PROBE_TLS_CERTIFICATE_H_

#include <optional>
#include <string>
#include <string_view>

#include "probe/ip_address.h"
#include "probe/tls/handshake.h"

struct x509_st;

namespace probe::tls {

// Whom the certificate is to name: exactly one of the two is set.
struct ServerName {
  std::string dns;  // Lower case A-labels, without trailing dot. Sent as SNI.
  std::optional<IpAddress> ip;  // No SNI (RFC 6066 section 3).
};

Certificate ReadCertificate(x509_st* certificate);

// Whether the certificate names the server: a DNS name of the subject
// alternative names (a wildcard only as the whole leftmost label), or the
// common name where there are none of those; for an address only the IP
// addresses among them.
bool MatchesName(x509_st* certificate, const ServerName& name);

// OpenSSL's X509_V_* code as a word: "cert_has_expired"; "ok" for 0, "other"
// for codes that this program does not know.
std::string_view VerifyReason(int code);

}  // namespace probe::tls

#endif  // PROBE_TLS_CERTIFICATE_H_
