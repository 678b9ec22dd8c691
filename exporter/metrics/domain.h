// A domain target as senders see it: which of its exchangers they try first,
// and whether one of those takes mail.
#ifndef EXPORTER_METRICS_DOMAIN_H_
#define EXPORTER_METRICS_DOMAIN_H_

#include <optional>
#include <string_view>

#include "exporter/metrics/row.h"
#include "probe/expansion.h"

namespace exporter::metrics {

// Whether senders try `mx` first. Exchangers that were never known stand as one
// place without a name.
bool IsBest(const probe::Mail& mail, std::string_view mx);

// True at the first address of a best exchanger that is reachable. False needs
// the verdicts of all: those that are still to come could be good ones. None
// for a host, for a null MX, and while it is not known.
std::optional<bool> DomainReachable(const TargetRow& target);

}  // namespace exporter::metrics

#endif  // EXPORTER_METRICS_DOMAIN_H_
