// The one object that threads share. Probe threads put results in; the main
// thread reads a snapshot for each scrape.
//
// A state is immutable: Put makes a new one and swaps the pointer, so a scrape
// holds the lock only to copy pointers and what it renders cannot change.
#ifndef EXPORTER_RESULT_STORE_H_
#define EXPORTER_RESULT_STORE_H_

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "exporter/endpoint_state.h"
#include "exporter/retention.h"
#include "probe/endpoint.h"
#include "probe/result.h"
#include "probe/tls/version.h"

namespace exporter {

class ResultStore {
 public:
  using State = std::shared_ptr<const EndpointState>;

  struct Transition {
    State before;  // Null for the first result.
    State after;   // Never null.
  };

  explicit ResultStore(const RetentionLimits& limits = {})
      : retention_(limits) {}
  ResultStore(const ResultStore&) = delete;
  ResultStore& operator=(const ResultStore&) = delete;

  // Makes an endpoint known, without a verdict and with counters at 0; one
  // that is known already keeps all it has. Any thread.
  void Add(probe::EndpointId id);
  // Forgets it; a result that arrives later is dropped. Any thread.
  void Remove(probe::EndpointId id);
  // Folds a result in. None when the endpoint is not known (any more). `asked`
  // is the certificate that its conversation asks for, which decides what of a
  // change is remembered. Any thread.
  std::optional<Transition> Put(
      probe::EndpointId id, const probe::ProbeResult& result,
      probe::tls::KeyType asked = probe::tls::KeyType::kAny);
  // The next probe comes so long after the last one, because the server asked
  // another conversation to back off. Nothing before the first result. Any
  // thread.
  void SetInterval(probe::EndpointId id, probe::Duration interval);
  // How many endpoints failed their latest probe. Any thread.
  std::size_t failing_count() const;
  // Null when the id is not known. Any thread.
  State Find(probe::EndpointId id) const;
  // The states of `ids`, in their order; null where the id is not known. Any
  // thread.
  std::vector<State> Snapshot(const std::vector<probe::EndpointId>& ids) const;

 private:
  // What the probe leaves for people. Locked.
  void Remember(probe::EndpointId id,
                std::shared_ptr<const KeptTranscript> transcript,
                const std::vector<Change>& changes, EndpointState& state);

  mutable std::mutex mutex_;
  // No hash table: its growth would hold the lock for long.
  std::map<probe::EndpointId, State> states_;
  std::size_t failing_ = 0;
  Retention retention_;
};

}  // namespace exporter

#endif  // EXPORTER_RESULT_STORE_H_
