// Who may only be probed at some addresses: what is left of a target's places
// for somebody who asks about it. Pure.
#ifndef PROBE_PERMITTED_PART_H_
#define PROBE_PERMITTED_PART_H_

#include <functional>

#include "probe/expansion.h"
#include "probe/ip_address.h"

namespace probe {

// Whether this address may be connected to.
using Permits = std::function<bool(const IpAddress&)>;

// `found` with the permitted places only. A host that is left with no address
// has one place without, which fails as `no_address`; a target that is left
// with none has nothing but such a place. Names that certainly do not exist
// look the same, so that whoever asks does not learn which names our resolver
// knows inside. What DNS could not tell (a time-out, SERVFAIL) stays. Its
// places keep the ids of their endpoints.
Expansion PermittedPart(const Expansion& found, const Permits& permits);

}  // namespace probe

#endif  // PROBE_PERMITTED_PART_H_
