// The targets that the command `check` has tested, in the form that scheduled
// ones have, so that all that is told of those can be told of these.
#ifndef EXPORTER_CHECK_TESTED_TARGETS_H_
#define EXPORTER_CHECK_TESTED_TARGETS_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "exporter/metrics/families.h"
#include "exporter/metrics/row.h"
#include "exporter/result_store.h"
#include "probe/clock.h"
#include "probe/expansion.h"
#include "probe/result.h"

namespace exporter::check {

// On one thread.
class TestedTargets {
 public:
  using Results = std::vector<std::shared_ptr<const probe::ProbeResult>>;

  // `count` targets, of which nothing is known yet.
  explicit TestedTargets(std::size_t count);
  TestedTargets(const TestedTargets&) = delete;
  TestedTargets& operator=(const TestedTargets&) = delete;

  // A test has ended, at `now`. There is a result for each place of the
  // expansion, in their order. Once for each index.
  void Put(std::size_t index, const probe::Expansion& expansion,
           Results results, const probe::Moment& now);

  std::size_t size() const { return tested_.size(); }
  std::size_t done() const { return done_; }
  std::size_t left() const { return size() - done_; }
  bool Has(std::size_t index) const { return tested_[index] != nullptr; }
  // Only of what it Has(). As good as until this object goes.
  metrics::TargetRow Row(std::size_t index) const;
  std::vector<metrics::TargetRow> Rows() const;  // Of all that it has.
  std::span<const std::shared_ptr<const probe::ProbeResult>> ResultsOf(
      std::size_t index) const;
  // All metrics, text 0.0.4.
  std::string Exposition() const;

 private:
  struct Tested {
    std::shared_ptr<const metrics::TargetSeries> series;
    std::vector<metrics::TargetFamilies::Entry> entries;
    Results results;
    probe::Moment now;
  };

  std::vector<std::unique_ptr<const Tested>> tested_;
  std::size_t done_ = 0;
  ResultStore store_;
  // Each test numbers its endpoints by itself; here they are told apart.
  probe::EndpointId last_id_ = 0;
};

}  // namespace exporter::check

#endif  // EXPORTER_CHECK_TESTED_TARGETS_H_
