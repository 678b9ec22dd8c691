// The outcome of one question to DNS, as the metrics tell it.
#ifndef PROBE_LOOKUP_H_
#define PROBE_LOOKUP_H_

#include "probe/clock.h"
#include "probe/result.h"

namespace probe {

enum class RecordType { kA, kAaaa, kMx, kPtr };

struct Lookup {
  // DNS said what there is, or for certain that there is nothing (no data, no
  // such name). Else it is unknown: a timeout, SERVFAIL, REFUSED.
  bool answered = false;
  Duration took{};

  friend bool operator==(const Lookup&, const Lookup&) = default;
};

// Whether `failure` of a lookup says for certain that there are no such
// records.
inline bool IsCertainlyAbsent(const Failure& failure) {
  return failure.reason == Reason::kNoAddress ||
         failure.reason == Reason::kDnsNotFound;
}

}  // namespace probe

#endif  // PROBE_LOOKUP_H_
