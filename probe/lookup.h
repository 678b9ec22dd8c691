// The outcome of one question to DNS, as the metrics tell it.
#ifndef PROBE_LOOKUP_H_
#define PROBE_LOOKUP_H_

#include "probe/clock.h"
#include "probe/result.h"

namespace probe {

enum class RecordType { kA, kAaaa, kMx, kPtr };

// The latest one about something; replaced in place, on the main loop's thread,
// so that nothing has to be made anew because a lookup took another time.
struct Lookup {
  // DNS said what there is, or for certain that there is nothing (no data, no
  // such name). Else it is unknown: a timeout, SERVFAIL, REFUSED.
  bool answered = false;
  bool local = false;  // By the hosts file: no resolver was asked.
  bool ever = false;   // This or an earlier one was answered.
  Duration took{};
  Time at{};  // When it ended; none has, as long as this is 0.

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
