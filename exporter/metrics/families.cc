#include "exporter/metrics/families.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

#include "probe/result.h"
#include "probe/smtp/quirk.h"

namespace exporter::metrics {
namespace {

// The configuration is ours to trust, and a value cut short could make two
// series of one.
constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

constexpr std::string_view kInClear = R"(tls="no")";

// One series as the families see it: facts that are too old are gone.
struct Row {
  const probe::Target& target;
  const BannerMatcher& banner_matcher;
  const EndpointState& state;
  const EndpointState::Verdict* verdict;   // Null before the first result.
  const probe::smtp::Banner* banner;       // Null: not known.
  const probe::smtp::Capabilities* clear;  // Likewise.
};

Row MakeRow(const Series& series, const EndpointState& state, probe::Time now) {
  const auto fresh = [&](const auto& fact, const probe::Moment& observed) {
    const bool known =
        fact && now - observed.steady <= series.target->stale_after;
    return known ? &*fact : nullptr;
  };
  return {.target = *series.target,
          .banner_matcher = series.banner_matcher,
          .state = state,
          .verdict = state.verdict ? &*state.verdict : nullptr,
          .banner = fresh(state.banner, state.banner_observed),
          .clear = fresh(state.clear, state.clear_observed)};
}

double UnixSeconds(probe::WallTime time) {
  return probe::Seconds(time.time_since_epoch());
}

struct Family;

// Takes the samples of one series in one family, and writes the family's head
// before the first of them: a family without samples leaves no trace.
class Samples {
 public:
  Samples(ExpositionWriter& writer, const Family& family, bool& started,
          std::string& more)
      : writer_(writer), family_(family), started_(started), more_(more) {}

  void SetLabels(std::string_view labels) { labels_ = labels; }

  void Add(double value) { Write({}, value); }
  void Add(std::uint64_t value) { Write({}, value); }
  void Add(bool value) { Write({}, std::uint64_t{value}); }
  void Add(std::string_view name, std::string_view label, double value) {
    more_.clear();
    AppendLabel(more_, name, label);
    Write(more_, value);
  }
  // An item of a set that was seen; `rest` is further label text.
  void Seen(std::string_view name, std::string_view label,
            std::string_view rest = {}) {
    more_.clear();
    AppendLabel(more_, name, label);
    if (!rest.empty()) (more_ += ',') += rest;
    Write(more_, std::uint64_t{1});
  }
  void Failed(const probe::Failure& failure) {
    more_.clear();
    AppendLabel(more_, "phase", Name(failure.phase));
    AppendLabel(more_, "reason", Name(failure.reason));
    Write(more_, std::uint64_t{1});
  }

