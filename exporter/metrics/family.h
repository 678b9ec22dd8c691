// What the tables of families are made of: a family is a name, a HELP text for
// whoever is woken by it, and a function that appends the samples of one
// series. For families.cc and the tables alone.
#ifndef EXPORTER_METRICS_FAMILY_H_
#define EXPORTER_METRICS_FAMILY_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "exporter/expectations.h"
#include "exporter/metrics/exposition.h"
#include "exporter/metrics/families.h"
#include "exporter/result_store.h"
#include "probe/clock.h"
#include "probe/target.h"
#include "probe/tls/handshake.h"

namespace exporter::metrics {

// One series as the families see it: facts that are too old are gone. Null: not
// known. Looks at nothing before it is asked: most families need little of a
// state that is not in the cache.
class Row {
 public:
  Row(const Series& series, const EndpointState& state,
      const probe::Moment& now)
      : series_(series), state_(state), now_(now) {}

  const probe::Target& target() const { return *series_.target; }
  const EndpointState& state() const { return state_; }
  // Null before the first result.
  const EndpointState::Verdict* verdict() const {
    return state_.verdict ? &*state_.verdict : nullptr;
  }

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

  bool certificate_only() const {
    return series_.key_type != probe::tls::KeyType::kAny;
  }

  std::optional<bool> BannerMatch() const {
    return banner() ? series_.banner_matcher.Match(*banner()) : std::nullopt;
  }
  ExpectationVerdicts Expectations() const {
    return JudgeExpectations(target(), series_.banner_matcher, facts(),
                             now_.wall);
  }
  // None: nothing is expected.
  std::optional<bool> OutlastsExpectedDays(
      const probe::tls::Handshake& shown) const {
    return JudgeCertificateDays(target().expect, shown, now_.wall);
  }

 private:
  template <typename Fact>
  auto Fresh(const Fact& fact, const probe::Moment& observed) const
      -> decltype(&*fact) {
    const bool known =
        fact && now_.steady - observed.steady <= series_.target->stale_after;
    return known ? &*fact : nullptr;
  }

  const Series& series_;
  const EndpointState& state_;
  const probe::Moment& now_;
};

inline double UnixSeconds(probe::WallTime time) {
  return probe::Seconds(time.time_since_epoch());
}

struct Family;

// Takes the samples of one series in one family, and writes the family's head
// before the first of them: a family without samples leaves no trace.
class Samples {
 public:
  using Label = std::pair<std::string_view, std::string_view>;

  // `more` is a buffer, reused so that no sample allocates.
  Samples(ExpositionWriter& writer, const Family& family, bool& started,
          std::string& more)
      : writer_(writer), family_(family), started_(started), more_(more) {}

  void SetLabels(std::string_view labels) { labels_ = labels; }

  void Add(double value) { Write({}, value); }
  void Add(std::uint64_t value) { Write({}, value); }
  void Add(bool value) { Write({}, std::uint64_t{value}); }
  void Add(std::initializer_list<Label> labels, double value) {
    SetMore(labels);
    Write(more_, value);
  }
  void Add(std::initializer_list<Label> labels, bool value) {
    SetMore(labels);
    Write(more_, std::uint64_t{value});
  }
  // A sample that says all in its labels; its value is 1.
  void Info(std::initializer_list<Label> labels) { Add(labels, true); }

 private:
  void SetMore(std::initializer_list<Label> labels) {
    more_.clear();
    for (const auto& [name, value] : labels) AppendLabel(more_, name, value);
  }
  template <typename Value>
  void Write(std::string_view more, Value value);

  ExpositionWriter& writer_;
  const Family& family_;
  bool& started_;
  std::string& more_;
  std::string_view labels_;
};

struct Family {
  std::string_view name;
  FamilyType type;
  std::string_view help;
  void (*append)(const Row& row, Samples& samples);
};

template <typename Value>
void Samples::Write(std::string_view more, Value value) {
  if (!started_) writer_.Family(family_.name, family_.type, family_.help);
  started_ = true;
  writer_.Sample(labels_, more, value);
}

// The tables, in the order of the page.
std::span<const Family> VerdictFamilies();  // Of the latest probe.
std::span<const Family> FactFamilies();     // What was said in SMTP.
std::span<const Family> TlsFamilies();      // What TLS showed.
// The certificate: all that the series of one more certificate of a server
// shows. Each sample has the label `key`.
std::span<const Family> CertificateFamilies();
// What the target expects, of its certificates too.
std::span<const Family> ExpectationFamilies();

}  // namespace exporter::metrics

#endif  // EXPORTER_METRICS_FAMILY_H_
