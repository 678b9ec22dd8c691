// Probes endpoints on their schedule, on a loop and a thread of its own, so
// that a slow scrape never bends a measured latency.
#ifndef PROBE_PROBER_H_
#define PROBE_PROBER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "probe/clock.h"
#include "probe/endpoint.h"
#include "probe/result.h"

namespace probe {

// How long conversations may go on after Stop before they are dropped. Longer
// than postscreen's greeting delay, shorter than what service managers wait.
inline constexpr Duration kDrainLimit = std::chrono::seconds(10);

// The result of a probe of an endpoint that cannot be connected to, because it
// is unresolved or has no address.
ProbeResult UnresolvedResult(const Endpoint& endpoint);

class Prober {
 public:
  // Called on the prober's thread; must be quick and must not throw.
  struct Observer {
    // A probe begins, `lag` after it was due.
    std::function<void(Duration lag)> started;
    // It has ended, `took` after it began, with or without a result.
    std::function<void(Duration took)> ended;
    // Its one result. Also after the endpoint was removed meanwhile; not for
    // probes that Stop cut off: those say nothing about the server.
    std::function<void(const Endpoint&, ProbeResult)> finished;
    // The server of this endpoint asked to be left alone, in a conversation
    // with another endpoint: its next probe is so long after its last one.
    std::function<void(EndpointId, Duration interval)> postponed;
    // Once a second: how late the loop's timer fired.
    std::function<void(Duration lag)> loop_lag;
  };

  // At most `concurrency` conversations at once. Starts the thread.
  Prober(std::size_t concurrency, Observer observer);
  // Drops what still runs and joins the thread.
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  // Makes an endpoint known, or changes the one with this id; its schedule
  // stays. Any thread, as are the following.
  void Put(std::shared_ptr<const Endpoint> endpoint);
  // Forgets it. A conversation with it goes on to its end.
  void Remove(EndpointId id);

  // Names one conversation that was asked for, unique among all of them.
  using Ticket = std::uint64_t;
  // Probes an endpoint once, beside the schedule and as soon as its server is
  // free; the endpoint need not be known, and its id means nothing here. While
  // the server wants to be left alone the result is `backoff`, without a
  // conversation. `done` is called on the prober's thread, once, with the
  // result, `interval` not filled in; reason `shutdown` when Stop comes first.
  // Not after Cancel, as far as this thread is concerned.
  void ProbeOnce(Ticket ticket, std::shared_ptr<const Endpoint> endpoint,
                 std::function<void(ProbeResult)> done);
  // Nobody waits for the result any more: a conversation that has begun ends
  // with QUIT, or at once while the server has not greeted; one that has not
  // begun never does.
  void Cancel(Ticket ticket);
  // Starts nothing any more, lets conversations say QUIT, and calls `stopped`
  // on the prober's thread when the last has ended, kDrainLimit at the latest.
  void Stop(std::function<void()> stopped);
  // Runs `task` on the prober's thread, behind what was asked of it before;
  // after Stop, too.
  void Run(std::function<void()> task);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace probe

#endif  // PROBE_PROBER_H_
