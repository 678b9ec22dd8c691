#include "probe/mailbox.h"

#include <cstdlib>
#include <utility>

namespace probe {

Mailbox::Mailbox(uv_loop_t* loop)
    : async_(net::MakeHandle<uv_async_t>(this, [loop](uv_async_t* raw) {
        return uv_async_init(loop, raw, [](uv_async_t* handle) {
          if (handle->data == nullptr) return;
          static_cast<Mailbox*>(handle->data)->RunAll();
        });
      })) {
  // Only without descriptors for the loop's own eventfd, at start-up: nothing
  // can run then.
  if (!async_) std::abort();
}

void Mailbox::Post(Task task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  uv_async_send(async_.get());
}

void Mailbox::RunAll() {
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.swap(tasks_);
  }
  for (const Task& task : tasks) task();
}

}  // namespace probe
