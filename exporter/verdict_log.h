// The log line that an admin reads first: a verdict about a server changed.
#ifndef EXPORTER_VERDICT_LOG_H_
#define EXPORTER_VERDICT_LOG_H_

#include "exporter/result_store.h"
#include "probe/endpoint.h"

namespace exporter {

// One line for each change between two states of an endpoint (changes.h) that
// is worth one. Of an endpoint that is there for one more certificate of its
// server, with the field certificate_type. Any thread.
void LogTransition(const probe::Endpoint& endpoint,
                   const ResultStore::Transition& transition);

}  // namespace exporter

#endif  // EXPORTER_VERDICT_LOG_H_
