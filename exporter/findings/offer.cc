// What there is to say of the greeting and of what the server offers.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/expectations.h"
#include "exporter/findings/codes.h"
#include "exporter/findings/parts.h"
#include "exporter/findings/quantity.h"
#include "probe/smtp/ehlo.h"
#include "probe/smtp/text.h"
#include "probe/target.h"

namespace exporter::findings {
namespace {

using metrics::Row;
using probe::Role;
using probe::TlsMode;
using probe::smtp::Capabilities;

constexpr std::size_t kMaxShown = 100;
// Of a list of keywords that a server chose.
constexpr std::size_t kMaxWordsShown = 10;

bool Lists(const std::vector<std::string>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < std::min(words.size(), kMaxWordsShown); ++i) {
    if (i > 0) text += ' ';
    text += words[i];
  }
  return words.size() > kMaxWordsShown ? text + " ..." : text;
}

// Whether what is offered comes from the latest probe.
bool OfferIsLatest(const Row& row) {
  return IsLatest(row, row.inside() != nullptr ? row.state().inside_observed
                                               : row.state().clear_observed);
}

void AddBanner(const Row& row, Collector& out) {
  const std::optional<bool> match = row.BannerMatch();
  if (!match) return;
  const std::string said =
      probe::smtp::Printable(row.banner()->hostname, kMaxShown);
  if (*match) {
    if (!IsLatest(row, row.state().banner_observed)) return;
    return out.Add(Level::kOk, kBannerMatch, [&] {
      return Text{"The greeting names the expected host, " + said};
    });
  }
  const probe::Target& target = row.target();
  const bool configured = !target.expect.banner.empty();
  const std::string& expected = configured         ? target.expect.banner
                                : target.is_domain ? row.place().mx
                                                   : target.host;
  out.Add(configured ? Level::kWarning : Level::kInfo, kBannerMismatch, [&] {
    return Text{"The greeting names " + (said.empty() ? "no host" : said) +
                    ", not " + expected,
                "Another server may answer at this address, or the name that "
                "it gives itself was changed (Postfix: myhostname). If that "
                "name is right, write it into expect.banner."};
  });
}

// Whether a password would be shown to whoever listens.
bool TakesPasswordsInClear(const Row& row) {
  const Capabilities* const clear = row.clear();
  if (clear == nullptr || !clear->auth) return false;
  const std::vector<std::string>& mechanisms = clear->auth_mechanisms;
  return mechanisms.empty() || Lists(mechanisms, "PLAIN") ||
         Lists(mechanisms, "LOGIN");
}

// `offered` by a server that takes mail from its users.
void AddSubmissionAuth(const Row& row, bool offered, Collector& out) {
  const std::optional<bool>& expected = row.target().expect.auth;
  if (!offered && expected.value_or(true)) {
    out.Add(expected ? Level::kCritical : Level::kWarning, kAuthMissing,
            "AUTH is not offered",
            "Users cannot log in to send mail. Look at the server's SASL "
            "settings and whether its authentication service runs (Dovecot, "
            "saslauthd).");
  } else if (offered && !expected.value_or(true)) {
    out.Add(Level::kWarning, kAuthUnexpected,
            "AUTH is offered, and expected not to be",
            "Turn it off there, or correct expect.auth.");
  } else if (offered && OfferIsLatest(row)) {
    out.Add(Level::kOk, kAuthRight, [&] {
      const Capabilities* const offer =
          row.inside() != nullptr ? row.inside() : row.clear();
      return Text{"AUTH is offered: " + Joined(offer->auth_mechanisms)};
    });
  }
}

// `offered` by a server that takes mail from other servers.
void AddMxAuth(const Row& row, bool offered, Collector& out) {
  const bool expected = row.target().expect.auth.value_or(false);
  if (offered && !expected) {
    out.Add(Level::kWarning, kAuthOn25,
            "AUTH is offered where other servers deliver",
            "Nobody needs to log in there, and strangers use it to try "
            "passwords. Offer it on ports 587 and 465 only (Postfix: "
            "smtpd_sasl_auth_enable=no for port 25).");
  } else if (!offered && expected) {
    out.Add(Level::kCritical, kAuthMissing,
            "AUTH is not offered, and expected to be",
            "Look at the server's SASL settings and whether its authentication "
            "service runs, or correct expect.auth.");
  } else if (!offered && OfferIsLatest(row)) {
    out.Add(Level::kOk, kAuthRight,
            "AUTH is not offered where other servers deliver", "");
  }
}

void AddAuth(const Row& row, Collector& out) {
  if (TakesPasswordsInClear(row)) {
    out.Add(Level::kWarning, kAuthInClear,
            "Passwords may be sent in clear: AUTH is offered before TLS",
            "Whoever listens on the way can read them. Offer AUTH inside TLS "
            "only (Postfix: smtpd_tls_auth_only=yes).");
  }
  const std::optional<bool> offered =
      OffersAuth(row.facts(), row.target().conversation->tls.mode);
  if (!offered) return;
  if (row.target().role == Role::kSubmission) {
    AddSubmissionAuth(row, *offered, out);
  } else {
    AddMxAuth(row, *offered, out);
  }
}

void AddSize(const Row& row, const Capabilities& offer, Collector& out) {
  const std::optional<double>& expected = row.target().expect.size_at_least;
  if (!offer.size_limit) {
    if (!expected) return;
    return out.Add(Level::kInfo, kSizeUnknown, [&] {
      return Text{"Which size of message the server takes is not known",
                  "It tells no usable SIZE, so whether it takes " +
                      SizeText(*expected) + " cannot be judged."};
    });
  }
  const double limit = *offer.size_limit;
  if (expected && limit < *expected) {
    return out.Add(Level::kWarning, kSizeTooSmall, [&] {
      return Text{"Takes mail only up to " + SizeText(limit) + ", and " +
                      SizeText(*expected) + " are expected",
                  "Larger messages are refused. Raise the limit there "
                  "(Postfix: message_size_limit), and that of the filters "
                  "behind it."};
    });
  }
  if (!OfferIsLatest(row)) return;
  out.Add(Level::kOk, kSizeLimit, [&] {
    return Text{limit == std::numeric_limits<double>::infinity()
                    ? "Declares no limit on the size of mail"
                    : "Takes mail up to " + SizeText(limit)};
  });
}

void AddCapabilities(const Row& row, const Capabilities& offer,
                     Collector& out) {
  std::vector<std::string> missing;
  for (const std::string& wanted : row.target().expect.capabilities) {
    const bool in_clear =
        wanted == "STARTTLS" && row.clear() != nullptr && row.clear()->starttls;
    if (!in_clear && !Lists(offer.keywords, wanted)) missing.push_back(wanted);
  }
  out.Add(Level::kWarning, kCapabilityMissing, [&] {
    return Text{"Not offered, and expected: " + Joined(missing),
                "Look at the settings of the server (Postfix: "
                "smtpd_discard_ehlo_keywords), at proxies before it, and "
                "whether a firewall rewrites its answers."};
  });
}

// What a sender that uses TLS loses.
void AddLoss(const Capabilities& clear, const Capabilities& inside,
             Collector& out) {
  if (clear.size_limit && inside.size_limit &&
      *inside.size_limit < *clear.size_limit) {
    out.Add(Level::kInfo, kSizeSmallerInTls, [&] {
      return Text{"Takes smaller mail inside TLS (" +
                      SizeText(*inside.size_limit) + ") than in clear (" +
                      SizeText(*clear.size_limit) + ")",
                  "Most likely different servers or settings answer. Set the "
                  "same limit for both."};
    });
  }
  // Beyond the limit a keyword may have been left out.
  if (inside.keywords.size() >= probe::smtp::kMaxKeywords) return;
  std::vector<std::string> lost;
  for (const std::string& keyword : clear.keywords) {
    const bool belongs_there = keyword == "STARTTLS" || keyword == "AUTH";
    if (!belongs_there && !Lists(inside.keywords, keyword)) {
      lost.push_back(keyword);
    }
  }
  if (lost.empty()) return;
  out.Add(Level::kInfo, kCapabilityLost, [&] {
    return Text{"Offered in clear and not inside TLS: " + Joined(lost),
                "Senders that use TLS, as most do, go without. A proxy that "
                "ends TLS and talks to another server does this."};
  });
}

void AddExpectations(const Row& row, const ExpectationVerdicts& verdicts,
                     Collector& out) {
  const bool all =
      std::ranges::all_of(verdicts, &ExpectationVerdicts::Verdict::met);
  if (verdicts.empty() || !all || !OfferIsLatest(row)) return;
  out.Add(Level::kOk, kExpectationsMet, [&] {
    const auto count = static_cast<std::int64_t>(verdicts.size());
    return Text{"All is as expected: " + Counted(count, "point")};
  });
}

// Whether an item of the expect block could be judged and does not hold.
bool IsUnmet(const ExpectationVerdicts& verdicts, std::string_view name) {
  const auto* const found =
      std::ranges::find(verdicts, name, &ExpectationVerdicts::Verdict::name);
  return found != verdicts.end() && !found->met;
}

}  // namespace

void AddOffer(const Row& row, Collector& out) {
  const ExpectationVerdicts verdicts = row.Expectations();
  AddBanner(row, out);
  AddAuth(row, out);
  const TlsMode mode = row.target().conversation->tls.mode;
  if (const auto* const offer = EffectiveOffer(row.facts(), mode)) {
    AddSize(row, *offer, out);
    if (IsUnmet(verdicts, "capabilities")) AddCapabilities(row, *offer, out);
  }
  if (row.clear() != nullptr && row.inside() != nullptr) {
    AddLoss(*row.clear(), *row.inside(), out);
  }
  AddExpectations(row, verdicts, out);
}

}  // namespace exporter::findings
