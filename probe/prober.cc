#include "probe/prober.h"

#include <uv.h>

#include <algorithm>
#include <cassert>
#include <optional>
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

// From this probe's slot to the next that may run: whole intervals, because
// slots lie on a grid.
Duration SlotsUntil(Duration next_start, Duration interval) {
  const auto whole = (next_start + interval - Duration(1)) / interval;
  return std::max<Duration::rep>(whole, 1) * interval;
}

ProbeResult UnresolvedResult(const Endpoint& endpoint) {
  ProbeResult result;
  result.finished = net::NowOnBothClocks();
  result.duration = endpoint.resolve_duration;
  result.phase_durations[static_cast<std::size_t>(Phase::kResolve)] =
      endpoint.resolve_duration;
  result.failure = endpoint.unresolved;
  if (result.failure) {
    result.transcript.push_back({.speaker = TranscriptLine::Speaker::kNote,
                                 .at = result.duration,
                                 .text = result.failure->detail});
  }
  return result;
}

}  // namespace

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
      observer.postponed(id, interval);
    }
    if (result.failure && result.failure->reason == Reason::kShutdown) return;
    result.interval = SlotsUntil(next + result.duration, endpoint->interval);
    observer.finished(*endpoint, std::move(result));
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
    drain_timer->At(net::Now() + kDrainLimit);
    StopIfIdle();
  }

  void DropAll() {
    sessions.clear();
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
  std::unordered_map<EndpointId, std::unique_ptr<Session>> sessions;
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

void Prober::Stop(std::function<void()> stopped) {
  impl_->mailbox->Post(
      [impl = impl_.get(), stopped = std::move(stopped)]() mutable {
        impl->Stop(std::move(stopped));
      });
}

}  // namespace probe
