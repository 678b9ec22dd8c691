#include "exporter/findings/certificate_term.h"

#include <algorithm>

namespace exporter::findings {
namespace {

using std::chrono::days;
using std::chrono::seconds;

// Enough to renew by hand what should have been renewed by itself.
constexpr days kWarnBefore{21};
constexpr days kCriticalBefore{3};
// Certificates that live for weeks are renewed when a third is left, so that
// two thirds of their time are no reason to warn.
constexpr int kWarnShare = 3;
constexpr int kCriticalShare = 10;

}  // namespace

CertificateTerm TermOf(const metrics::Row& row,
                       const probe::tls::Handshake& shown) {
  const seconds leaf = probe::UnixTime(shown.certificate->not_after);
  const seconds end =
      std::min(leaf, probe::UnixTime(shown.verdict->chain_not_after));
  const seconds life = leaf - probe::UnixTime(shown.certificate->not_before);
  const auto& expected = row.target().expect.certificate_days;
  const seconds warning =
      expected ? seconds(days(*expected))
               : std::min(seconds(kWarnBefore), life / kWarnShare);
  // Who expects less than that is content with it.
  const seconds critical =
      std::min({seconds(kCriticalBefore), life / kCriticalShare, warning});
  return {.left = end - probe::UnixTime(row.now().wall),
          .of_leaf = end == leaf,
          .warning = warning,
          .critical = critical};
}

}  // namespace exporter::findings
