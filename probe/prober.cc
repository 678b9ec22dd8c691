#include "probe/prober.h"

#include <uv.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>

#include "probe/mailbox.h"
#include "probe/net/timer.h"
#include "probe/plan/schedule.h"
#include "probe/session.h"

namespace probe {
namespace {

// Started in one turn of the loop, so that a burst (all names unresolved after
// a resolver died) cannot hold it for longer than a few milliseconds.
constexpr int kMaxStartsPerTurn = 256;
constexpr Duration kLagPeriod = std::chrono::seconds(1);

// What a result says about the server's wish to be left alone.
plan::Schedule::Outcome OutcomeOf(const ProbeResult& result) {
  using enum plan::Schedule::Outcome;
  if (!result.failure) return kDone;
  const Failure& failure = *result.failure;
  if (failure.reason == Reason::kServiceClosing) return kBackOff;
  // A 4xx to the greeting or to EHLO refuses us, not a command of ours.
  if (failure.reason == Reason::kRejectedTemporary &&
      (failure.phase == Phase::kGreeting || failure.phase == Phase::kEhlo)) {
    return kBackOff;
  }
  // Whoever talks SMTP to us again does not mind us.
  return result.banner ? kDone : kNeutral;
}

// What was asked for has numbers of its own in the schedule.
constexpr std::uint64_t kOnceBit = std::uint64_t{1} << 63;

// From this probe's slot to the next that may run: whole intervals, because
// slots lie on a grid.
Duration SlotsUntil(Duration next_start, Duration interval) {
  const auto whole = (next_start + interval - Duration(1)) / interval;
  return std::max<Duration::rep>(whole, 1) * interval;
}

// Of an attempt that did not come to a conversation, after `took`.
ProbeResult ResultWithout(Failure failure, Duration took = {}) {
  ProbeResult result;
  result.finished = net::NowOnBothClocks();
  result.duration = took;
  result.transcript.push_back({.speaker = TranscriptLine::Speaker::kNote,
                               .at = took,
                               .text = failure.detail});
  result.failure = std::move(failure);
  return result;
}

ProbeResult BackedOffResult(Duration left) {
  return ResultWithout(
      {.phase = Phase::kConnect,
       .reason = Reason::kBackoff,
       .detail = "the server asked to be left alone for another " +
                 std::to_string(
                     std::chrono::ceil<std::chrono::seconds>(left).count()) +
                 " s"});
}

ProbeResult ShutdownResult() {
  return ResultWithout({.phase = Phase::kConnect,
                        .reason = Reason::kShutdown,
                        .detail = "this program is stopping"});
}

}  // namespace

ProbeResult UnresolvedResult(const Endpoint& endpoint) {
  ProbeResult result = ResultWithout(
      endpoint.unresolved.value_or(Failure{.phase = Phase::kResolve,
                                           .reason = Reason::kNoAddress,
                                           .detail = {}}),
      endpoint.resolve_duration);
  result.phase_durations[static_cast<std::size_t>(Phase::kResolve)] =
      endpoint.resolve_duration;
  return result;
}

// Everything here belongs to the prober's thread, but for `mailbox`.
struct Prober::Impl {
  Impl(std::size_t concurrency, Observer observer_in)
      : observer(std::move(observer_in)), schedule(concurrency) {
    uv_loop_init(&loop);
    mailbox.emplace(&loop);
    wake.emplace(&loop, [this] { StartDue(); });
    lag_timer.emplace(&loop, [this] { MeasureLag(); });
    drain_timer.emplace(&loop, [this] { DropAll(); });
    lag_due = net::Now() + kLagPeriod;
    lag_timer->At(lag_due);
  }

  ~Impl() {
    [[maybe_unused]] const int left = uv_loop_close(&loop);
    assert(left == 0);
  }

  void Run() { uv_run(&loop, UV_RUN_DEFAULT); }

  // The last task: closes every handle, so that the loop runs out of work.
  void Close() {
    sessions.clear();
    wake.reset();
    lag_timer.reset();
    drain_timer.reset();
    mailbox.reset();
  }

  void Put(std::shared_ptr<const Endpoint> endpoint) {
    schedule.Put(endpoint->id, endpoint->ServerKey(), endpoint->interval,
                 endpoint->Hash(), net::Now());
    const EndpointId id = endpoint->id;
    endpoints[id] = std::move(endpoint);
    ArmWake();
  }

