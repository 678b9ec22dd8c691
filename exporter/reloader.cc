#include "exporter/reloader.h"

#include <utility>

namespace exporter {

struct Reloader::Work {
  uv_work_t request{};
  Reloader* owner = nullptr;
  std::string path;
  Shard shard;
  std::shared_ptr<const TargetList> current;
  std::expected<Config, ConfigError> config;
};

Reloader::Reloader(uv_loop_t* loop, std::string path, const Shard& shard,
                   Apply apply)
    : loop_(loop),
      path_(std::move(path)),
      shard_(shard),
      apply_(std::move(apply)),
      current_(std::make_shared<const TargetList>()) {}

void Reloader::Reload(Reloaded reloaded) {
  waiting_.push_back(std::move(reloaded));
  if (!busy()) StartWork();
}

void Reloader::StartWork() {
  running_ = std::exchange(waiting_, {});
  auto work = std::make_unique<Work>();
  work->owner = this;
  work->path = path_;
  work->shard = shard_;
  work->current = current_;
  work->request.data = work.get();
  work_ = work.release();
  uv_queue_work(
      loop_, &work_->request,
      [](uv_work_t* request) {
        auto* running = static_cast<Work*>(request->data);
        running->config = LoadConfig(running->path, running->shard);
        if (!running->config) return;
        TargetList& targets = running->config->targets;
        targets = ReuseUnchanged(*running->current, std::move(targets));
      },
      [](uv_work_t* request, int) {
        const std::unique_ptr<Work> done(static_cast<Work*>(request->data));
        done->owner->OnRead(std::move(done->config));
      });
}

void Reloader::OnRead(std::expected<Config, ConfigError> config) {
  work_ = nullptr;
  const std::expected<void, std::string> outcome = apply_(std::move(config));
  for (const Reloaded& reloaded : std::exchange(running_, {})) {
    reloaded(outcome);
  }
  if (!waiting_.empty()) StartWork();
}

}  // namespace exporter
