// The metric families of targets: what an endpoint's state means in gauges and
// counters. The public interface of the program; see the table in README.md.
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
#include "probe/target.h"
#include "probe/tls/version.h"

namespace exporter::metrics {

// One target joined with one of its endpoints: what all its samples share.
// Made when the set of endpoints changes, not per scrape.
struct Series {
  Series(std::shared_ptr<const probe::Target> target,
         const probe::Endpoint& endpoint);

  std::shared_ptr<const probe::Target> target;
  probe::EndpointId endpoint;
  // Other than kAny: one of the target's certificate_conversations, which was
  // to get a certificate of this type and shows nothing but that. Else the same
  // labels would be on the page several times.
  probe::tls::KeyType key_type;
  // 'target="mx1.example.com:25",module="smtp",address="192.0.2.1",team="mail"',
  // escaped: every sample of the series starts with it.
  std::string labels;
  BannerMatcher banner_matcher;
};

// All series in the order of the configuration; shared with scrapes that are
// still being sent when the next one is made.
using SeriesList = std::vector<Series>;

// What one scrape renders; nothing in it changes any more.
struct TargetSnapshot {
  std::shared_ptr<const SeriesList> series;
  std::vector<ResultStore::State> states;  // As many as series; may be null.
  probe::Moment now;  // Decides what is stale and how long is left.
};

// Series looked at for one piece. A family that few series have writes little,
// and 100,000 states that are not in the cache would hold the loop for 20 ms.
inline constexpr std::size_t kMaxSeriesPerPiece = 4096;

// Appends the samples of all target families to `writer`, piece by piece, in
// memory that does not grow with the number of targets: Next() stops once
// about `kPieceBytes` were written or kMaxSeriesPerPiece looked at, and goes on
// there when called again, in the middle of a family if need be.
class TargetFamilies {
 public:
  explicit TargetFamilies(TargetSnapshot snapshot);

  // False once everything was written; this call may have written the last
  // of it.
  bool Next(ExpositionWriter& writer);

 private:
  TargetSnapshot snapshot_;
  std::size_t table_ = 0;   // Index into the tables of families.
  std::size_t family_ = 0;  // Index into that table.
  std::size_t series_ = 0;  // Index into snapshot_.series.
  bool started_ = false;    // HELP and TYPE of family_ are written.
  std::string more_;        // Reused, so that no sample allocates.
};

}  // namespace exporter::metrics

#endif  // EXPORTER_METRICS_FAMILIES_H_