  void Remove(EndpointId id) {
    schedule.Remove(id);
    endpoints.erase(id);
  }

  void StartDue() {
    if (stopping) return;
    for (int started = 0; started < kMaxStartsPerTurn; ++started) {
      const auto start = schedule.Next(net::Now());
      if (!start) return ArmWake();
      if ((start->id & kOnceBit) != 0) {
        StartOnce(start->id);
        continue;
      }
      const std::shared_ptr<const Endpoint>& endpoint = endpoints[start->id];
      observer.started(start->lag);
      if (endpoint->unresolved || !endpoint->address) {
        Finish(endpoint, UnresolvedResult(*endpoint));
        continue;
      }
      sessions[start->id] = std::make_unique<Session>(
          &loop, endpoint, [this, endpoint](ProbeResult result) {
            sessions.erase(endpoint->id);
            Finish(endpoint, std::move(result));
            if (stopping) return StopIfIdle();
            ArmWake();
          });
    }
    wake->At(net::Now());
  }

  void ArmWake() {
    if (stopping) return;
    const std::optional<Time> next = schedule.NextWake();
    if (next) {
      wake->At(*next);
    } else {
      wake->Stop();
    }
  }

  void Finish(std::shared_ptr<const Endpoint> endpoint, ProbeResult result) {
    const Duration next =
        schedule.Finished(endpoint->id, OutcomeOf(result), net::Now());
    observer.ended(result.duration);
    for (const auto& [id, interval] : schedule.TakePostponed()) {
      if ((id & kOnceBit) == 0) observer.postponed(id, interval);
    }
    if (OutcomeOf(result) == plan::Schedule::Outcome::kBackOff) {
      RefuseWaiting(endpoint->ServerKey());
    }
    if (result.failure && result.failure->reason == Reason::kShutdown) return;
    result.interval = SlotsUntil(next + result.duration, endpoint->interval);
    observer.finished(*endpoint, std::move(result));
  }

  // Conversations that were asked for.

  struct Once {
    std::shared_ptr<const Endpoint> endpoint;
    std::function<void(ProbeResult)> done;  // Null: nobody waits any more.
  };

  void ProbeOnce(Ticket ticket, std::shared_ptr<const Endpoint> endpoint,
                 std::function<void(ProbeResult)> done) {
    if (stopping) return done(ShutdownResult());
    if (endpoint->unresolved || !endpoint->address) {
      return done(UnresolvedResult(*endpoint));
    }
    const Time now = net::Now();
    const std::string server = endpoint->ServerKey();
    if (const auto until = schedule.BackedOffUntil(server, now)) {
      return done(BackedOffResult(*until - now));
    }
    const plan::Schedule::Id id = ticket | kOnceBit;
    schedule.PutOnce(id, server, endpoint->interval, now);
    once[id] = {.endpoint = std::move(endpoint), .done = std::move(done)};
    ArmWake();
  }

  void StartOnce(plan::Schedule::Id id) {
    const std::shared_ptr<const Endpoint>& endpoint = once[id].endpoint;
    observer.started(Duration(0));  // It was due when its server was free.
    sessions[id] = std::make_unique<Session>(
        &loop, endpoint, [this, id](ProbeResult result) {
          sessions.erase(id);
          FinishOnce(id, std::move(result));
          if (stopping) return StopIfIdle();
          ArmWake();
        });
  }

  void FinishOnce(plan::Schedule::Id id, ProbeResult result) {
    const auto found = once.find(id);
    const Once asked = std::move(found->second);
    once.erase(found);
    const Time now = net::Now();
    schedule.Finished(id, OutcomeOf(result), now);
    observer.ended(result.duration);
    for (const auto& [other, interval] : schedule.TakePostponed()) {
      if ((other & kOnceBit) == 0) observer.postponed(other, interval);
    }
    if (OutcomeOf(result) == plan::Schedule::Outcome::kBackOff) {
      RefuseWaiting(asked.endpoint->ServerKey());
    }
    if (asked.done) asked.done(std::move(result));
  }

