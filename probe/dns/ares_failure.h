// Why c-ares has no answer, in our words.
#ifndef PROBE_DNS_ARES_FAILURE_H_
#define PROBE_DNS_ARES_FAILURE_H_

#include <string>

#include "probe/dns/message.h"
#include "probe/lookup.h"
#include "probe/result.h"

namespace probe::dns {

// `name` is what was asked, of whatever bytes; `status` an ARES_ code other
// than ARES_SUCCESS.
Failure AresFailure(const std::string& name, int status, RecordType type);
// There was an answer, of no use.
Failure AresFailure(const std::string& name, MessageError error);

}  // namespace probe::dns

#endif  // PROBE_DNS_ARES_FAILURE_H_
