#include "exporter/retention.h"

#include <algorithm>

#include "exporter/history.h"

namespace exporter {

std::optional<probe::EndpointId> Retention::Keep(
    probe::EndpointId id, std::shared_ptr<const KeptTranscript> transcript,
    bool worse, EndpointState& state) {
  if (!transcript->success()) return KeepBad(id, std::move(transcript), state);
  if (state.last_bad) {
    recovered_.emplace(state.last_bad->finished().steady, id);
  }
  if (worse && state.last_good &&
      (state.before_change || worse_ < limits_.transcripts)) {
    if (!state.before_change) ++worse_;
    state.before_change = state.last_good;
  }
  if (!state.last_good) {
    if (good_ >= limits_.transcripts) return std::nullopt;
    ++good_;
  }
  state.last_good = std::move(transcript);
  return std::nullopt;
}

std::optional<probe::EndpointId> Retention::KeepBad(
    probe::EndpointId id, std::shared_ptr<const KeptTranscript> transcript,
    EndpointState& state) {
  std::optional<probe::EndpointId> loser;
  if (state.last_bad) {
    recovered_.erase({state.last_bad->finished().steady, id});
  } else if (bad_ < limits_.transcripts) {
    ++bad_;
  } else if (!recovered_.empty()) {
    loser = recovered_.begin()->second;
    recovered_.erase(recovered_.begin());
  } else {
    return std::nullopt;
  }
  state.last_bad = std::move(transcript);
  return loser;
}

void Retention::Keep(std::span<const Change> changes, EndpointState& state) {
  if (changes.empty() || limits_.changes == 0) return;
  const std::size_t held = state.history ? state.history->size() : 0;
  const std::size_t all = limits_.changes * limits_.histories;
  const std::size_t room = all - std::min(all, changes_);
  const std::size_t limit =
      std::min(limits_.changes, std::max(kChangesAlways, held + room));
  state.history = History::Add(state.history.get(), changes,
                               state.verdict->finished.wall, limit);
  changes_ = changes_ - held + state.history->size();
}

void Retention::Forget(probe::EndpointId id, const EndpointState& state) {
  if (state.last_good) --good_;
  if (state.before_change) --worse_;
  if (state.last_bad) {
    --bad_;
    recovered_.erase({state.last_bad->finished().steady, id});
  }
  if (state.history) changes_ -= state.history->size();
}

}  // namespace exporter
