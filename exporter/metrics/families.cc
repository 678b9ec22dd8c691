#include "exporter/metrics/families.h"

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

#include "exporter/metrics/family.h"

namespace exporter::metrics {
namespace {

// The configuration is ours to trust, and a value cut short could make two
// series of one.
constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

// Whether `certificate` is of the type that was asked for. A server that
// presents another one all the same would be on the page twice with it.
bool IsOfType(const probe::tls::Certificate& certificate,
              probe::tls::KeyType type) {
  switch (type) {
    case probe::tls::KeyType::kAny:
      return true;
    case probe::tls::KeyType::kEcdsa:
      return certificate.key.starts_with("ecdsa");
    case probe::tls::KeyType::kRsa:
      return certificate.key.starts_with("rsa");
  }
  return false;
}

// What every sample of a target begins with.
std::string TargetLabels(const probe::Target& target, Asked asked) {
  std::string labels;
  if (asked == Asked::kOnDemand) return labels;
  AppendLabel(labels, "target", target.name, kNoLimit);
  AppendLabel(labels, "module", target.module, kNoLimit);
  return labels;
}

void AppendUserLabels(const probe::Target& target, std::string& labels) {
  for (const auto& [name, value] : target.labels) {
    AppendLabel(labels, name, value, kNoLimit);
  }
}

BannerMatcher MakeMatcher(const std::shared_ptr<const probe::Target>& target,
                          const TargetSeries* before) {
  if (before != nullptr && before->expansion->target == target) {
    return before->banner_matcher;
  }
  return BannerMatcher(*target);
}

}  // namespace

const probe::tls::Handshake* Row::certified() const {
  const probe::tls::Handshake* const known = handshake();
  if (known == nullptr || !known->certificate || !known->verdict) {
    return nullptr;
  }
  bool shown = IsOfType(*known->certificate, entry_.series->key_type);
  if (!certificate_only()) {
    for (const auto& further : target().certificate_conversations) {
      shown = shown && !IsOfType(*known->certificate, further->tls.key_type);
    }
  }
  return shown ? known : nullptr;
}

Series::Series(const probe::Target& target, const probe::Place& joined,
               Asked asked)
    : place(&joined),
      endpoint(joined.endpoint->id),
      key_type(joined.endpoint->conversation->tls.key_type),
      labels(TargetLabels(target, asked)) {
  if (joined.endpoint->address) {
    AppendLabel(labels, "address", joined.endpoint->address->ToString());
  }
  if (!joined.mx.empty()) AppendLabel(labels, "mx", joined.mx);
  if (asked == Asked::kOnSchedule) AppendUserLabels(target, labels);
}

TargetSeries::TargetSeries(std::shared_ptr<const probe::Expansion> expanded,
                           const TargetSeries* before, Asked asked_how)
    : expansion(std::move(expanded)),
      asked(asked_how),
      banner_matcher(MakeMatcher(expansion->target, before)),
      labels(TargetLabels(target(), asked)) {
  if (asked == Asked::kOnSchedule) AppendUserLabels(target(), labels);
  series.reserve(expansion->places.size());
  for (const probe::Place& place : expansion->places) {
    series.emplace_back(target(), place, asked);
  }
}

struct TargetFamilies::Part {
  const Family* of_series = nullptr;
  const TargetFamily* of_targets = nullptr;  // Else this.
  // Has samples of series that are about a certificate only, too.
  bool of_certificate = false;
};

struct TargetFamilies::Share {
  bool Spent() { return writer.size() >= full || left-- == 0; }

