// The body of /probe, as blackbox_exporter's users know it: a test's metrics,
// or with debug=true what was said, the metrics and the module.
#ifndef EXPORTER_PROBE_PAGE_H_
#define EXPORTER_PROBE_PAGE_H_

#include "exporter/http/server.h"
#include "exporter/on_demand.h"
#include "exporter/result_store.h"
#include "probe/clock.h"

namespace exporter {

class ProbePage {
 public:
  // `store` has the states of the scheduled targets. Both must outlive the page
  // and the answers that it owes.
  ProbePage(OnDemand& on_demand, const ResultStore& store,
            probe::Duration timeout_offset)
      : on_demand_(on_demand), store_(store), timeout_offset_(timeout_offset) {}

  // Later, mostly. Format and compression as the request's headers ask. A
  // failed probe is a good answer, with probe_success 0.
  void Answer(const http::Request& request, http::Respond respond);

 private:
  OnDemand& on_demand_;
  const ResultStore& store_;
  const probe::Duration timeout_offset_;
};

}  // namespace exporter

#endif  // EXPORTER_PROBE_PAGE_H_
