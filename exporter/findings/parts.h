// What the findings about a place and about a target are put together from.
// Part of exporter/findings.
#ifndef EXPORTER_FINDINGS_PARTS_H_
#define EXPORTER_FINDINGS_PARTS_H_

#include "exporter/findings/collector.h"
#include "exporter/metrics/row.h"

namespace exporter::findings {

// All about one place. A failure that kept the server from being reached is at
// most `most`.
void AddPlace(const metrics::Row& row, Level most, Collector& out);
// All about a target: first about the whole of it, then its places.
void AddTarget(const metrics::TargetRow& target, Collector& out);

// Whether anything was learnt about the place.
bool HasResult(const metrics::Row& row);
bool HasResult(const metrics::TargetRow& target);
// Whether what was observed at `moment` comes from the latest probe.
bool IsLatest(const metrics::Row& row, const probe::Moment& moment);

// Of a place: what was said in SMTP, the way into TLS, the certificate.
void AddOffer(const metrics::Row& row, Collector& out);
void AddTls(const metrics::Row& row, Collector& out);
void AddCertificate(const metrics::Row& row, Collector& out);

}  // namespace exporter::findings

#endif  // EXPORTER_FINDINGS_PARTS_H_
