#include "exporter/metrics_page.h"

#include <string>
#include <utility>

#include "exporter/metrics/exposition.h"
#include "probe/net/timer.h"

namespace exporter {
namespace {

// Of what was replaced, freed with each change: twice as fast as it can come.
constexpr std::size_t kLetGoPerChange = 2;
// And when somebody sees to it: a few milliseconds of work.
constexpr std::size_t kLetGoPerTurn = 1024;

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

MetricsPage::MetricsPage(const ResultStore& store,
                         const metrics::SelfMetrics& self)
    : store_(store),
      self_(self),
      series_(std::make_shared<metrics::SeriesList>()) {}

void MetricsPage::OnExpanded(
    std::size_t slot, std::shared_ptr<const probe::Expansion> expansion) {
  if (series_.use_count() > 1) {
    series_ = std::make_shared<metrics::SeriesList>(*series_);
  }
  metrics::SeriesList& list = *series_;
  if (slot >= list.size()) list.resize(slot + 1);
  std::shared_ptr<const metrics::TargetSeries> series;
  if (expansion != nullptr) {
    series = std::make_shared<const metrics::TargetSeries>(std::move(expansion),
                                                           list[slot].get());
  }
  ids_.resize(list.size());
  ids_[slot] = series == nullptr ? 0 : IdOf(series->target());
  std::swap(list[slot], series);
  while (!list.empty() && list.back() == nullptr) list.pop_back();
  if (series.use_count() > 1) retired_.push_back(std::move(series));
  LetGo(kLetGoPerChange);
}

std::shared_ptr<const metrics::TargetSeries> MetricsPage::Find(
    TargetId id) const {
  for (std::size_t slot = 0; slot < series_->size(); ++slot) {
    if (ids_[slot] == id && (*series_)[slot] != nullptr) {
      return (*series_)[slot];
    }
  }
  return nullptr;
}

bool MetricsPage::LetGo() {
  LetGo(kLetGoPerTurn);
  return !retired_.empty() && retired_.front().use_count() == 1;
}

void MetricsPage::LetGo(std::size_t most) {
  while (most-- > 0 && !retired_.empty() && retired_.front().use_count() == 1) {
    retired_.pop_front();
  }
}

http::Response MetricsPage::Answer(const http::Request& request) const {
  const metrics::Negotiated negotiated =
      metrics::NegotiateFormat(request.Header("accept"));
  const auto page = std::make_shared<Page>(Page{
      .writer = metrics::ExpositionWriter(negotiated.format),
      .families = metrics::TargetFamilies(series_, store_,
                                          probe::net::NowOnBothClocks()),
  });
  page->writer.Registry(self_.Collect());

  http::Response response;
  response.headers = {{"Content-Type", negotiated.content_type},
                      {"Vary", "Accept, Accept-Encoding"},
                      {"X-Content-Type-Options", "nosniff"}};
  response.source = [page](std::string& piece) { return page->Next(piece); };
  if (metrics::AcceptsGzip(request.Header("accept-encoding"))) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.source = http::Gzip(std::move(response.source));
  }
  return response;
}

}  // namespace exporter
