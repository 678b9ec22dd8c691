// The body of /metrics: the daemon's own metrics and the families of all
// targets, written piece by piece while it is sent.
#ifndef EXPORTER_METRICS_PAGE_H_
#define EXPORTER_METRICS_PAGE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "exporter/http/server.h"
#include "exporter/metrics/families.h"
#include "exporter/metrics/self_metrics.h"
#include "exporter/result_store.h"
#include "probe/directory.h"

namespace exporter {

// On the main loop's thread.
class MetricsPage {
 public:
  // All must outlive the page.
  MetricsPage(const probe::Directory& directory, const ResultStore& store,
              metrics::SelfMetrics& self);

  // Format and compression as the request's headers ask.
  http::Response Answer(const http::Request& request);

 private:
  // Joins targets with endpoints anew when the directory has changed.
  void Refresh();

  const probe::Directory& directory_;
  const ResultStore& store_;
  metrics::SelfMetrics& self_;
  std::uint64_t generation_ = 0;
  std::shared_ptr<const metrics::SeriesList> series_;
  std::vector<probe::EndpointId> ids_;  // Of series_, in its order.
};

}  // namespace exporter

#endif  // EXPORTER_METRICS_PAGE_H_
