// What a target wants against what its endpoint was seen to do. Pure functions
// of the target and the facts; nothing is judged that was not observed.
#ifndef EXPORTER_EXPECTATIONS_H_
#define EXPORTER_EXPECTATIONS_H_

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "probe/clock.h"
#include "probe/smtp/banner.h"
#include "probe/smtp/ehlo.h"
#include "probe/target.h"
#include "probe/tls/handshake.h"

namespace re2 {
class RE2;
}

namespace exporter {

// Whether two host names are the same: case and a trailing dot do not count.
bool SameHost(std::string_view a, std::string_view b);

// Judges a greeting. Made once per target and kept: a regular expression is
// compiled here. RE2, because its time is linear in a text that the peer
// chooses. Copies share the compiled expression.
class BannerMatcher {
 public:
  // The config reader has checked that a regular expression compiles.
  explicit BannerMatcher(const probe::Target& target);

  // `mx` is the exchanger of a domain target that greeted, else "". None when
  // nothing is expected: no `expect.banner`, and an IP literal as host. Host
  // names are compared without regard to case and trailing dot; a regular
  // expression is searched in the greeting's whole text.
  std::optional<bool> Match(const probe::smtp::Banner& banner,
                            std::string_view mx) const;

 private:
  // "" when there is none; each exchanger of a domain has its own.
  std::string hostname_;
  std::shared_ptr<const re2::RE2> pattern_;
};

// What is known of an endpoint, and not too old; null: not known.
struct Facts {
  const probe::smtp::Banner* banner = nullptr;
  const probe::smtp::Capabilities* clear = nullptr;
  const probe::smtp::Capabilities* inside = nullptr;
  const probe::tls::Handshake* handshake = nullptr;
};

// What the server offers to a client that uses TLS as `mode` says: inside TLS,
// or in clear where there is none. Null while STARTTLS is advertised and what
// is behind it was not observed.
const probe::smtp::Capabilities* EffectiveOffer(const Facts& facts,
                                                probe::TlsMode mode);

// Whether AUTH is offered, in clear or inside TLS. None: not in clear, and
// inside TLS is unknown.
std::optional<bool> OffersAuth(const Facts& facts, probe::TlsMode mode);

// The items of an `expect:` block that could be judged. No allocation: every
// scrape asks for every target.
class ExpectationVerdicts {
 public:
  struct Verdict {
    std::string_view name;  // Value of the label `expectation`.
    bool met = false;
  };

  void Add(std::string_view name, bool met) { items_[size_++] = {name, met}; }
  const Verdict* begin() const { return items_.data(); }
  const Verdict* end() const { return items_.data() + size_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  // banner, starttls, auth, size_at_least, capabilities, tls_min_version,
  // certificate_days.
  std::array<Verdict, 7> items_{};
  std::size_t size_ = 0;
};

// Value of the label `expectation`.
inline constexpr std::string_view kCertificateDays = "certificate_days";

// Whether the handshake's certificate, and all it depends on, is valid for as
// many days after `now` as expected. None: nothing is expected, or there is no
// certificate.
std::optional<bool> JudgeCertificateDays(const probe::Expectations& expect,
                                         const probe::tls::Handshake& handshake,
                                         probe::WallTime now);

// Judges what these facts allow to judge. `now` decides how long a certificate
// is still valid.
ExpectationVerdicts JudgeExpectations(const probe::Target& target,
                                      const BannerMatcher& matcher,
                                      const Facts& facts, probe::WallTime now);

}  // namespace exporter

#endif  // EXPORTER_EXPECTATIONS_H_
