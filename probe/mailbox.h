// Hands work to another thread's loop: uv_async_t and a queue.
#ifndef PROBE_MAILBOX_H_
#define PROBE_MAILBOX_H_

#include <uv.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

#include "probe/net/uv_handle.h"

namespace probe {

// Tasks run in one turn of the loop; the rest waits for the next, so that a
// hundred thousand of them do not hold up what the loop measures.
inline constexpr std::size_t kTasksPerTurn = 1000;

class Mailbox {
 public:
  using Task = std::function<void()>;

  // On the loop's thread or before the loop runs. `loop` must outlive it.
  explicit Mailbox(uv_loop_t* loop);
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  // On the loop's thread; what is still queued does not run. Nobody may post
  // any more.
  ~Mailbox() = default;

  // Runs `task` on the loop, after those posted before it. Any thread.
  void Post(Task task);

 private:
  void RunSome();

  std::mutex mutex_;
  std::deque<Task> tasks_;
  net::Handle<uv_async_t> async_;
};

}  // namespace probe

#endif  // PROBE_MAILBOX_H_
