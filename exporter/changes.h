// What changed between two states of an endpoint. Pure.
#ifndef EXPORTER_CHANGES_H_
#define EXPORTER_CHANGES_H_

#include <vector>

#include "exporter/change.h"
#include "exporter/endpoint_state.h"
#include "probe/tls/version.h"

namespace exporter {

// One change for each thing that is not as it was, the verdict (phase and
// reason) first: STARTTLS, AUTH, the version of TLS, the certificate, its trust
// and its name; and, not for the log, the banner's host name, SIZE and the
// capabilities. Nothing for what was never observed before, nor for a first
// result that is good. `before` is null for the first result; `after` has a
// verdict. `asked` is the certificate that the endpoint's conversation asks
// for: of another than kAny only verdict and certificate count.
std::vector<Change> WhatChanged(const EndpointState* before,
                                const EndpointState& after,
                                probe::tls::KeyType asked);

}  // namespace exporter

#endif  // EXPORTER_CHANGES_H_
