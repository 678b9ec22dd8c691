#include "exporter/findings/fact_levels.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "exporter/findings/codes.h"
#include "exporter/findings/collector.h"
#include "exporter/findings/failure_words.h"
#include "exporter/findings/parts.h"
#include "probe/result.h"

namespace exporter::findings {
namespace {

using probe::Phase;
using probe::Reason;

// Places in kFacts.
enum Fact : std::size_t {
  kReachability,
  kStarttls,
  kAuth,
  kSize,
  kBanner,
  kCertificate,
};

struct About {
  std::string_view code;
  Fact fact;
};

// None: the finding is about no fact.
std::optional<Fact> FactOf(std::string_view code) {
  static const std::array kAbouts = std::to_array<About>({
      {kReachable, kReachability},
      {kStarttlsMissing, kStarttls},
      {kStarttlsUnexpected, kStarttls},
      {kStarttlsFailed, kStarttls},
      {Name(Reason::kPlaintextInjection), kStarttls},
      {kTlsWorks, kStarttls},
      {kTlsVersionOld, kStarttls},
      {kAuthOn25, kAuth},
      {kAuthInClear, kAuth},
      {kAuthMissing, kAuth},
      {kAuthUnexpected, kAuth},
      {kAuthRight, kAuth},
      // Any limit is as good as another as long as none is expected: kSizeLimit
      // is not here.
      {kSizeTooSmall, kSize},
      {kSizeUnknown, kSize},
      {kSizeSmallerInTls, kSize},
      {kBannerMatch, kBanner},
      {kBannerMismatch, kBanner},
      {kCertificateMissing, kCertificate},
      {kCertificateTypeMissing, kCertificate},
      {kCertificateValid, kCertificate},
      {kCertificateExpiresSoon, kCertificate},
      {kCertificateExpired, kCertificate},
      {kCertificateNotYetValid, kCertificate},
      {kTrustUnknown, kCertificate},
      {Name(Reason::kCertificateUntrusted), kCertificate},
      {Name(Reason::kCertificateName), kCertificate},
  });
  const auto about = std::ranges::find(kAbouts, code, &About::code);
  return about != kAbouts.end() ? std::optional(about->fact) : std::nullopt;
}

void Raise(std::optional<Level>& level, Level to) {
  level = std::max(level.value_or(to), to);
}

// What the latest probe's failure is about.
std::optional<Fact> FailedFact(const metrics::Row& row) {
  if (!row.reachable()) return kReachability;
  const Phase phase = row.failure()->phase;
  if (phase == Phase::kStarttls || phase == Phase::kTls) return kStarttls;
  return std::nullopt;
}

}  // namespace

FactLevels FactLevelsOf(const metrics::Row& row) {
  Collector collector(Collector::Keep::kLevels);
  AddPlace(row, Level::kCritical, collector);
  const bool tried = row.verdict() != nullptr;
  const probe::Failure* const failure = tried ? row.failure() : nullptr;
  const std::string_view failed =
      failure != nullptr ? CodeOf(*failure) : std::string_view();
  FactLevels levels;
  if (tried && row.reachable()) levels[kReachability] = Level::kOk;
  for (const auto& [code, level] : collector.seen()) {
    std::optional<Fact> fact = FactOf(code);
    if (!fact && code == failed) fact = FailedFact(row);
    if (fact) Raise(levels[*fact], level);
  }
  return levels;
}

}  // namespace exporter::findings
