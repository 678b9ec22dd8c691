// Work that may take long (reading, parsing, freeing 100,000 targets), on
// libuv's thread pool and off the loop.
#ifndef EXPORTER_POOL_H_
#define EXPORTER_POOL_H_

#include <uv.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_set>

namespace exporter {

class Pool {
 public:
  // Takes `most_threads` of libuv's 4 at a time, which all share. `loop` must
  // outlive the pool.
  Pool(uv_loop_t* loop, std::size_t most_threads);
  // What has not begun is dropped. What runs is not waited for: it ends on its
  // thread, without its `done`, and the loop must run on until then.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Runs `run` on a thread of libuv's, where it is destroyed too, then `done`
  // on the loop. What `run` throws ends it and nothing else.
  void Add(std::function<void()> run, std::function<void()> done);
  // So that the last reference to something large is not the loop's.
  void Release(std::shared_ptr<const void> garbage);

 private:
  struct Work;
  void Start();
  static void OnDone(uv_work_t* request, int status);

  uv_loop_t* const loop_;
  const std::size_t most_threads_;
  std::deque<std::unique_ptr<Work>> waiting_;
  std::unordered_set<Work*> running_;  // libuv's until their OnDone.
};

}  // namespace exporter

#endif  // EXPORTER_POOL_H_