 private:
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

void AppendQuirks(const Row& row, Samples& samples) {
  probe::smtp::Quirks quirks = row.state.quirks;
  if (row.banner != nullptr) quirks.Add(row.banner->quirks);
  if (row.clear != nullptr) quirks.Add(row.clear->quirks);
  if (quirks.Empty()) return;
  for (std::size_t i = 0; i < probe::smtp::kQuirkCount; ++i) {
    if (quirks.Has(static_cast<probe::smtp::Quirk>(i))) {
      samples.Seen("quirk", probe::smtp::kQuirkNames[i]);
    }
  }
}

void AppendPhases(const Row& row, Samples& samples) {
  if (row.verdict == nullptr) return;
  for (std::size_t i = 0; i < probe::kPhaseCount; ++i) {
    if (const auto& duration = row.verdict->phase_durations[i]) {
      samples.Add("phase", Name(static_cast<probe::Phase>(i)),
                  probe::Seconds(*duration));
    }
  }
}

// The verdict of the latest probe.
constexpr Family kVerdictFamilies[] = {
    {"smtp_reachable", FamilyType::kGauge,
     "Whether the latest probe got a final 220 greeting and a positive answer "
     "to EHLO or HELO.",
     [](const Row& row, Samples& samples) {
       if (row.verdict != nullptr) samples.Add(row.verdict->reachable);
     }},
    {"smtp_probe_success", FamilyType::kGauge,
     "Whether the latest probe did everything that its module demands.",
     [](const Row& row, Samples& samples) {
       if (row.verdict != nullptr) samples.Add(!row.verdict->failure);
     }},
    {"smtp_probe_failure_info", FamilyType::kGauge,
     "Always 1 and only there while the latest probe failed: the phase of the "
     "conversation it failed in, and why.",
     [](const Row& row, Samples& samples) {
       if (row.verdict != nullptr && row.verdict->failure) {
         samples.Failed(*row.verdict->failure);
       }
     }},
    {"smtp_probe_timestamp_seconds", FamilyType::kGauge,
     "When the latest probe ended, as a Unix time. Probes run on a schedule "
     "of their own and not when this page is scraped.",
     [](const Row& row, Samples& samples) {
       if (row.verdict != nullptr) {
         samples.Add(UnixSeconds(row.verdict->finished.wall));
       }
     }},
    {"smtp_probe_interval_seconds", FamilyType::kGauge,
     "Time from one probe to the next. It grows while the server asks its "
     "clients to come back later (421).",
     [](const Row& row, Samples& samples) {
       samples.Add(probe::Seconds(
           row.verdict != nullptr ? row.state.interval : row.target.interval));
     }},
    {"smtp_probe_duration_seconds", FamilyType::kGauge,
     "How long the latest probe took, with everything from the connection to "
     "the answer to QUIT.",
     [](const Row& row, Samples& samples) {
       if (row.verdict != nullptr) {
         samples.Add(probe::Seconds(row.verdict->duration));
       }
     }},
    {"smtp_probe_phase_duration_seconds", FamilyType::kGauge,
     "How long each phase of the latest probe took. A phase that failed has "
     "its time until then, one that was not reached is not there.",
     AppendPhases},
    {"smtp_probes_total", FamilyType::kCounter,
     "How many probes have ended, well or not.",
     [](const Row& row, Samples& samples) { samples.Add(row.state.probes); }},
    {"smtp_probe_failures_total", FamilyType::kCounter,
     "How many probes have failed.",
     [](const Row& row, Samples& samples) { samples.Add(row.state.failures); }},
};

// Facts: what was last observed.
constexpr Family kFactFamilies[] = {
    {"smtp_observed_timestamp_seconds", FamilyType::kGauge,
     "When the answer to EHLO was last observed, as a Unix time. A probe that "
     "observes nothing (a 421, a silent server) leaves the facts as they "
     "were; they are dropped once older than stale_after. Probes run on a "
     "schedule of their own and not when this page is scraped.",
     [](const Row& row, Samples& samples) {
       if (row.clear != nullptr) {
         samples.Add(UnixSeconds(row.state.clear_observed.wall));
       }
     }},
    {"smtp_starttls_advertised", FamilyType::kGauge,
     "Whether the server offered STARTTLS in its answer to EHLO, as last "
     "observed. Also 0 when it only took HELO.",
     [](const Row& row, Samples& samples) {
       if (row.clear != nullptr) samples.Add(row.clear->starttls);
     }},
    {"smtp_auth_on_25", FamilyType::kGauge,
     "Whether a server that takes mail from other servers (module role mx) "
     "offered AUTH, where it has no business. Absent for submission.",
     [](const Row& row, Samples& samples) {
       if (row.clear != nullptr && row.target.role == probe::Role::kMx) {
         samples.Add(row.clear->auth);
       }
     }},
    {"smtp_auth_mechanism", FamilyType::kGauge,
     "Always 1 for each AUTH mechanism that the server offered, before "
     "(tls=\"no\") or after STARTTLS.",
     [](const Row& row, Samples& samples) {
       if (row.clear == nullptr) return;
       for (const std::string& mechanism : row.clear->auth_mechanisms) {
         samples.Seen("mechanism", mechanism, kInClear);
       }
     }},
    {"smtp_size_limit_bytes", FamilyType::kGauge,
     "The largest message that the server says it takes (SIZE). +Inf: it "
     "declares no fixed limit. Absent: it told no usable number.",
     [](const Row& row, Samples& samples) {
       if (row.clear != nullptr && row.clear->size_limit) {
         samples.Add(*row.clear->size_limit);
       }
     }},
    {"smtp_banner_match", FamilyType::kGauge,
     "Whether the greeting names the expected host: the one in expect.banner, "
     "or else the target's own name.",
     [](const Row& row, Samples& samples) {
       if (row.banner == nullptr) return;
       if (const auto match = row.banner_matcher.Match(*row.banner)) {
         samples.Add(*match);
       }
     }},
    {"smtp_banner_hostname_info", FamilyType::kGauge,
     "Always 1: the host name that the server gave in its greeting.",
     [](const Row& row, Samples& samples) {
       if (row.banner != nullptr && !row.banner->hostname.empty()) {
         samples.Seen("hostname", row.banner->hostname);
       }
     }},
    {"smtp_capability", FamilyType::kGauge,
     "Always 1 for each keyword in the answer to EHLO, before (tls=\"no\") or "
     "after STARTTLS.",
     [](const Row& row, Samples& samples) {
       if (row.clear == nullptr) return;
       for (const std::string& keyword : row.clear->keywords) {
         samples.Seen("capability", keyword, kInClear);
       }
     }},
    {"smtp_esmtp", FamilyType::kGauge,
     "Whether the server took EHLO. 0: it only took HELO, so it has no "
     "extensions.",
     [](const Row& row, Samples& samples) {
       if (row.clear != nullptr) samples.Add(row.clear->esmtp);
     }},
    {"smtp_expectation_met", FamilyType::kGauge,
     "Whether an item of the target's expect block holds, for those that the "
     "observed facts can decide.",
     [](const Row& row, Samples& samples) {
       for (const auto& [name, met] : JudgeExpectations(
                row.target, row.banner_matcher, row.banner, row.clear)) {
         samples.Add("expectation", name, met ? 1 : 0);
       }
     }},
    {"smtp_quirk", FamilyType::kGauge,
     "Always 1 for each oddity observed in what the server said, such as a "
     "bare line feed or a middlebox that masks its answers.",
     AppendQuirks},
};

constexpr std::size_t kFamilyCount =
    std::size(kVerdictFamilies) + std::size(kFactFamilies);

const Family& FamilyAt(std::size_t index) {
  constexpr std::size_t kFirst = std::size(kVerdictFamilies);
  return index < kFirst ? kVerdictFamilies[index]
                        : kFactFamilies[index - kFirst];
}

}  // namespace

Series::Series(std::shared_ptr<const probe::Target> wanted,
               const probe::Endpoint& joined)
    : target(std::move(wanted)), endpoint(joined.id), banner_matcher(*target) {
  AppendLabel(labels, "target", target->name, kNoLimit);
  AppendLabel(labels, "module", target->module, kNoLimit);
  if (joined.address) {
    AppendLabel(labels, "address", joined.address->ToString());
  }
  for (const auto& [name, value] : target->labels) {
    AppendLabel(labels, name, value, kNoLimit);
  }
}

TargetFamilies::TargetFamilies(TargetSnapshot snapshot)
    : snapshot_(std::move(snapshot)) {}

bool TargetFamilies::Next(ExpositionWriter& writer) {
  if (snapshot_.series == nullptr) return false;
  const SeriesList& series = *snapshot_.series;
  const std::size_t count = std::min(series.size(), snapshot_.states.size());
  const std::size_t full = writer.size() + kPieceBytes;
  std::size_t looked_at = 0;
  for (; family_ < kFamilyCount; ++family_, series_ = 0, started_ = false) {
    const Family& family = FamilyAt(family_);
    Samples samples(writer, family, started_, more_);
    while (series_ < count) {
      if (writer.size() >= full || looked_at++ == kMaxSeriesPerPiece) {
        return true;
      }
      const std::size_t index = series_++;
      const ResultStore::State& state = snapshot_.states[index];
      if (state == nullptr) continue;
      samples.SetLabels(series[index].labels);
      family.append(MakeRow(series[index], *state, snapshot_.now), samples);
    }
  }
  return false;
}

}  // namespace exporter::metrics
