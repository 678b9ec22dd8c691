// What one asking showed, in the form that scheduled targets have, so that
// every page, the API and the command show both alike.
#ifndef EXPORTER_REPORT_H_
#define EXPORTER_REPORT_H_

#include <memory>

#include "exporter/metrics/families.h"
#include "exporter/result_store.h"
#include "probe/clock.h"
#include "probe/inquiry.h"

namespace exporter {

// Values that nobody changes any more; for one thread at a time.
struct Report {
  // Exactly one target, labelled as asked for on demand.
  std::shared_ptr<const metrics::SeriesList> series;
  // The states of its endpoints. Null: those of the running daemon, which
  // answered without a conversation of its own.
  std::shared_ptr<const ResultStore> own_states;
  probe::Moment at;          // When it was complete.
  probe::Duration limit{};   // The time that was given.
  probe::Duration lookup{};  // What its names took of the time,
  probe::Duration took{};    // and everything.

  const metrics::TargetSeries& target() const { return *series->front(); }
};

Report MakeReport(const probe::Inquiry::Answer& answer, probe::Duration limit);

}  // namespace exporter

#endif  // EXPORTER_REPORT_H_
