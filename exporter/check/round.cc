#include "exporter/check/round.h"

#include <uv.h>

#include <algorithm>
#include <cassert>
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "exporter/metrics/self_metrics.h"
#include "exporter/result_store.h"
#include "exporter/watcher.h"
#include "probe/inquiry.h"
#include "probe/net/timer.h"
#include "probe/net/uv_handle.h"

namespace exporter::check {
namespace {

constexpr unsigned kThreads = 1;

// Conversations with one server come one after the other: those about further
// certificates, and one that is under way when we come.
probe::Duration LimitOf(const probe::Target& target) {
  const auto conversations =
      static_cast<int>(2 + target.certificate_conversations.size());
  return conversations * target.conversation->timeouts.total;
}

class Running {
 public:
  Running(const Round& round, TestedTargets& tested)
      : round_(round), tested_(tested) {
    uv_loop_init(&loop_);
    watcher_.emplace(&loop_, kThreads, kMaxConversations, store_, self_,
                     [](std::size_t, const auto&) {});
  }

  ~Running() {
    signals_.clear();
    watcher_.reset();
    uv_run(&loop_, UV_RUN_DEFAULT);
    [[maybe_unused]] const int left = uv_loop_close(&loop_);
    assert(left == 0);
  }

  std::expected<void, std::string> Run() {
    if (const auto set = watcher_->SetDns(round_.dns); !set) return set;
    Watch(SIGINT);
    Watch(SIGTERM);
    AskMore();
    Tell();
    if (inquiries_.empty()) Stop();
    uv_run(&loop_, UV_RUN_DEFAULT);
    return {};
  }

 private:
  struct SignalWatch {
    Running* owner;
    probe::net::Handle<uv_signal_t> handle;
  };

  void AskMore() {
    while (!stopping_ && next_ < round_.targets.size() &&
           inquiries_.size() < kMaxAtOnce) {
      const std::size_t index = next_++;
      const auto& target = round_.targets[index];
      inquiries_[index] = watcher_->Inquire(
          {.target = target, .limit = round_.limit.value_or(LimitOf(*target))},
          [this, index](const probe::Inquiry::Answer& answer) {
            OnAnswer(index, answer);
          });
    }
  }

  void OnAnswer(std::size_t index, const probe::Inquiry::Answer& answer) {
    inquiries_.erase(index);
    tested_.Put(index, *answer.expansion, answer.results,
                probe::net::NowOnBothClocks());
    AskMore();
    Tell();
    if (inquiries_.empty()) Stop();
  }

  void Tell() const {
    round_.progress(inquiries_.empty() ? round_.targets.size()
                                       : inquiries_.begin()->first);
  }

  void Watch(int number) {
    auto watch = std::make_unique<SignalWatch>();
    watch->owner = this;
    watch->handle = probe::net::MakeHandle<uv_signal_t>(
        watch.get(),
        [this](uv_signal_t* raw) { return uv_signal_init(&loop_, raw); });
    uv_signal_start(
        watch->handle.get(),
        [](uv_signal_t* handle, int) {
          if (handle->data == nullptr) return;
          static_cast<SignalWatch*>(handle->data)->owner->OnSignal();
        },
        number);
    signals_.push_back(std::move(watch));
  }

  void OnSignal() {
    // Asked twice: whoever asks does not want to wait for our manners.
    if (std::exchange(interrupted_, true)) return Finish();
    for (const auto& [index, number] : inquiries_) watcher_->GiveUp(number);
    inquiries_.clear();
    Stop();
  }

  void Stop() {
    if (std::exchange(stopping_, true)) return;
    watcher_->Stop([this] { Finish(); });
  }

  // Closes every handle, so that the loop runs out of work. Idempotent.
  void Finish() {
    signals_.clear();
    watcher_.reset();
  }

  const Round& round_;
  TestedTargets& tested_;
  uv_loop_t loop_{};
  ResultStore store_;
  metrics::SelfMetrics self_;
  std::optional<Watcher> watcher_;
  std::vector<std::unique_ptr<SignalWatch>> signals_;
  std::size_t next_ = 0;  // Of the targets.
  // By index; those under way.
  std::map<std::size_t, Watcher::InquiryNumber> inquiries_;
  bool stopping_ = false;
  bool interrupted_ = false;
};

}  // namespace

std::expected<void, std::string> RunRound(const Round& round,
                                          TestedTargets& tested) {
  return Running(round, tested).Run();
}

}  // namespace exporter::check
