#include "exporter/expectations.h"

#include <re2/re2.h>

#include <algorithm>

namespace exporter {
namespace {

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view WithoutRootDot(std::string_view hostname) {
  if (hostname.ends_with('.')) hostname.remove_suffix(1);
  return hostname;
}

std::string Normalised(std::string_view hostname) {
  std::string lower(WithoutRootDot(hostname));
  std::transform(lower.begin(), lower.end(), lower.begin(), Lower);
  return lower;
}

}  // namespace

BannerMatcher::BannerMatcher(const probe::Target& target) {
  const std::string& expected = target.expect.banner;
  if (expected.size() >= 2 && expected.front() == '/' &&
      expected.back() == '/') {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_max_mem(probe::kMaxPatternMemory);
    pattern_ = std::make_shared<const re2::RE2>(
        expected.substr(1, expected.size() - 2), options);
  } else if (!expected.empty()) {
    hostname_ = Normalised(expected);
  } else if (!target.literal) {
    hostname_ = Normalised(target.host);
  }
}

std::optional<bool> BannerMatcher::Match(
    const probe::smtp::Banner& banner) const {
  if (pattern_) return re2::RE2::PartialMatch(banner.text, *pattern_);
  if (hostname_.empty()) return std::nullopt;
  const std::string_view said = WithoutRootDot(banner.hostname);
  return std::equal(said.begin(), said.end(), hostname_.begin(),
                    hostname_.end(),
                    [](char a, char b) { return Lower(a) == b; });
}

ExpectationVerdicts JudgeExpectations(
    const probe::Target& target, const BannerMatcher& matcher,
    const probe::smtp::Banner* banner,
    const probe::smtp::Capabilities* capabilities) {
  const probe::Expectations& expect = target.expect;
  ExpectationVerdicts verdicts;
  if (!expect.banner.empty() && banner != nullptr) {
    if (const std::optional<bool> match = matcher.Match(*banner)) {
      verdicts.Add("banner", *match);
    }
  }
  if (capabilities == nullptr) return verdicts;
  if (expect.starttls) {
    verdicts.Add("starttls", capabilities->starttls == *expect.starttls);
  }
  if (expect.auth) {
    verdicts.Add("auth", capabilities->auth == *expect.auth);
  }
  // Without a readable SIZE the limit is unknown, which is not "too small".
  if (expect.size_at_least && capabilities->size_limit) {
    verdicts.Add("size_at_least",
                 *capabilities->size_limit >= *expect.size_at_least);
  }
  if (!expect.capabilities.empty()) {
    const bool all = std::all_of(
        expect.capabilities.begin(), expect.capabilities.end(),
        [&](const std::string& wanted) {
          return std::binary_search(capabilities->keywords.begin(),
                                    capabilities->keywords.end(), wanted);
        });
    // Beyond kMaxKeywords a keyword may have been left out: not seen is then
    // not absent.
    const bool whole =
        capabilities->keywords.size() < probe::smtp::kMaxKeywords;
    if (all || whole) verdicts.Add("capabilities", all);
  }
  return verdicts;
}

}  // namespace exporter
