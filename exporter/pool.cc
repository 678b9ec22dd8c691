#include "exporter/pool.h"

#include <utility>

namespace exporter {

struct Pool::Work {
  uv_work_t request{};
  Pool* owner = nullptr;  // Null once the pool is gone. The loop's.
  std::function<void()> run;
  std::function<void()> done;
};

Pool::Pool(uv_loop_t* loop, std::size_t most_threads)
    : loop_(loop), most_threads_(most_threads) {}

Pool::~Pool() {
  for (Work* work : running_) work->owner = nullptr;
}

void Pool::Add(std::function<void()> run, std::function<void()> done) {
  auto work = std::make_unique<Work>();
  work->request.data = work.get();
  work->owner = this;
  work->run = std::move(run);
  work->done = std::move(done);
  waiting_.push_back(std::move(work));
  Start();
}

void Pool::Release(std::shared_ptr<const void> garbage) {
  Add([held = std::move(garbage)] {}, [] {});
}

void Pool::Start() {
  while (!waiting_.empty() && running_.size() < most_threads_) {
    Work* work = waiting_.front().release();
    waiting_.pop_front();
    running_.insert(work);
    uv_queue_work(
        loop_, &work->request,
        [](uv_work_t* request) {
          auto* begun = static_cast<Work*>(request->data);
          const std::function<void()> run = std::move(begun->run);
          try {
            run();
          } catch (...) {
            return;  // Out of memory; `done` sees that nothing came.
          }
        },
        &OnDone);
  }
}

void Pool::OnDone(uv_work_t* request, int /*status*/) {
  const std::unique_ptr<Work> work(static_cast<Work*>(request->data));
  if (work->owner == nullptr) return;
  work->owner->running_.erase(work.get());
  work->owner->Start();
  work->done();  // May destroy the pool.
}

}  // namespace exporter
