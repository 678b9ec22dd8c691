#include "exporter/report.h"

#include <cstddef>
#include <utility>

#include "probe/net/timer.h"

namespace exporter {

Report MakeReport(const probe::Inquiry::Answer& answer, probe::Duration limit) {
  auto states = std::make_shared<ResultStore>();
  for (std::size_t i = 0; i < answer.results.size(); ++i) {
    const probe::EndpointId id = answer.expansion->places[i].endpoint->id;
    probe::ProbeResult result = *answer.results[i];
    // There is no next probe.
    result.interval = answer.expansion->target->interval;
    states->Add(id);
    states->Put(id, result);
  }
  auto series = std::make_shared<metrics::SeriesList>();
  series->push_back(std::make_shared<const metrics::TargetSeries>(
      answer.expansion, nullptr, metrics::Asked::kOnDemand));
  return {.series = std::move(series),
          .own_states = std::move(states),
          .at = probe::net::NowOnBothClocks(),
          .limit = limit,
          .lookup = answer.lookup,
          .took = answer.took};
}

}  // namespace exporter