  ExpositionWriter& writer;
  const std::size_t full = writer.size() + kPieceBytes;
  std::size_t left = kMaxSeriesPerPiece;
};

const std::vector<TargetFamilies::Part>& TargetFamilies::Parts() {
  static const std::vector<Part> kParts = [] {
    std::vector<Part> parts;
    const auto add = [&parts](std::span<const Family> table, bool certificate) {
      for (const Family& family : table) {
        parts.push_back({.of_series = &family, .of_certificate = certificate});
      }
    };
    const auto add_targets = [&parts](std::span<const TargetFamily> table) {
      for (const TargetFamily& family : table) {
        parts.push_back({.of_targets = &family});
      }
    };
    add(VerdictFamilies(), false);
    add(FactFamilies(), false);
    add(TlsFamilies(), false);
    add(CertificateFamilies(), true);
    add(ExpectationFamilies(), true);
    add(ReverseFamilies(), false);
    add_targets(DomainFamilies());
    add_targets(LookupFamilies());
    return parts;
  }();
  return kParts;
}

TargetFamilies::TargetFamilies(std::shared_ptr<const SeriesList> series,
                               const ResultStore& store,
                               const probe::Moment& now)
    : list_(std::move(series)), store_(store), now_(now) {}

void TargetFamilies::TakeStates() {
  std::vector<probe::EndpointId> ids;
  const std::size_t first = entries_.size();
  const std::size_t end = std::min(list_->size(), slot_ + kMaxSeriesPerPiece);
  for (; slot_ < end && ids.size() < kMaxSeriesPerPiece; ++slot_) {
    firsts_.push_back(entries_.size());
    const TargetSeries* const target = (*list_)[slot_].get();
    if (target == nullptr) continue;
    for (const Series& series : target->series) {
      entries_.push_back({.series = &series, .target = target, .state = {}});
      ids.push_back(series.endpoint);
    }
  }
  std::vector<ResultStore::State> states = store_.Snapshot(ids);
  for (std::size_t i = 0; i < states.size(); ++i) {
    entries_[first + i].state = std::move(states[i]);
  }
}

bool TargetFamilies::AppendSeries(const Part& part, Share& share) {
  PageSamples samples(share.writer, part.of_series->head(), started_, more_);
  for (; position_ < entries_.size(); ++position_) {
    if (share.Spent()) return false;
    const Entry& entry = entries_[position_];
    if (entry.state == nullptr) continue;
    const Row row(entry, now_);
    if (row.certificate_only() && !part.of_certificate) continue;
    if (part.of_series->of_schedule &&
        entry.target->asked != Asked::kOnSchedule) {
      continue;
    }
    samples.SetLabels(row.labels());
    part.of_series->append(row, samples);
  }
  return true;
}

bool TargetFamilies::AppendTargets(const Part& part, Share& share) {
  PageSamples samples(share.writer, part.of_targets->head(), started_, more_);
  for (; position_ < list_->size(); ++position_) {
    if (share.Spent()) return false;
    const TargetSeries* const target = (*list_)[position_].get();
    if (target == nullptr) continue;
    const std::span entries(entries_.data() + firsts_[position_],
                            target->series.size());
    samples.SetLabels(target->labels);
    part.of_targets->append(TargetRow(*target, entries, now_), samples);
  }
  return true;
}

std::vector<TargetFamilies::Entry> TakeEntries(const TargetSeries& target,
                                               const ResultStore& store) {
  std::vector<TargetFamilies::Entry> entries;
  std::vector<probe::EndpointId> ids;
  for (const Series& series : target.series) {
    entries.push_back({.series = &series, .target = &target, .state = {}});
    ids.push_back(series.endpoint);
  }
  std::vector<ResultStore::State> states = store.Snapshot(ids);
  for (std::size_t i = 0; i < states.size(); ++i) {
    entries[i].state = std::move(states[i]);
  }
  return entries;
}

void AppendFamilies(const Row& row, const BeginFamily& begin) {
  for (const TargetFamilies::Part& part : TargetFamilies::Parts()) {
    if (part.of_series == nullptr) continue;
    if (row.certificate_only() && !part.of_certificate) continue;
    part.of_series->append(row, begin(part.of_series->head()));
  }
}

void AppendFamilies(const TargetRow& row, const BeginFamily& begin) {
  for (const TargetFamilies::Part& part : TargetFamilies::Parts()) {
    if (part.of_targets == nullptr) continue;
    part.of_targets->append(row, begin(part.of_targets->head()));
  }
}

bool TargetFamilies::Next(ExpositionWriter& writer) {
  if (list_ == nullptr) return false;
  if (slot_ < list_->size()) {
    TakeStates();
    return true;
  }
  Share share{.writer = writer};
  for (; part_ < Parts().size(); ++part_, position_ = 0, started_ = false) {
    const Part& part = Parts()[part_];
    const bool done = part.of_series != nullptr ? AppendSeries(part, share)
                                                : AppendTargets(part, share);
    if (!done) return true;
  }
  return false;
}

}  // namespace exporter::metrics
