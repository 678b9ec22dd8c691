// The one object that threads share. Probe threads put results in; the main
// thread reads a snapshot for each scrape.
//
// A state is immutable: Put makes a new one and swaps the pointer, so a scrape
// holds the lock only to copy pointers and what it renders cannot change.
#ifndef EXPORTER_RESULT_STORE_H_
#define EXPORTER_RESULT_STORE_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "probe/endpoint.h"
#include "probe/result.h"
#include "probe/smtp/banner.h"
#include "probe/smtp/ehlo.h"
#include "probe/tls/handshake.h"

namespace exporter {

// All that is remembered of one endpoint.
struct EndpointState {
  // The latest verdict.
  struct Verdict {
    probe::Moment finished;
    probe::Duration duration{};
    std::array<std::optional<probe::Duration>, probe::kPhaseCount>
        phase_durations{};
    std::optional<probe::Failure> failure;
    bool reachable = false;
  };

  std::optional<Verdict> verdict;  // None before the first result.
  probe::Duration interval{};      // Back-off included; 0 before it.
  std::uint64_t probes = 0;
  std::uint64_t failures = 0;

  // Facts: what was last observed, and when. A probe that cannot observe a
  // fact (a 421, a silent server) leaves it alone; the reader drops it once it
  // is older than the target's `stale_after`. Null or none: never observed, or
  // forgotten because an EHLO reply without STARTTLS shows that there is no TLS
  // any more. A fact that is observed again unchanged stays the same object.
  std::shared_ptr<const probe::smtp::Banner> banner;
  probe::Moment banner_observed;
  std::shared_ptr<const probe::smtp::Capabilities> clear;
  probe::Moment clear_observed;
  std::shared_ptr<const probe::smtp::Capabilities> inside;
  probe::Moment inside_observed;
  std::optional<bool> starttls_success;
  probe::Moment starttls_success_observed;
  std::optional<bool> plaintext_after_starttls;
  probe::Moment plaintext_after_starttls_observed;
  std::shared_ptr<const probe::tls::Handshake> handshake;
  probe::Moment handshake_observed;
  // Quirks of replies that are no facts, of the latest probe.
  probe::smtp::Quirks quirks;
};

class ResultStore {
 public:
  using State = std::shared_ptr<const EndpointState>;

  struct Transition {
    State before;  // Null for the first result.
    State after;   // Never null.
  };

  ResultStore() = default;
  ResultStore(const ResultStore&) = delete;
  ResultStore& operator=(const ResultStore&) = delete;

  // Makes an endpoint known, without a verdict and with counters at 0; one
  // that is known already keeps all it has. Any thread.
  void Add(probe::EndpointId id);
  // Forgets it; a result that arrives later is dropped. Any thread.
  void Remove(probe::EndpointId id);
  // Folds a result in. None when the endpoint is not known (any more). Any
  // thread.
  std::optional<Transition> Put(probe::EndpointId id,
                                const probe::ProbeResult& result);
  // The next probe comes so long after the last one, because the server asked
  // another conversation to back off. Nothing before the first result. Any
  // thread.
  void SetInterval(probe::EndpointId id, probe::Duration interval);
  // Null when the id is not known. Any thread.
  State Find(probe::EndpointId id) const;
  // The states of `ids`, in their order; null where the id is not known. Any
  // thread.
  std::vector<State> Snapshot(const std::vector<probe::EndpointId>& ids) const;

 private:
  mutable std::mutex mutex_;
  // No hash table: its growth would hold the lock for long.
  std::map<probe::EndpointId, State> states_;
};

}  // namespace exporter

#endif  // EXPORTER_RESULT_STORE_H_
