#include "exporter/result_store.h"

#include <algorithm>
#include <utility>

#include "exporter/changes.h"

namespace exporter {
namespace {

// States are copied with every result, and most facts never change: the object
// of an equal fact is kept.
template <typename Fact>
void Observe(const std::optional<Fact>& seen, const probe::Moment& when,
             std::shared_ptr<const Fact>& fact, probe::Moment& observed) {
  if (!seen) return;
  if (fact == nullptr || *fact != *seen) {
    fact = std::make_shared<const Fact>(*seen);
  }
  observed = when;
}

void Observe(const std::optional<bool>& seen, const probe::Moment& when,
             std::optional<bool>& fact, probe::Moment& observed) {
  if (!seen) return;
  fact = seen;
  observed = when;
}

void ForgetTls(EndpointState& state) {
  state.inside.reset();
  state.starttls_success.reset();
  state.plaintext_after_starttls.reset();
  state.handshake.reset();
}

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
  // Not unknown but absent: what was inside TLS is not there any more.
  if (result.clear && !result.clear->starttls) ForgetTls(state);
  const probe::Moment& when = result.finished;
  Observe(result.banner, when, state.banner, state.banner_observed);
  Observe(result.clear, when, state.clear, state.clear_observed);
  Observe(result.inside, when, state.inside, state.inside_observed);
  Observe(result.starttls_success, when, state.starttls_success,
          state.starttls_success_observed);
  Observe(result.plaintext_after_starttls, when, state.plaintext_after_starttls,
          state.plaintext_after_starttls_observed);
  Observe(result.handshake, when, state.handshake, state.handshake_observed);
  state.quirks = result.quirks;
}

std::size_t IsFailing(const EndpointState& state) {
  return state.verdict && state.verdict->failure ? 1 : 0;
}

}  // namespace

void ResultStore::Add(probe::EndpointId id) {
  const std::lock_guard lock(mutex_);
  State& state = states_[id];
  if (!state) state = std::make_shared<const EndpointState>();
}

void ResultStore::Remove(probe::EndpointId id) {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(id);
  if (found == states_.end()) return;
  retention_.Forget(id, *found->second);
  failing_ -= IsFailing(*found->second);
  states_.erase(found);
}

std::optional<ResultStore::Transition> ResultStore::Put(
    probe::EndpointId id, const probe::ProbeResult& result,
    probe::tls::KeyType asked) {
  // Not under the lock: it copies all that was said.
  std::shared_ptr<const KeptTranscript> transcript;
  if (retention_.keeps_transcripts()) {
    transcript = std::make_shared<const KeptTranscript>(result);
  }
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(id);
  if (found == states_.end()) return std::nullopt;
  auto next = std::make_shared<EndpointState>(*found->second);
  Fold(result, *next);
  failing_ += IsFailing(*next);
  failing_ -= IsFailing(*found->second);
  const EndpointState* const before =
      found->second->verdict ? found->second.get() : nullptr;
  Remember(id, std::move(transcript), WhatChanged(before, *next, asked), *next);
  Transition transition{.before = nullptr, .after = next};
  State old = std::exchange(found->second, std::move(next));
  if (old->verdict) transition.before = std::move(old);
  return transition;
}

void ResultStore::Remember(probe::EndpointId id,
                           std::shared_ptr<const KeptTranscript> transcript,
                           const std::vector<Change>& changes,
                           EndpointState& state) {
  retention_.Keep(changes, state);
  if (transcript == nullptr) return;
  const bool worse = std::ranges::any_of(changes, [](const Change& change) {
    return change.level == Change::Level::kWarning;
  });
  const auto loser = retention_.Keep(id, std::move(transcript), worse, state);
  if (!loser) return;
  State& place = states_.at(*loser);
  auto poorer = std::make_shared<EndpointState>(*place);
  poorer->last_bad.reset();
  place = std::move(poorer);
}

void ResultStore::SetInterval(probe::EndpointId id, probe::Duration interval) {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(id);
  if (found == states_.end() || !found->second->verdict) return;
  auto next = std::make_shared<EndpointState>(*found->second);
  next->interval = interval;
  found->second = std::move(next);
}

std::size_t ResultStore::failing_count() const {
  const std::lock_guard lock(mutex_);
  return failing_;
}

ResultStore::State ResultStore::Find(probe::EndpointId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(id);
  return found == states_.end() ? nullptr : found->second;
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
