// What watches the targets, from their names to the result store: DNS, the
// directory of endpoints, and the threads that probe them.
#ifndef EXPORTER_WATCHER_H_
#define EXPORTER_WATCHER_H_

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "exporter/metrics/self_metrics.h"
#include "exporter/result_store.h"
#include "probe/directory.h"
#include "probe/inquiry.h"

namespace exporter {

// On the main loop's thread.
class Watcher {
 public:
  // As probe::Directory::Observer's: a target stands for something else now.
  using Expanded = std::function<void(std::size_t slot,
                                      std::shared_ptr<const probe::Expansion>)>;

  // All must outlive the watcher; the loop must run once more after it is
  // destroyed, so that its handles close. Starts `threads` threads that hold
  // up to `concurrency` conversations together.
  Watcher(uv_loop_t* loop, unsigned threads, unsigned concurrency,
          ResultStore& store, metrics::SelfMetrics& self, Expanded expanded);
  // Drops what still runs.
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // Before SetTargets, and at each reload. Without servers of our own the
  // host's configuration counts; when it changes later, the new one does, and a
  // line is logged. On an error, a sentence, what was before stays.
  std::expected<void, std::string> SetDns(const DnsConfig& dns);
  void SetTargets(TargetList targets);
  // Starts no probe any more, lets conversations say QUIT, and calls `stopped`
  // on the loop when the last has ended. Once.
  void Stop(std::function<void()> stopped);

  // Calls `answered` later, on the loop, when each probe thread's loop has
  // turned; never if one of them hangs, or the watcher is destroyed before.
  void AskThreads(std::function<void()> answered);

  // Asks about one target beside the schedule. The number is for GiveUp; the
  // answer comes later, once, unless it was given up.
  using InquiryNumber = std::uint64_t;
  InquiryNumber Inquire(probe::Inquiry::Question question,
                        probe::Inquiry::Done done);
  // Nobody waits for the answer any more; nothing happens when it has come.
  void GiveUp(InquiryNumber number);
  std::size_t inquiry_count() const;  // Those under way.

  // As the Directory's.
  std::vector<probe::Directory::Named> FindNamed(const std::string& name) const;
  std::size_t target_count() const;
  std::size_t endpoint_count() const;
  bool busy() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace exporter

#endif  // EXPORTER_WATCHER_H_
