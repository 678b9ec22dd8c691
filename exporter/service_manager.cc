#include "exporter/service_manager.h"

#if SMTP_PROBER_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "exporter/logging.h"
#include "probe/net/timer.h"

namespace exporter {
namespace {

// So long the end of the program waits for a manager that does not read.
constexpr std::chrono::seconds kFarewell(1);
// What comes again need not be told when so much waits to be: the manager does
// not read, and might not for hours.
constexpr std::size_t kManyTexts = 16;

#if SMTP_PROBER_SYSTEMD

// Whatever the environment says: less would be nothing but signs of life, and
// more than a day is as good as never.
constexpr std::uint64_t kLeastLimit = 100'000;  // Microseconds.
constexpr std::uint64_t kMostLimit = 24ULL * 3600 * 1'000'000;

void Notify(const std::string& text) { sd_notify(0, text.c_str()); }

// After so long without a sign of life this process is taken for dead.
std::optional<probe::Duration> WatchdogLimit() {
  std::uint64_t limit = 0;
  if (sd_watchdog_enabled(0, &limit) <= 0) return std::nullopt;
  return std::chrono::microseconds(std::clamp(limit, kLeastLimit, kMostLimit));
}

bool CanNotify() { return true; }

#else

void Notify(const std::string& /*text*/) {}

std::optional<probe::Duration> WatchdogLimit() { return std::nullopt; }

bool CanNotify() {
  LogWarn(
      "Built without libsystemd: cannot tell the service manager that the "
      "program is ready; a unit needs Type=exec and no WatchdogSec=");
  return false;
}

#endif

// Whether anybody wants to be told and can be.
bool IsAwaited() {
  const char* const socket = std::getenv("NOTIFY_SOCKET");
  return socket != nullptr && *socket != '\0' && CanNotify();
}

// Sends texts in their order, on a thread of its own.
class Sender {
 public:
  Sender() : thread_(&Sender::Run, shared_) {}
  ~Sender() {
    std::unique_lock lock(shared_->mutex);
    shared_->closing = true;
    shared_->changed.notify_all();
    const bool ended = shared_->changed.wait_for(
        lock, kFarewell, [this] { return shared_->ended; });
    lock.unlock();
    if (ended) {
      thread_.join();
    } else {
      thread_.detach();
    }
  }
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  void Post(std::string text) {
    const std::lock_guard lock(shared_->mutex);
    shared_->texts.push_back(std::move(text));
    shared_->changed.notify_all();
  }
  // The same for what comes again; false when kManyTexts wait.
  bool Offer(std::string text) {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->texts.size() >= kManyTexts) return false;
    shared_->texts.push_back(std::move(text));
    shared_->changed.notify_all();
    return true;
  }

 private:
  // The thread's too: it may outlive the sender when it hangs.
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::string> texts;  // The first one is being sent.
    bool closing = false;
    bool ended = false;
  };

  static void Run(const std::shared_ptr<Shared>& shared) {
    std::unique_lock lock(shared->mutex);
    while (true) {
      shared->changed.wait(
          lock, [&] { return shared->closing || !shared->texts.empty(); });
      if (shared->texts.empty()) break;
      const std::string text = shared->texts.front();
      lock.unlock();
      Notify(text);
      lock.lock();
      shared->texts.pop_front();
    }
    shared->ended = true;
    shared->changed.notify_all();
  }

  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  std::thread thread_;
};

}  // namespace

struct ServiceManager::Impl {
  enum class State { kStarting, kReady, kReloading, kStopping };

  Impl(uv_loop_t* loop, Ask ask_in)
      : ask(std::move(ask_in)), timer(loop, [this] { AskAll(); }) {
    if (!IsAwaited()) return;
    sender.emplace();
    const auto limit = WatchdogLimit();
    if (!limit) return;
    period = *limit / 2;
    AskLater();
  }

  void AskLater() { timer.At(probe::net::Now() + period); }

  // One who hangs is asked no second time: its answer, should it come after
  // all, is the next sign of life.
  void AskAll() {
    ask([this] {
      sender->Offer("WATCHDOG=1");
      AskLater();
    });
  }

  const Ask ask;
  std::optional<Sender> sender;  // None: there is nobody to tell.
  probe::Duration period{};
  probe::net::Timer timer;
  State state = State::kStarting;
  std::string status;  // That last told.
  probe::Time status_due{};
};

ServiceManager::ServiceManager(uv_loop_t* loop, Ask ask)
    : impl_(std::make_unique<Impl>(loop, std::move(ask))) {}

ServiceManager::~ServiceManager() = default;

void ServiceManager::Ready() {
  const bool is_news = impl_->state == Impl::State::kStarting ||
                       impl_->state == Impl::State::kReloading;
  if (!is_news) return;
  impl_->state = Impl::State::kReady;
  impl_->status_due = {};
  if (impl_->sender) impl_->sender->Post("READY=1");
}

void ServiceManager::Reloading() {
  if (impl_->state == Impl::State::kStopping) return;
  const bool is_known = impl_->state == Impl::State::kReloading;
  impl_->state = Impl::State::kReloading;
  if (!impl_->sender) return;
  // With the time, by which systemd from 253 on tells this reload from one
  // before.
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  std::string text =
      "RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count());
  if (is_known) {
    impl_->sender->Offer(std::move(text));
  } else {
    impl_->sender->Post(std::move(text));
  }
}

void ServiceManager::Stopping() {
  if (impl_->state == Impl::State::kStopping) return;
  impl_->state = Impl::State::kStopping;
  if (impl_->sender) {
    impl_->sender->Post("STOPPING=1\nSTATUS=Conversations end with QUIT");
  }
}

void ServiceManager::SetStatus(const std::string& line) {
  if (!impl_->sender || impl_->state != Impl::State::kReady) return;
  const probe::Time now = probe::net::Now();
  if (line == impl_->status || now < impl_->status_due) return;
  if (!impl_->sender->Offer("STATUS=" + line)) return;
  impl_->status = line;
  impl_->status_due = now + kStatusPause;
}

}  // namespace exporter
