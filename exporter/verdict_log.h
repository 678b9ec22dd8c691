// The log line that an admin reads first: a verdict about a server changed.
#ifndef EXPORTER_VERDICT_LOG_H_
#define EXPORTER_VERDICT_LOG_H_

#include "exporter/result_store.h"
#include "probe/endpoint.h"

namespace exporter {

// One line for each thing that changed between two states of an endpoint: the
// verdict (phase and reason), STARTTLS, AUTH, the version of TLS, the
// certificate, its trust and its name. Nothing when nothing did, nor for what
// was never observed before, nor for a first result that is good. Of an
// endpoint that is there for one more certificate of its server, only what is
// said of verdict and certificate, with the field certificate_type. Any thread.
void LogTransition(const probe::Endpoint& endpoint,
                   const ResultStore::Transition& transition);

}  // namespace exporter

#endif  // EXPORTER_VERDICT_LOG_H_
