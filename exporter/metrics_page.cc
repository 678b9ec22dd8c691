#include "exporter/metrics_page.h"

#include <string>
#include <utility>

#include "exporter/metrics/exposition.h"
#include "probe/net/timer.h"

namespace exporter {
namespace {

// A page on its way to one client.
struct Page {
  metrics::ExpositionWriter writer;
  metrics::TargetFamilies families;
  bool finished = false;

  bool Next(std::string& piece) {
    if (finished) return false;
    if (!families.Next(writer)) {
      writer.Finish();
      finished = true;
    }
    piece = writer.Take();
    return true;
  }
};

}  // namespace

MetricsPage::MetricsPage(const probe::Directory& directory,
                         const ResultStore& store, metrics::SelfMetrics& self)
    : directory_(directory),
      store_(store),
      self_(self),
      series_(std::make_shared<const metrics::SeriesList>()) {}

void MetricsPage::Refresh() {
  if (generation_ == directory_.generation()) return;
  generation_ = directory_.generation();
  metrics::SeriesList series;
  ids_.clear();
  for (const probe::Directory::Entry& entry : directory_.entries()) {
    for (const auto& endpoint : entry.endpoints) {
      series.emplace_back(entry.target, *endpoint);
      ids_.push_back(endpoint->id);
    }
  }
  series_ = std::make_shared<const metrics::SeriesList>(std::move(series));
}

http::Response MetricsPage::Answer(const http::Request& request) {
  Refresh();
  self_.SetTargets(directory_.entries().size(), directory_.endpoint_count());
  const metrics::Negotiated negotiated =
      metrics::NegotiateFormat(request.Header("accept"));
  const auto page = std::make_shared<Page>(Page{
      .writer = metrics::ExpositionWriter(negotiated.format),
      .families =
          metrics::TargetFamilies({.series = series_,
                                   .states = store_.Snapshot(ids_),
                                   .now = probe::net::NowOnBothClocks()}),
  });
  page->writer.Registry(self_.Collect());

  http::Response response;
  response.headers = {{"Content-Type", negotiated.content_type},
                      {"Vary", "Accept, Accept-Encoding"}};
  response.source = [page](std::string& piece) { return page->Next(piece); };
  if (metrics::AcceptsGzip(request.Header("accept-encoding"))) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.source = http::Gzip(std::move(response.source));
  }
  return response;
}

}  // namespace exporter
