// The metric families of targets: what an endpoint's state and DNS mean in
// gauges and counters. The public interface of the program; see the table in
// README.md.
#ifndef EXPORTER_METRICS_FAMILIES_H_
#define EXPORTER_METRICS_FAMILIES_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "exporter/expectations.h"
#include "exporter/metrics/exposition.h"
#include "exporter/result_store.h"
#include "probe/clock.h"
#include "probe/endpoint.h"
#include "probe/expansion.h"
#include "probe/target.h"
#include "probe/tls/version.h"

namespace exporter::metrics {

// By whom a target is probed: a scrape that asks for one at /probe labels it
// itself, so that its samples carry neither `target` nor `module` nor the
// user's labels.
enum class Asked { kOnSchedule, kOnDemand };

// A target joined with one of its endpoints: what all its samples share.
struct Series {
  Series(const probe::Target& target, const probe::Place& place,
         Asked asked = Asked::kOnSchedule);

  const probe::Place* place;  // Lives as long as the expansion it is in.
  probe::EndpointId endpoint;
  // Other than kAny: one of the target's certificate_conversations, which was
  // to get a certificate of this type and shows nothing but that. Else the same
  // labels would be on the page several times.
  probe::tls::KeyType key_type;
  // 'target="example.org:25",module="smtp",address="192.0.2.1",
  // mx="mx1.example.org",team="mail"', escaped: every sample of the series
  // starts with it. `address` and `mx` only where the place has them.
  std::string labels;
};

// What one target shows. Immutable; made when its expansion changes, not per
// scrape.
struct TargetSeries {
  // `before` is what the target showed until now, or null: what was compiled
  // for the same target is kept.
  explicit TargetSeries(std::shared_ptr<const probe::Expansion> expansion,
                        const TargetSeries* before = nullptr,
                        Asked asked = Asked::kOnSchedule);

  const probe::Target& target() const { return *expansion->target; }

  std::shared_ptr<const probe::Expansion> expansion;  // Never null.
  Asked asked;
  BannerMatcher banner_matcher;
  // As a Series has them, without `address` and `mx`: of what is said of the
  // target as a whole.
  std::string labels;
  std::vector<Series> series;  // One for each place, in their order.
};

// By slot of the Directory; null in the gaps. Shared with scrapes that are
// still being sent when the next one is made.
using SeriesList = std::vector<std::shared_ptr<const TargetSeries>>;

// Series looked at for one piece. A family that few series have writes little,
// and 100,000 states that are not in the cache would hold the loop for 20 ms.
inline constexpr std::size_t kMaxSeriesPerPiece = 4096;

// Appends the samples of all target families to `writer`, piece by piece:
// Next() stops once about `kPieceBytes` were written or kMaxSeriesPerPiece
// looked at, and goes on there when called again, in the middle of a family if
// need be. The first calls write nothing: they take each endpoint's state from
// the store, once, so that the families of a series agree.
class TargetFamilies {
 public:
  // `now` decides what is stale and how long is left. `store` must outlive
  // this; `series` may be null.
  TargetFamilies(std::shared_ptr<const SeriesList> series,
                 const ResultStore& store, const probe::Moment& now);

  // False once everything was written; this call may have written the last
  // of it.
  bool Next(ExpositionWriter& writer);

  // A series and what was taken for it.
  struct Entry {
    const Series* series;
    const TargetSeries* target;
    ResultStore::State state;  // Null: the endpoint is gone.
  };

  struct Part;  // One family; for families.cc alone.
  static const std::vector<Part>& Parts();

 private:
  struct Share;  // What is left to do in one call.

  void TakeStates();
  bool AppendSeries(const Part& part, Share& share);
  bool AppendTargets(const Part& part, Share& share);

  std::shared_ptr<const SeriesList> list_;
  const ResultStore& store_;
  const probe::Moment now_;
  std::size_t slot_ = 0;             // Of list_, the next to be taken.
  std::vector<Entry> entries_;       // Of all targets, one after the other.
  std::vector<std::size_t> firsts_;  // In entries_, for each slot.
  std::size_t part_ = 0;
  std::size_t position_ = 0;  // In entries_, or in list_.
  bool started_ = false;      // HELP and TYPE of the part are written.
  std::string more_;          // Reused, so that no sample allocates.
};

// The series of one target with their states, in their order; those whose
// endpoint is gone have none.
std::vector<TargetFamilies::Entry> TakeEntries(const TargetSeries& target,
                                               const ResultStore& store);

}  // namespace exporter::metrics

#endif  // EXPORTER_METRICS_FAMILIES_H_
