// What there is to say of one place.
#include <chrono>
#include <cstddef>
#include <string>

#include "exporter/findings/codes.h"
#include "exporter/findings/failure_words.h"
#include "exporter/findings/parts.h"
#include "exporter/findings/quantity.h"
#include "exporter/findings/quirk_words.h"
#include "probe/smtp/quirk.h"

namespace exporter::findings {
namespace {

using metrics::Row;
using probe::Phase;
using probe::Reason;

// What postscreen and its like make a client wait begins about here; what a
// busy server needs stays below.
constexpr probe::Duration kLongGreeting = std::chrono::seconds(5);
// A result is due every interval; one that is late may have waited its turn.
constexpr int kStaleIntervals = 3;

// None: the latest probe did all, or there is none.
const probe::Failure* FailureOf(const Row& row) {
  if (row.verdict() != nullptr) return row.failure();
  const auto& unresolved = row.place().unresolved;
  return unresolved ? &*unresolved : nullptr;
}

// The certificate's own findings are more exact than the failure.
bool CertificateTells(const Row& row, const probe::Failure& failure) {
  return row.certified() != nullptr &&
         (failure.reason == Reason::kCertificateUntrusted ||
          failure.reason == Reason::kCertificateName);
}

void AddFailure(const Row& row, Level most, Collector& out) {
  const probe::Failure* const failure = FailureOf(row);
  if (failure == nullptr || CertificateTells(row, *failure)) return;
  Level level = LevelOf(*failure);
  if (row.verdict() == nullptr || !row.reachable()) {
    level = std::min(level, most);
  }
  out.Add(level, CodeOf(*failure), [&] { return WordsOf(*failure); });
}

void AddAge(const Row& row, Collector& out) {
  const probe::Duration age = row.now().steady - row.verdict()->finished.steady;
  const probe::Duration interval = row.state().interval;
  if (age > kStaleIntervals * interval) {
    out.Add(Level::kWarning, kStale, [&] {
      return Text{"The latest result is " + SpanText(age) + " old",
                  "One is due every " + SpanText(interval) +
                      ". What stands here may not be true any more: see "
                      "whether this program is overloaded "
                      "(smtp_prober_schedule_lag_seconds)."};
    });
  }
  const probe::Duration normal = row.place().endpoint->interval;
  if (interval > normal && normal > probe::Duration::zero()) {
    out.Add(Level::kInfo, kBackingOff, [&] {
      return Text{"Tested only every " + SpanText(interval) + " for now",
                  "The server asked its clients to come back later (421 or "
                  "4xx), so it is left alone for longer each time. The "
                  "interval is " +
                      SpanText(normal) + " again as soon as it answers."};
    });
  }
}

// When the answer to EHLO was last observed. Null: it is not known.
const probe::Moment* OfferObserved(const Row& row) {
  if (row.clear() != nullptr) return &row.state().clear_observed;
  if (row.inside() != nullptr) return &row.state().inside_observed;
  return nullptr;
}

void AddObservation(const Row& row, Collector& out) {
  const probe::Moment* const observed = OfferObserved(row);
  if (observed == nullptr) {
    out.Add(Level::kInfo, kNotObserved,
            "Nothing is known of STARTTLS, AUTH and SIZE",
            "The conversation did not get as far as the answer to EHLO, so "
            "they are neither there nor missing.");
  } else if (!IsLatest(row, *observed)) {
    out.Add(Level::kInfo, kNotObserved, [&] {
      return Text{"STARTTLS, AUTH and SIZE were last observed " +
                      SpanText(row.now().steady - observed->steady) + " ago",
                  "The latest probe did not get as far as the answer to EHLO. "
                  "What was known before stands here for a while longer."};
    });
  }
}

void AddGreeting(const Row& row, Collector& out) {
  const auto& durations = row.verdict()->phase_durations;
  const auto& waited = durations[static_cast<std::size_t>(Phase::kGreeting)];
  const probe::Failure* const failure = row.failure();
  const bool greeted =
      waited && (failure == nullptr || failure->phase > Phase::kGreeting);
  if (row.reachable() && failure == nullptr) {
    out.Add(Level::kOk, kReachable, [&] {
      return Text{"The server answers, in " +
                  SecondsText(row.verdict()->duration)};
    });
  }
  if (!greeted || *waited < kLongGreeting) return;
  out.Add(Level::kInfo, kGreetingSlow, [&] {
    return Text{"The greeting took " + SecondsText(*waited),
                "Postfix's postscreen makes unknown clients wait 6 seconds, "
                "others up to 30, on purpose; else the server is busy or waits "
                "for DNS about the address of this host, so give it a reverse "
                "name. Senders wait for up to five minutes."};
  });
}

void AddQuirks(const Row& row, Collector& out) {
  probe::smtp::Quirks quirks = row.state().quirks;
  quirks.Add(row.place().quirks);
  if (row.banner() != nullptr) quirks.Add(row.banner()->quirks);
  if (row.clear() != nullptr) quirks.Add(row.clear()->quirks);
  if (row.inside() != nullptr) quirks.Add(row.inside()->quirks);
  if (quirks.Empty()) return;
  const bool private_is_meant =
      row.target().private_addresses == probe::PrivateAddresses::kProbe;
  for (std::size_t i = 0; i < probe::smtp::kQuirkCount; ++i) {
    const auto quirk = static_cast<probe::smtp::Quirk>(i);
    const QuirkWords& words = WordsOf(quirk);
    if (!quirks.Has(quirk) || words.of_domain) continue;
    if (quirk == probe::smtp::Quirk::kPrivateAddress && private_is_meant) {
      continue;
    }
    out.Add(words.level, probe::smtp::kQuirkNames[i], words.title,
            words.advice);
  }
}

void AddReverse(const Row& row, Collector& out) {
  const bool* const match = row.reverse_match();
  if (match == nullptr) return;
  if (*match) {
    return out.Add(Level::kOk, kReverseDnsMatch,
                   "A reverse name of the address leads back to it", "");
  }
  // What is not public sends to nobody who could mind.
  const auto& address = row.place().endpoint->address;
  if (!address || !address->IsPublic()) return;
  const bool none =
      row.reverse_names() != nullptr && row.reverse_names()->empty();
  out.Add(Level::kInfo, kReverseDnsMismatch,
          none ? "The address has no reverse name (PTR)"
               : "No reverse name of the address leads back to it",
          "This matters if the server sends mail from this address: others "
          "then refuse or suspect it. Let whoever owns the address publish a "
          "PTR record with a name that resolves to it.");
}

// A conversation that asks for one type of certificate shows nothing else; what
// ails the server is told by the main one.
void AddFurtherCertificate(const Row& row, Collector& out) {
  if (row.certified() != nullptr) return AddCertificate(row, out);
  if (row.verdict() == nullptr) return;
  const probe::Failure* const failure = row.failure();
  if (failure != nullptr && failure->phase != Phase::kTls) return;
  out.Add(Level::kInfo, kCertificateTypeMissing, [&] {
    const std::string type =
        row.key_type() == probe::tls::KeyType::kRsa ? "RSA" : "ECDSA";
    std::string advice;
    if (failure != nullptr)
      advice = "It was asked for: " + failure->detail + ". ";
    return Text{"The server has no " + type + " certificate",
                advice +
                    "If it is to have one, look at its TLS settings; if "
                    "not, take the type from tls.certificate_types."};
  });
}

}  // namespace

bool IsLatest(const Row& row, const probe::Moment& moment) {
  return row.verdict() != nullptr &&
         row.verdict()->finished.steady == moment.steady;
}

bool HasResult(const Row& row) {
  if (row.verdict() == nullptr) return false;
  const probe::Failure* const failure = row.failure();
  return failure == nullptr || !probe::IsOurOwn(failure->reason) ||
         OfferObserved(row) != nullptr;
}

void AddPlace(const Row& row, Level most, Collector& out) {
  out.Begin(&row.place());
  if (row.certificate_only()) return AddFurtherCertificate(row, out);
  AddFailure(row, most, out);
  if (row.verdict() == nullptr) {
    out.Add(Level::kInfo, kNotTested, "Not tested yet",
            "The first result comes within an interval of the start.");
  } else {
    AddAge(row, out);
    AddObservation(row, out);
    AddGreeting(row, out);
  }
  AddTls(row, out);
  AddCertificate(row, out);
  AddOffer(row, out);
  AddQuirks(row, out);
  AddReverse(row, out);
}

}  // namespace exporter::findings
