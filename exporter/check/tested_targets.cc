#include "exporter/check/tested_targets.h"

#include <cassert>
#include <utility>

#include "exporter/metrics/exposition.h"
#include "probe/endpoint.h"
#include "probe/target.h"

namespace exporter::check {

TestedTargets::TestedTargets(std::size_t count) : tested_(count) {}

void TestedTargets::Put(std::size_t index, const probe::Expansion& expansion,
                        Results results, const probe::Moment& now) {
  assert(tested_[index] == nullptr);
  assert(results.size() == expansion.places.size());
  auto own = std::make_shared<probe::Expansion>(expansion);
  for (std::size_t i = 0; i < results.size(); ++i) {
    auto endpoint = std::make_shared<probe::Endpoint>(*own->places[i].endpoint);
    endpoint->id = ++last_id_;
    own->places[i].endpoint = std::move(endpoint);
    store_.Add(last_id_);
    probe::ProbeResult result = *results[i];
    // There is no next probe.
    result.interval = expansion.target->interval;
    store_.Put(last_id_, result);
  }
  auto tested = std::make_unique<Tested>();
  tested->series =
      std::make_shared<const metrics::TargetSeries>(std::move(own));
  for (const metrics::Series& series : tested->series->series) {
    tested->entries.push_back({.series = &series,
                               .target = tested->series.get(),
                               .state = store_.Find(series.endpoint)});
  }
  tested->results = std::move(results);
  tested->now = now;
  tested_[index] = std::move(tested);
  ++done_;
}

metrics::TargetRow TestedTargets::Row(std::size_t index) const {
  const Tested& tested = *tested_[index];
  return {*tested.series, tested.entries, tested.now};
}

std::vector<metrics::TargetRow> TestedTargets::Rows() const {
  std::vector<metrics::TargetRow> rows;
  for (std::size_t i = 0; i < tested_.size(); ++i) {
    if (Has(i)) rows.push_back(Row(i));
  }
  return rows;
}

std::span<const std::shared_ptr<const probe::ProbeResult>>
TestedTargets::ResultsOf(std::size_t index) const {
  return tested_[index]->results;
}

std::string TestedTargets::Exposition() const {
  auto list = std::make_shared<metrics::SeriesList>();
  probe::Moment now;
  for (const auto& tested : tested_) {
    if (tested == nullptr) continue;
    list->push_back(tested->series);
    if (tested->now.steady > now.steady) now = tested->now;
  }
  metrics::ExpositionWriter writer(metrics::Format::kText);
  metrics::TargetFamilies families(std::move(list), store_, now);
  while (families.Next(writer)) {
  }
  writer.Finish();
  return writer.Take();
}

}  // namespace exporter::check
