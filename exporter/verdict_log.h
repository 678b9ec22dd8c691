// The log line that an admin reads first: a verdict about a server changed.
#ifndef EXPORTER_VERDICT_LOG_H_
#define EXPORTER_VERDICT_LOG_H_

#include "exporter/result_store.h"
#include "probe/endpoint.h"

namespace exporter {

// One line for each thing that changed between two states of an endpoint: the
// verdict (phase and reason), STARTTLS, AUTH. Nothing when nothing did, and
// nothing for a first result that is good. Any thread.
void LogTransition(const probe::Endpoint& endpoint,
                   const ResultStore::Transition& transition);

}  // namespace exporter

#endif  // EXPORTER_VERDICT_LOG_H_