  // The server has just asked to be left alone; whoever waits for it is told
  // now, and not when it is free again.
  void RefuseWaiting(const std::string& server) {
    const Time now = net::Now();
    const auto until = schedule.BackedOffUntil(server, now);
    if (!until) return;
    for (auto waiting = once.begin(); waiting != once.end();) {
      const auto& [id, asked] = *waiting;
      if (sessions.contains(id) || asked.endpoint->ServerKey() != server) {
        ++waiting;
        continue;
      }
      schedule.Remove(id);
      if (asked.done) asked.done(BackedOffResult(*until - now));
      waiting = once.erase(waiting);
    }
  }

  void Cancel(Ticket ticket) {
    const plan::Schedule::Id id = ticket | kOnceBit;
    const auto found = once.find(id);
    if (found == once.end()) return;
    const auto session = sessions.find(id);
    if (session != sessions.end()) {
      found->second.done = nullptr;
      if (!session->second->ungreeted()) return session->second->Shutdown();
      // A silent server would hold the place of others for its whole time.
      sessions.erase(session);
      FinishOnce(id, ShutdownResult());
      if (stopping) return StopIfIdle();
      return ArmWake();
    }
    schedule.Remove(id);
    once.erase(found);
  }

  void MeasureLag() {
    const Time now = net::Now();
    observer.loop_lag(now - lag_due);
    lag_due = now + kLagPeriod;
    lag_timer->At(lag_due);
  }

  void Stop(std::function<void()> when_stopped) {
    stopping = true;
    stopped = std::move(when_stopped);
    wake->Stop();
    for (auto& [id, session] : sessions) session->Shutdown();
    for (auto waiting = once.begin(); waiting != once.end();) {
      if (sessions.contains(waiting->first)) {
        ++waiting;
        continue;
      }
      if (waiting->second.done) waiting->second.done(ShutdownResult());
      waiting = once.erase(waiting);
    }
    drain_timer->At(net::Now() + kDrainLimit);
    StopIfIdle();
  }

  void DropAll() {
    sessions.clear();
    for (const auto& [id, asked] : std::exchange(once, {})) {
      if (asked.done) asked.done(ShutdownResult());
    }
    StopIfIdle();
  }

  void StopIfIdle() {
    if (!sessions.empty() || !stopped) return;
    drain_timer->Stop();
    std::exchange(stopped, nullptr)();
  }

  const Observer observer;
  uv_loop_t loop{};
  std::optional<Mailbox> mailbox;
  std::optional<net::Timer> wake;
  std::optional<net::Timer> lag_timer;
  std::optional<net::Timer> drain_timer;
  Time lag_due{};
  plan::Schedule schedule;
  std::unordered_map<EndpointId, std::shared_ptr<const Endpoint>> endpoints;
  // By the number in the schedule.
  std::unordered_map<plan::Schedule::Id, std::unique_ptr<Session>> sessions;
  std::unordered_map<plan::Schedule::Id, Once> once;
  bool stopping = false;
  std::function<void()> stopped;
  std::thread thread;
};

Prober::Prober(std::size_t concurrency, Observer observer)
    : impl_(std::make_unique<Impl>(concurrency, std::move(observer))) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->Run(); });
}

Prober::~Prober() {
  impl_->mailbox->Post([impl = impl_.get()] { impl->Close(); });
  impl_->thread.join();
}

void Prober::Put(std::shared_ptr<const Endpoint> endpoint) {
  impl_->mailbox->Post([impl = impl_.get(), endpoint = std::move(endpoint)] {
    impl->Put(endpoint);
  });
}

void Prober::Remove(EndpointId id) {
  impl_->mailbox->Post([impl = impl_.get(), id] { impl->Remove(id); });
}

void Prober::ProbeOnce(Ticket ticket, std::shared_ptr<const Endpoint> endpoint,
                       std::function<void(ProbeResult)> done) {
  impl_->mailbox->Post([impl = impl_.get(), ticket,
                        endpoint = std::move(endpoint),
                        done = std::move(done)]() mutable {
    impl->ProbeOnce(ticket, std::move(endpoint), std::move(done));
  });
}

void Prober::Cancel(Ticket ticket) {
  impl_->mailbox->Post([impl = impl_.get(), ticket] { impl->Cancel(ticket); });
}

void Prober::Stop(std::function<void()> stopped) {
  impl_->mailbox->Post(
      [impl = impl_.get(), stopped = std::move(stopped)]() mutable {
        impl->Stop(std::move(stopped));
      });
}

void Prober::Run(std::function<void()> task) {
  impl_->mailbox->Post(std::move(task));
}

}  // namespace probe
