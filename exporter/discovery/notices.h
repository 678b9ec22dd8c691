// What the observer is to be told, gathered until the loop's next turn: so it
// is never called from within Configure, and of many changed lists it hears
// once.
#ifndef EXPORTER_DISCOVERY_NOTICES_H_
#define EXPORTER_DISCOVERY_NOTICES_H_

#include <uv.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "exporter/discovery/discovery.h"
#include "probe/net/timer.h"

namespace exporter::discovery {

class Notices {
 public:
  // `loop` must outlive the notices.
  Notices(uv_loop_t* loop, Discovery::Observer observer);
  Notices(const Notices&) = delete;
  Notices& operator=(const Notices&) = delete;

  void Changed();
  void Read(const std::string& source, bool ok, std::size_t targets);
  void Forgotten(const std::string& source);

 private:
  struct Notice {
    std::string source;
    std::optional<bool> ok;  // None: the source is forgotten.
    std::size_t targets = 0;
  };
  void Add(Notice notice);
  void Tell();
  void TellSoon();

  const Discovery::Observer observer_;
  std::vector<Notice> notices_;  // In the order in which it happened.
  bool changed_ = false;
  probe::net::Timer soon_;
};

}  // namespace exporter::discovery

#endif  // EXPORTER_DISCOVERY_NOTICES_H_
