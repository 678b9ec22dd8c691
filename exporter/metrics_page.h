// The body of /metrics: the daemon's own metrics and the families of all
// targets, written piece by piece while it is sent.
#ifndef EXPORTER_METRICS_PAGE_H_
#define EXPORTER_METRICS_PAGE_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "exporter/http/server.h"
#include "exporter/metrics/families.h"
#include "exporter/metrics/self_metrics.h"
#include "exporter/result_store.h"
#include "exporter/target_id.h"
#include "probe/expansion.h"

namespace exporter {

// On the main loop's thread.
class MetricsPage {
 public:
  // Both must outlive the page, and the responses it gave.
  MetricsPage(const ResultStore& store, const metrics::SelfMetrics& self);

  // What the target in this slot stands for is new or has changed; null: it has
  // left. A page that is being sent goes on with what was there before.
  void OnExpanded(std::size_t slot,
                  std::shared_ptr<const probe::Expansion> expansion);
  // What the next page shows.
  const metrics::SeriesList& series() const { return *series_; }
  // The same for whoever goes on showing it later.
  std::shared_ptr<const metrics::SeriesList> shared_series() const {
    return series_;
  }

  // The target with this id; null: there is none, or its names were never
  // looked up yet.
  std::shared_ptr<const metrics::TargetSeries> Find(TargetId id) const;

  // Format and compression as the request's headers ask.
  http::Response Answer(const http::Request& request) const;

  // Frees some of what was replaced and no page shows any more, a few
  // milliseconds of work; true when there is more.
  bool LetGo();

 private:
  void LetGo(std::size_t most);

  const ResultStore& store_;
  const metrics::SelfMetrics& self_;
  // Copied before a change while a page that is being sent shares it.
  std::shared_ptr<metrics::SeriesList> series_;
  // By slot, side by side: those of 100,000 targets are looked through in no
  // time, while to make them anew took 75 ms.
  std::vector<TargetId> ids_;
  // Replaced while a page that is being sent still shows it, in that order.
  // Without this a page would free them all at once when it is sent: a quarter
  // of a second when 100,000 targets have left meanwhile.
  std::deque<std::shared_ptr<const metrics::TargetSeries>> retired_;
};

}  // namespace exporter

#endif  // EXPORTER_METRICS_PAGE_H_
