// One series, or one target, at one moment, such as that of a scrape: what the
// tables of families and the findings are functions of.
#ifndef EXPORTER_METRICS_ROW_H_
#define EXPORTER_METRICS_ROW_H_

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "exporter/expectations.h"
#include "exporter/metrics/families.h"
#include "exporter/result_store.h"
#include "probe/clock.h"
#include "probe/expansion.h"
#include "probe/result.h"
#include "probe/reverse_table.h"
#include "probe/target.h"
#include "probe/tls/handshake.h"

namespace exporter::metrics {

// One series as the families see it: facts that are too old are gone. Null: not
// known. Looks at nothing before it is asked: most families need little of a
// state that is not in the cache.
class Row {
 public:
  // The entry has a state. All must outlive the row.
  Row(const TargetFamilies::Entry& entry, const probe::Moment& now)
      : entry_(entry), state_(*entry.state), now_(now) {}

  const probe::Target& target() const { return entry_.target->target(); }
  const probe::Place& place() const { return *entry_.series->place; }
  const std::string& labels() const { return entry_.series->labels; }
  const EndpointState& state() const { return state_; }
  const probe::Moment& now() const { return now_; }
  // Of the endpoint; null before the first result.
  const EndpointState::Verdict* verdict() const {
    return state_.verdict ? &*state_.verdict : nullptr;
  }
  // What the verdict is for this target: senders to a domain that does not
  // resolve do not find the server, however well it does. Only with a verdict.
  const probe::Failure* failure() const {
    const auto& failure =
        place().unresolved ? place().unresolved : verdict()->failure;
    return failure ? &*failure : nullptr;
  }
  bool reachable() const { return verdict()->reachable && !place().unresolved; }

  const probe::smtp::Banner* banner() const {
    return Fresh(state_.banner, state_.banner_observed);
  }
  const probe::smtp::Capabilities* clear() const {
    return Fresh(state_.clear, state_.clear_observed);
  }
  const probe::smtp::Capabilities* inside() const {
    return Fresh(state_.inside, state_.inside_observed);
  }
  const bool* starttls_success() const {
    return Fresh(state_.starttls_success, state_.starttls_success_observed);
  }
  const bool* plaintext_after_starttls() const {
    return Fresh(state_.plaintext_after_starttls,
                 state_.plaintext_after_starttls_observed);
  }
  const probe::tls::Handshake* handshake() const {
    return Fresh(state_.handshake, state_.handshake_observed);
  }
  // Of the address. What a resolver that fails has not confirmed for too long
  // is not known any more.
  const bool* reverse_match() const {
    const probe::Reverse* const reverse = place().reverse.get();
    if (reverse == nullptr) return nullptr;
    return Fresh(reverse->match, reverse->match_until);
  }
  const std::vector<std::string>* reverse_names() const {
    const probe::Reverse* const reverse = place().reverse.get();
    if (reverse == nullptr) return nullptr;
    return Fresh(reverse->names, reverse->names_until);
  }
  Facts facts() const {
    return {.banner = banner(),
            .clear = clear(),
            .inside = inside(),
            .handshake = handshake()};
  }
  // The handshake, if it has a certificate and this series is the one that
  // shows it. A server's certificates are shown by the series that asked for
  // their types, and one of another type by the main series.
  const probe::tls::Handshake* certified() const;

  probe::tls::KeyType key_type() const { return entry_.series->key_type; }
  bool certificate_only() const {
    return key_type() != probe::tls::KeyType::kAny;
  }

  std::optional<bool> BannerMatch() const {
    if (banner() == nullptr) return std::nullopt;
    return entry_.target->banner_matcher.Match(*banner(), place().mx);
  }
  ExpectationVerdicts Expectations() const {
    return JudgeExpectations(target(), entry_.target->banner_matcher, facts(),
                             now_.wall);
  }
  // None: nothing is expected.
  std::optional<bool> OutlastsExpectedDays(
      const probe::tls::Handshake& shown) const {
    return JudgeCertificateDays(target().expect, shown, now_.wall);
  }

 private:
  template <typename Fact>
  auto Fresh(const Fact& fact, probe::Time observed) const -> decltype(&*fact) {
    const bool known = fact && now_.steady - observed <= target().stale_after;
    return known ? &*fact : nullptr;
  }
  template <typename Fact>
  auto Fresh(const Fact& fact, const probe::Moment& observed) const
      -> decltype(&*fact) {
    return Fresh(fact, observed.steady);
  }

  const TargetFamilies::Entry& entry_;
  const EndpointState& state_;
  const probe::Moment& now_;
};

// One target as the families see it that are about the whole of it.
class TargetRow {
 public:
  // All must outlive the row.
  TargetRow(const TargetSeries& series,
            std::span<const TargetFamilies::Entry> entries,
            const probe::Moment& now)
      : series_(series), entries_(entries), now_(now) {}

  const probe::Target& target() const { return series_.target(); }
  const probe::Expansion& expansion() const { return *series_.expansion; }
  // Null for a host, and before the first answer about exchangers.
  const probe::Mail* mail() const {
    return expansion().mail ? &*expansion().mail : nullptr;
  }
  const probe::Moment& now() const { return now_; }
  std::span<const TargetFamilies::Entry> entries() const { return entries_; }
  // Those that are about further certificates of a place, too.
  template <typename Visit>
  void ForEachSeries(Visit visit) const {
    for (const TargetFamilies::Entry& entry : entries_) {
      if (entry.state != nullptr) visit(Row(entry, now_));
    }
  }
  // What is shown of each place; further certificates are not among them.
  template <typename Visit>
  void ForEachRow(Visit visit) const {
    ForEachSeries([&](const Row& row) {
      if (!row.certificate_only()) visit(row);
    });
  }

 private:
  const TargetSeries& series_;
  const std::span<const TargetFamilies::Entry> entries_;
  const probe::Moment& now_;
};

}  // namespace exporter::metrics

#endif  // EXPORTER_METRICS_ROW_H_
