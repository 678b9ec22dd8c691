#include "tests/support/mailsim/script_player.h"

#include <algorithm>
#include <utility>

namespace mailsim {
namespace {

// One random send: small enough for a slow client, big enough for a flood.
constexpr std::uint64_t kRandomChunk = 4096;

}  // namespace

ScriptPlayer::ScriptPlayer(const Script& script, std::uint64_t index)
    : script_(script), index_(index) {}

Action ScriptPlayer::Next() {
  if (std::exchange(refuse_, false)) {
    return SendBytes{"500 5.5.1 unexpected\r\n"};
  }
  if (step_ >= script_.size()) return Close{};
  return std::visit([this](const auto& step) { return Play(step); },
                    script_[step_]);
}

void ScriptPlayer::OnLine(std::string_view line) {
  const Expect& expected = std::get<Expect>(script_[step_]);
  if (expected.word == "*" || expected.word == CommandOf(line)) {
    NextStep();
    return;
  }
  ++unexpected_;
  refuse_ = true;
}

Action ScriptPlayer::Play(const Expect&) { return AwaitLine{}; }

Action ScriptPlayer::Play(const Send& step) {
  if (step.times != kForever && ++done_ >= step.times) NextStep();
  return SendBytes{step.bytes};
}

Action ScriptPlayer::Play(const Random& step) {
  if (done_ == 0) random_ = step.seed + (index_ << 32);
  const std::uint64_t size = step.bytes == kForever
                                 ? kRandomChunk
                                 : std::min(kRandomChunk, step.bytes - done_);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(NextRandom() >> 56);
  done_ += size;
  if (step.bytes != kForever && done_ == step.bytes) NextStep();
  return SendBytes{std::move(bytes)};
}

template <typename T>
Action ScriptPlayer::Play(const T& step) {
  NextStep();
  return step;
}

void ScriptPlayer::NextStep() {
  ++step_;
  done_ = 0;
}

// splitmix64: the same bytes on every platform, from any seed.
std::uint64_t ScriptPlayer::NextRandom() {
  random_ += 0x9e3779b97f4a7c15;
  std::uint64_t mixed = random_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

}  // namespace mailsim
