// What a target wants against what its endpoint was seen to do. Pure functions
// of the target and the facts; nothing is judged that was not observed.
#ifndef EXPORTER_EXPECTATIONS_H_
#define EXPORTER_EXPECTATIONS_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probe/smtp/banner.h"
#include "probe/smtp/ehlo.h"
#include "probe/target.h"

namespace re2 {
class RE2;
}

namespace exporter {

// Judges a greeting. Made once per target and kept: a regular expression is
// compiled here. RE2, because its time is linear in a text that the peer
// chooses. Copies share the compiled expression.
class BannerMatcher {
 public:
  // The config reader has checked that a regular expression compiles.
  explicit BannerMatcher(const probe::Target& target);

  // None when nothing is expected: no `expect.banner`, and an IP literal as
  // host. Host names are compared without regard to case and trailing dot; a
  // regular expression is searched in the greeting's whole text.
  std::optional<bool> Match(const probe::smtp::Banner& banner) const;

 private:
  std::string hostname_;  // Lower case; "" when there is none.
  std::shared_ptr<const re2::RE2> pattern_;
};

// The items of the target's `expect:` block that can be judged from these
// facts, with the verdict: names are values of the label `expectation`.
// `banner` and `capabilities` may be null: not observed.
std::vector<std::pair<std::string_view, bool>> JudgeExpectations(
    const probe::Target& target, const BannerMatcher& matcher,
    const probe::smtp::Banner* banner,
    const probe::smtp::Capabilities* capabilities);

}  // namespace exporter

#endif  // EXPORTER_EXPECTATIONS_H_
