// Reads the configuration file again without blocking the loop: parsing
// 100,000 targets takes seconds.
#ifndef EXPORTER_RELOADER_H_
#define EXPORTER_RELOADER_H_

#include <uv.h>

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exporter/config/config.h"

namespace exporter {

class Reloader {
 public:
  // What becomes of the file's content: called on the loop's thread, after
  // each read; the error is what the waiting callers are told.
  using Apply = std::function<std::expected<void, std::string>(
      std::expected<Config, ConfigError>)>;
  using Reloaded = std::function<void(std::expected<void, std::string>)>;

  // `loop` must outlive the reloader, and the loop must run until busy() is
  // false before the reloader is destroyed.
  Reloader(uv_loop_t* loop, std::string path, const Shard& shard, Apply apply);
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // Reads the file; while a read is under way the next one starts after it,
  // once for all who asked meanwhile. `reloaded` comes later, on the loop.
  void Reload(Reloaded reloaded);
  bool busy() const { return work_ != nullptr; }
  // Whose targets are in use now: what is read later has the same objects where
  // nothing has changed.
  void SetCurrent(std::shared_ptr<const TargetList> targets) {
    current_ = std::move(targets);
  }

 private:
  struct Work;
  void StartWork();
  void OnRead(std::expected<Config, ConfigError> config);

  uv_loop_t* const loop_;
  const std::string path_;
  const Shard shard_;
  const Apply apply_;
  Work* work_ = nullptr;  // Owned by libuv's thread pool while it runs.
  std::shared_ptr<const TargetList> current_;
  std::vector<Reloaded> running_;
  std::vector<Reloaded> waiting_;
};

}  // namespace exporter

#endif  // EXPORTER_RELOADER_H_
