#include "probe/mailbox.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <iterator>
#include <utility>
#include <vector>

namespace probe {

Mailbox::Mailbox(uv_loop_t* loop)
    : async_(net::MakeHandle<uv_async_t>(this, [loop](uv_async_t* raw) {
        return uv_async_init(loop, raw, [](uv_async_t* handle) {
          if (handle->data == nullptr) return;
          static_cast<Mailbox*>(handle->data)->RunSome();
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

void Mailbox::RunSome() {
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    const std::size_t count = std::min(tasks_.size(), kTasksPerTurn);
    const auto end = tasks_.begin() + static_cast<std::ptrdiff_t>(count);
    tasks.assign(std::make_move_iterator(tasks_.begin()),
                 std::make_move_iterator(end));
    tasks_.erase(tasks_.begin(), end);
    if (!tasks_.empty()) uv_async_send(async_.get());
  }
  for (const Task& task : tasks) task();
}

}  // namespace probe
