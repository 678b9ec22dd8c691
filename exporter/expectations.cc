#include "exporter/expectations.h"

#include <re2/re2.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

namespace exporter {
namespace {

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string_view WithoutRootDot(std::string_view hostname) {
  if (hostname.ends_with('.')) hostname.remove_suffix(1);
  return hostname;
}

bool Lists(const std::vector<std::string>& keywords,
           const std::string& keyword) {
  return std::binary_search(keywords.begin(), keywords.end(), keyword);
}

void JudgeOffer(const probe::Target& target, const Facts& facts,
                ExpectationVerdicts& verdicts) {
  const probe::Expectations& expect = target.expect;
  const probe::TlsMode mode = target.conversation->tls.mode;
  if (expect.starttls && facts.clear != nullptr) {
    verdicts.Add("starttls", facts.clear->starttls == *expect.starttls);
  }
  if (expect.auth) {
    if (const std::optional<bool> offered = OffersAuth(facts, mode)) {
      verdicts.Add("auth", *offered == *expect.auth);
    }
  }
  const probe::smtp::Capabilities* const offer = EffectiveOffer(facts, mode);
  if (offer == nullptr) return;
  // Without a readable SIZE the limit is unknown, which is not "too small".
  if (expect.size_at_least && offer->size_limit) {
    verdicts.Add("size_at_least", *offer->size_limit >= *expect.size_at_least);
  }
  if (expect.capabilities.empty()) return;
  // STARTTLS is offered in clear alone (RFC 3207 4.2).
  const bool starttls = facts.clear != nullptr && facts.clear->starttls;
  const bool all =
      std::all_of(expect.capabilities.begin(), expect.capabilities.end(),
                  [&](const std::string& wanted) {
                    return Lists(offer->keywords, wanted) ||
                           (starttls && wanted == "STARTTLS");
                  });
  // Beyond kMaxKeywords a keyword may have been left out: not seen is then
  // not absent.
  const bool whole = offer->keywords.size() < probe::smtp::kMaxKeywords;
  if (all || whole) verdicts.Add("capabilities", all);
}

void JudgeHandshake(const probe::Expectations& expect,
                    const probe::tls::Handshake& handshake, probe::WallTime now,
                    ExpectationVerdicts& verdicts) {
  if (expect.tls_min_version) {
    verdicts.Add("tls_min_version",
                 handshake.version >= *expect.tls_min_version);
  }
  if (const auto met = JudgeCertificateDays(expect, handshake, now)) {
    verdicts.Add(kCertificateDays, *met);
  }
}

}  // namespace

namespace {

// Thousands of targets may share an expression that takes a millisecond to
// compile, and they come in one turn of the loop.
std::shared_ptr<const re2::RE2> Compiled(const std::string& expression) {
  static std::mutex mutex;
  static std::string latest;
  static std::weak_ptr<const re2::RE2> shared;
  const std::lock_guard lock(mutex);
  std::shared_ptr<const re2::RE2> pattern = shared.lock();
  if (pattern != nullptr && expression == latest) return pattern;
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(probe::kMaxPatternMemory);
  pattern = std::make_shared<const re2::RE2>(expression, options);
  latest = expression;
  shared = pattern;
  return pattern;
}

}  // namespace

bool SameHost(std::string_view a, std::string_view b) {
  a = WithoutRootDot(a);
  b = WithoutRootDot(b);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

std::optional<bool> JudgeCertificateDays(const probe::Expectations& expect,
                                         const probe::tls::Handshake& handshake,
                                         probe::WallTime now) {
  if (!expect.certificate_days || !handshake.certificate ||
      !handshake.verdict) {
    return std::nullopt;
  }
  const probe::WallTime end = std::min(handshake.certificate->not_after,
                                       handshake.verdict->chain_not_after);
  return probe::UnixTime(end) - probe::UnixTime(now) >=
         std::chrono::days(*expect.certificate_days);
}

BannerMatcher::BannerMatcher(const probe::Target& target) {
  const std::string& expected = target.expect.banner;
  if (expected.size() >= 2 && expected.front() == '/' &&
      expected.back() == '/') {
    pattern_ = Compiled(expected.substr(1, expected.size() - 2));
  } else if (!expected.empty()) {
    hostname_ = expected;
  } else if (!target.literal && !target.is_domain) {
    hostname_ = target.host;
  }
}

std::optional<bool> BannerMatcher::Match(const probe::smtp::Banner& banner,
                                         std::string_view mx) const {
  if (pattern_) return re2::RE2::PartialMatch(banner.text, *pattern_);
  const std::string_view expected = hostname_.empty() ? mx : hostname_;
  if (expected.empty()) return std::nullopt;
  return SameHost(banner.hostname, expected);
}

const probe::smtp::Capabilities* EffectiveOffer(const Facts& facts,
                                                probe::TlsMode mode) {
  if (facts.inside != nullptr || facts.clear == nullptr) return facts.inside;
  const bool more_inside =
      facts.clear->starttls && mode != probe::TlsMode::kNone;
  return more_inside ? nullptr : facts.clear;
}

std::optional<bool> OffersAuth(const Facts& facts, probe::TlsMode mode) {
  if (facts.clear != nullptr && facts.clear->auth) return true;
  const probe::smtp::Capabilities* const offer = EffectiveOffer(facts, mode);
  if (offer == nullptr) return std::nullopt;
  return offer->auth;
}

ExpectationVerdicts JudgeExpectations(const probe::Target& target,
                                      const BannerMatcher& matcher,
                                      const Facts& facts, probe::WallTime now) {
  ExpectationVerdicts verdicts;
  if (!target.expect.banner.empty() && facts.banner != nullptr) {
    if (const std::optional<bool> match = matcher.Match(*facts.banner, "")) {
      verdicts.Add("banner", *match);
    }
  }
  JudgeOffer(target, facts, verdicts);
  if (facts.handshake != nullptr) {
    JudgeHandshake(target.expect, *facts.handshake, now, verdicts);
  }
  return verdicts;
}

}  // namespace exporter
