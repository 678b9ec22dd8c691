#include "exporter/result_store.h"

#include <utility>

namespace exporter {
namespace {

// The master rule: what this probe did not observe, it does not change.
void Fold(const probe::ProbeResult& result, EndpointState& state) {
  state.verdict = EndpointState::Verdict{
      .finished = result.finished,
      .duration = result.duration,
      .phase_durations = result.phase_durations,
      .failure = result.failure,
      .reachable = result.reachable,
  };
  state.interval = result.interval;
  ++state.probes;
  if (result.failure) ++state.failures;
  if (result.banner) {
    state.banner = result.banner;
    state.banner_observed = result.finished;
  }
  if (result.clear) {
    state.clear = result.clear;
    state.clear_observed = result.finished;
  }
  state.quirks = result.quirks;
}

}  // namespace

void ResultStore::Add(probe::EndpointId id) {
  const std::lock_guard lock(mutex_);
  State& state = states_[id];
  if (!state) state = std::make_shared<const EndpointState>();
}

void ResultStore::Remove(probe::EndpointId id) {
  const std::lock_guard lock(mutex_);
  states_.erase(id);
}

std::optional<ResultStore::Transition> ResultStore::Put(
    probe::EndpointId id, const probe::ProbeResult& result) {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(id);
  if (found == states_.end()) return std::nullopt;
  auto next = std::make_shared<EndpointState>(*found->second);
  Fold(result, *next);
  State before = std::exchange(found->second, std::move(next));
  if (!before->verdict) before = nullptr;
  return Transition{.before = std::move(before), .after = found->second};
}

void ResultStore::SetInterval(probe::EndpointId id, probe::Duration interval) {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(id);
  if (found == states_.end() || !found->second->verdict) return;
  auto next = std::make_shared<EndpointState>(*found->second);
  next->interval = interval;
  found->second = std::move(next);
}

std::vector<ResultStore::State> ResultStore::Snapshot(
    const std::vector<probe::EndpointId>& ids) const {
  std::vector<State> states;
  states.reserve(ids.size());
  const std::lock_guard lock(mutex_);
  for (const probe::EndpointId id : ids) {
    const auto found = states_.find(id);
    states.push_back(found == states_.end() ? nullptr : found->second);
  }
  return states;
}

}  // namespace exporter
