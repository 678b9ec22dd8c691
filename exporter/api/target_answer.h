// One target with everything as an answer of the API, {"as_of":...,
// "target":{...}}, written place by place while it is sent: a domain whose
// exchangers have hundreds of addresses has megabytes to tell.
#ifndef EXPORTER_API_TARGET_ANSWER_H_
#define EXPORTER_API_TARGET_ANSWER_H_

#include <memory>
#include <string>

#include "exporter/api/target_json.h"
#include "exporter/http/server.h"
#include "exporter/metrics/families.h"
#include "exporter/result_store.h"
#include "probe/clock.h"

namespace exporter::api {

// Unix seconds as JSON has them.
std::string UnixText(const probe::Moment& moment);

// What `store` knows now, as of `at`. The source keeps what it tells of.
http::Response::Source TellTarget(
    std::shared_ptr<const metrics::TargetSeries> series,
    const ResultStore& store, const probe::Moment& at, Kept kept);

}  // namespace exporter::api

#endif  // EXPORTER_API_TARGET_ANSWER_H_
