#include "exporter/changes.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "exporter/date_text.h"
#include "probe/tls/handshake.h"

namespace exporter {
namespace {

using probe::smtp::Capabilities;
using probe::tls::Handshake;
using probe::tls::KeyType;

using Changes = std::vector<Change>;
using Fields = std::vector<Change::Field>;

// Of a certificate's names a line shows so many; some have a hundred.
constexpr std::size_t kMaxShownNames = 5;

void Add(Changes& changes, Change::Level level, std::string_view message,
         Fields fields = {}) {
  changes.push_back(
      {.level = level, .message = message, .fields = std::move(fields)});
}

void Warn(Changes& changes, std::string_view message, Fields fields = {}) {
  Add(changes, Change::Level::kWarning, message, std::move(fields));
}

void Inform(Changes& changes, std::string_view message, Fields fields = {}) {
  Add(changes, Change::Level::kInfo, message, std::move(fields));
}

// Not for the log.
void Remark(Changes& changes, std::string_view message, Fields fields) {
  Inform(changes, message, std::move(fields));
  changes.back().logged = false;
}

bool SameVerdict(const std::optional<probe::Failure>& a,
                 const std::optional<probe::Failure>& b) {
  if (!a || !b) return !a && !b;
  return a->phase == b->phase && a->reason == b->reason;
}

void CompareVerdicts(const std::optional<probe::Failure>& was,
                     const std::optional<probe::Failure>& is,
                     Changes& changes) {
  if (SameVerdict(was, is)) return;
  if (!is) return Inform(changes, "Probe succeeds again");
  Warn(changes, "Probe failed",
       {{"phase", std::string(Name(is->phase))},
        {"reason", std::string(Name(is->reason))},
        {"detail", is->detail}});
}

void CompareOffers(const Capabilities& was, const Capabilities& is,
                   Changes& changes) {
  if (was.starttls && !is.starttls) {
    Warn(changes, "STARTTLS is no longer advertised");
  }
  if (!was.starttls && is.starttls) {
    Inform(changes, "STARTTLS is advertised now");
  }
  if (was.auth != is.auth) {
    Inform(changes, is.auth ? "AUTH is offered in clear now"
                            : "AUTH is no longer offered in clear");
  }
}

std::string NamesText(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMaxShownNames); ++i) {
    if (i > 0) text += ' ';
    text += names[i];
  }
  if (names.size() > kMaxShownNames) text += " ...";
  return text;
}

void CompareTrust(const Handshake& was, const Handshake& is, Changes& changes) {
  const Change::Field subject("subject", is.certificate->subject);
  const bool known = was.verdict->trust_known && is.verdict->trust_known;
  // A certificate that is found untrusted for another reason is news too.
  if (known && !is.verdict->trusted && was.verdict->code != is.verdict->code) {
    Warn(changes, "Certificate is not trusted",
         {{"reason", std::string(is.verdict->reason)}, subject});
  }
  if (known && is.verdict->trusted && !was.verdict->trusted) {
    Inform(changes, "Certificate is trusted now", {subject});
  }
  if (was.verdict->name_match && !is.verdict->name_match) {
    Warn(changes, "Certificate does not name the server",
         {subject, {"names", NamesText(is.certificate->names)}});
  }
  if (!was.verdict->name_match && is.verdict->name_match) {
    Inform(changes, "Certificate names the server now", {subject});
  }
}

void CompareCertificates(const Handshake& was, const Handshake& is,
                         Changes& changes) {
  if (!was.certificate || !was.verdict) return;
  if (!is.certificate || !is.verdict) return;
  if (was.certificate->fingerprint_sha256 !=
      is.certificate->fingerprint_sha256) {
    Inform(changes, "Certificate changed",
           {{"from", was.certificate->fingerprint_sha256},
            {"to", is.certificate->fingerprint_sha256},
            {"not_after", DateText(is.certificate->not_after)}});
  }
  CompareTrust(was, is, changes);
}

// What of `list` is not in `other`; both are sorted. STARTTLS and AUTH have
// changes of their own.
std::string Missing(const std::vector<std::string>& list,
                    const std::vector<std::string>& other, bool in_clear) {
  std::vector<std::string> missing;
  std::set_difference(list.begin(), list.end(), other.begin(), other.end(),
                      std::back_inserter(missing));
  std::string text;
  for (const std::string& keyword : missing) {
    if (in_clear && (keyword == "STARTTLS" || keyword == "AUTH")) continue;
    if (!text.empty()) text += ' ';
    text += keyword;
  }
  return text;
}

void CompareKeywords(const Capabilities& was, const Capabilities& is,
                     bool in_clear, Changes& changes) {
  std::string gone = Missing(was.keywords, is.keywords, in_clear);
  std::string added = Missing(is.keywords, was.keywords, in_clear);
  if (gone.empty() && added.empty()) return;
  Remark(changes,
         in_clear ? "Capabilities in clear changed"
                  : "Capabilities inside TLS changed",
         {{"gone", std::move(gone)}, {"new", std::move(added)}});
}

std::string SizeText(const Capabilities& capabilities) {
  if (!capabilities.size_limit) return "none";
  if (std::isinf(*capabilities.size_limit)) return "unlimited";
  char text[32];
  std::snprintf(text, sizeof(text), "%.0f", *capabilities.size_limit);
  return text;
}

void CompareSizes(const Capabilities& was, const Capabilities& is,
                  Changes& changes) {
  if (was.size_limit == is.size_limit) return;
  Remark(changes, "SIZE changed",
         {{"from", SizeText(was)}, {"to", SizeText(is)}});
}

// What the log says nothing of.
void CompareRest(const EndpointState& before, const EndpointState& after,
                 Changes& changes) {
  const auto name = [](const std::string& hostname) {
    return hostname.empty() ? std::string("no name") : hostname;
  };
  if (before.banner && after.banner &&
      before.banner->hostname != after.banner->hostname) {
    Remark(changes, "Banner host changed",
           {{"from", name(before.banner->hostname)},
            {"to", name(after.banner->hostname)}});
  }
  const bool inside = before.inside && after.inside;
  const bool clear = before.clear && after.clear;
  // As in the metrics: inside TLS it is the one that mail meets.
  if (inside) {
    CompareSizes(*before.inside, *after.inside, changes);
  } else if (clear) {
    CompareSizes(*before.clear, *after.clear, changes);
  }
  if (clear) {
    CompareKeywords(*before.clear, *after.clear, /*in_clear=*/true, changes);
  }
  if (inside) {
    CompareKeywords(*before.inside, *after.inside, /*in_clear=*/false, changes);
  }
}

}  // namespace

std::vector<Change> WhatChanged(const EndpointState* before,
                                const EndpointState& after,
                                probe::tls::KeyType asked) {
  Changes changes;
  CompareVerdicts(before != nullptr ? before->verdict->failure : std::nullopt,
                  after.verdict->failure, changes);
  if (before == nullptr) return changes;
  const bool main = asked == KeyType::kAny;
  if (main && before->clear && after.clear) {
    CompareOffers(*before->clear, *after.clear, changes);
  }
  if (before->handshake && after.handshake) {
    if (main && before->handshake->version != after.handshake->version) {
      Inform(changes, "TLS version changed",
             {{"from", std::string(Name(before->handshake->version))},
              {"to", std::string(Name(after.handshake->version))}});
    }
    CompareCertificates(*before->handshake, *after.handshake, changes);
  }
  if (main) CompareRest(*before, after, changes);
  return changes;
}

}  // namespace exporter
