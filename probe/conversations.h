// Conversations that somebody asked for, beside the schedule: hands them to the
// probers, brings the results back to the asker's loop, and lets those who ask
// for the same within a second share one.
#ifndef PROBE_CONVERSATIONS_H_
#define PROBE_CONVERSATIONS_H_

#include <uv.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "probe/clock.h"
#include "probe/endpoint.h"
#include "probe/mailbox.h"
#include "probe/prober.h"
#include "probe/result.h"

namespace probe {

// Several scrapers that ask for one server at about the same time cost it one
// conversation: whoever comes while it is held, or so long after, gets its
// result.
inline constexpr Duration kShared = std::chrono::seconds(1);

// On one loop's thread, but for the probers.
class Conversations {
 public:
  // The prober that an endpoint belongs to; it must outlive this object.
  using Route = std::function<Prober&(const Endpoint&)>;
  // On the loop's thread, once, and never inside the call that asked. Not after
  // the asking was given up.
  using Done = std::function<void(std::shared_ptr<const ProbeResult>)>;

  // `loop` must outlive this object, and must run once more after it is
  // destroyed, so that its handles close.
  Conversations(uv_loop_t* loop, Route route);
  // Whoever still waits hears nothing. The probers must be gone or idle: they
  // post here.
  ~Conversations();
  Conversations(const Conversations&) = delete;
  Conversations& operator=(const Conversations&) = delete;

  // One who waits for a result. To destroy it is to give up: with the last one
  // that waits for it, the conversation ends as soon as manners allow.
  class Waiting;

  // As Prober::ProbeOnce. The id of the endpoint means nothing here. A
  // conversation of somebody with less time is not shared unless it has a
  // result: its time-out would not be ours.
  std::unique_ptr<Waiting> Ask(std::shared_ptr<const Endpoint> endpoint,
                               Done done);

  // Conversations that are under way or waiting for their server.
  std::size_t running() const { return running_; }

 private:
  struct Shared;

  static bool Serves(const Shared& shared, Duration total);
  Prober::Ticket Begin(std::string key,
                       std::shared_ptr<const Endpoint> endpoint);
  std::unique_ptr<Waiting> Join(Prober::Ticket ticket, Done done);
  void Finish(Prober::Ticket ticket,
              const std::shared_ptr<const ProbeResult>& result);
  void Leave(Prober::Ticket ticket, const Waiting* waiting);
  void ForgetOld();
  void Forget(Prober::Ticket ticket);

  const Route route_;
  Mailbox mailbox_;
  Prober::Ticket last_ticket_ = 0;
  std::size_t running_ = 0;
  std::unordered_map<Prober::Ticket, std::unique_ptr<Shared>> shared_;
  // What is asked for, to the latest conversation that tells it.
  std::unordered_map<std::string, Prober::Ticket> latest_;
  std::deque<Prober::Ticket> finished_;  // In the order of their ends.
};

class Conversations::Waiting {
 public:
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  friend class Conversations;
  Waiting(Conversations& conversations, Prober::Ticket ticket, Done done)
      : conversations_(&conversations),
        ticket_(ticket),
        done_(std::move(done)) {}

  Conversations* conversations_;  // Null: nothing is to come any more.
  const Prober::Ticket ticket_;
  Done done_;
};

}  // namespace probe

#endif  // PROBE_CONVERSATIONS_H_
