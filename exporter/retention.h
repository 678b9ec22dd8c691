// How much is kept for people beside the facts: the limits of what endpoints
// remember of their past, all together.
//
// With 100,000 endpoints there is no room to keep everything for each. What one
// holds it may always replace by something newer; what is there for the first
// time needs room.
#ifndef EXPORTER_RETENTION_H_
#define EXPORTER_RETENTION_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "exporter/change.h"
#include "exporter/endpoint_state.h"
#include "exporter/kept_transcript.h"
#include "probe/clock.h"
#include "probe/endpoint.h"

namespace exporter {

struct RetentionLimits {
  // Changes that one endpoint remembers; 0: none.
  std::size_t changes = 20;
  // Endpoints whose last good transcript is kept, and, apart from them,
  // endpoints whose last bad one is, and those that have one from before a
  // change; 0: none. About 1 KB each, at most 4 KB.
  std::size_t transcripts = 10'000;
  // So many endpoints may remember as many changes as they may have. The room
  // is shared: those that change less leave some to others. About 100 bytes a
  // change, at most 270.
  std::size_t histories = 10'000;
};

// Changes that an endpoint remembers when there is no more room: what it is
// now, and what it was before.
inline constexpr std::size_t kChangesAlways = 2;

// Not safe for threads by itself: ResultStore has the lock.
class Retention {
 public:
  explicit Retention(const RetentionLimits& limits) : limits_(limits) {}

  bool keeps_transcripts() const { return limits_.transcripts > 0; }

  // Puts `transcript` into `state`, the new state of endpoint `id`, if there is
  // room. Where failures have no more room, one that is over makes some, the
  // oldest first: the returned endpoint has to lose its last_bad. `worse`:
  // something changed for the worse in this probe.
  std::optional<probe::EndpointId> Keep(
      probe::EndpointId id, std::shared_ptr<const KeptTranscript> transcript,
      bool worse, EndpointState& state);
  // Puts what changed, seen by the latest probe, into `state`.
  void Keep(std::span<const Change> changes, EndpointState& state);
  // Endpoint `id` leaves with all that its `state` holds.
  void Forget(probe::EndpointId id, const EndpointState& state);

 private:
  using Recovered = std::pair<probe::Time, probe::EndpointId>;

  std::optional<probe::EndpointId> KeepBad(
      probe::EndpointId id, std::shared_ptr<const KeptTranscript> transcript,
      EndpointState& state);

  const RetentionLimits limits_;
  std::size_t good_ = 0;     // Endpoints that have a last_good.
  std::size_t bad_ = 0;      // Endpoints that have a last_bad.
  std::size_t worse_ = 0;    // Endpoints that have a before_change.
  std::size_t changes_ = 0;  // In all histories.
  // Endpoints that have a last_bad and did not fail since, by its end.
  std::set<Recovered> recovered_;
};

}  // namespace exporter

#endif  // EXPORTER_RETENTION_H_
