// A JSON list of targets, written piece by piece while it is sent.
#ifndef EXPORTER_API_TARGET_LIST_H_
#define EXPORTER_API_TARGET_LIST_H_

#include <functional>
#include <memory>
#include <string>

#include "exporter/http/server.h"
#include "exporter/metrics/families.h"
#include "exporter/metrics/row.h"
#include "exporter/result_store.h"
#include "probe/clock.h"
#include "probe/target.h"

namespace exporter::api {

struct TargetListParts {
  std::string head;  // What stands before the first item,
  std::string tail;  // and behind the last.
  // Which targets are looked at at all.
  std::function<bool(const probe::Target&)> wants;
  // The JSON of one target; "" leaves it out.
  std::function<std::string(const metrics::TargetRow&)> item;
};

// `store` must outlive the source. Each target is taken when its turn comes, so
// that a long list is no longer than its pieces.
http::Response::Source ListTargets(
    std::shared_ptr<const metrics::SeriesList> series, const ResultStore& store,
    const probe::Moment& now, TargetListParts parts);

}  // namespace exporter::api

#endif  // EXPORTER_API_TARGET_LIST_H_
