// How long a certificate is good, and from when on that is too short.
#ifndef EXPORTER_FINDINGS_CERTIFICATE_TERM_H_
#define EXPORTER_FINDINGS_CERTIFICATE_TERM_H_

#include <chrono>

#include "exporter/metrics/row.h"
#include "probe/tls/handshake.h"

namespace exporter::findings {

// In seconds: no date that a certificate's maker chose can overflow them.
struct CertificateTerm {
  // Until it, or the first that it depends on, expires; not positive: it has.
  std::chrono::seconds left;
  bool of_leaf;  // It is the first to expire.
  // Less than that is a warning, or critical, which is never more.
  std::chrono::seconds warning;
  std::chrono::seconds critical;
};

// `shown` has a certificate; row.certified() in most cases.
CertificateTerm TermOf(const metrics::Row& row,
                       const probe::tls::Handshake& shown);

}  // namespace exporter::findings

#endif  // EXPORTER_FINDINGS_CERTIFICATE_TERM_H_
