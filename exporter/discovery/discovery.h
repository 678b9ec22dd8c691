// Lists of targets that live outside the configuration: files that are watched
// and URLs that are polled. Each source keeps its last good list while what is
// there now cannot be read.
#ifndef EXPORTER_DISCOVERY_DISCOVERY_H_
#define EXPORTER_DISCOVERY_DISCOVERY_H_

#include <uv.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "exporter/config/config.h"

namespace exporter::discovery {

class Discovery {
 public:
  // Called on the loop's thread, not from within Configure. May not destroy the
  // discovery.
  struct Observer {
    // A list has changed, or settled() has become true; ask for Lists(). At
    // most once in a turn of the loop.
    std::function<void()> changed;
    // A source was read, well or not. `source` is a file's complete name or a
    // URL; `targets` counts what the list holds now.
    std::function<void(const std::string& source, bool ok, std::size_t targets)>
        read;
    // The source is gone: a file was removed, or the configuration does not
    // name it any more.
    std::function<void(const std::string& source)> forgotten;
  };

  // `loop` must outlive the discovery. What it reads at its end is not waited
  // for, so that the loop must then run on until it is out of work.
  Discovery(uv_loop_t* loop, Observer observer);
  ~Discovery();
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  // Takes over the sources of a configuration and its group reader. Sources
  // that stay keep their lists until they have been read again, which happens
  // at once.
  void Configure(const std::vector<std::string>& target_files,
                 const std::vector<HttpSdConfig>& http_sd,
                 std::shared_ptr<const GroupReader> reader);

  // Whether every source has been read once, well or not.
  bool settled() const;
  // The current lists of all sources: files first, in the order of the
  // configuration.
  std::vector<std::shared_ptr<const TargetList>> Lists() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace exporter::discovery

#endif  // EXPORTER_DISCOVERY_DISCOVERY_H_
