#include "exporter/discovery/notices.h"

#include <utility>

namespace exporter::discovery {

Notices::Notices(uv_loop_t* loop, Discovery::Observer observer)
    : observer_(std::move(observer)), soon_(loop, [this] { Tell(); }) {}

void Notices::Changed() {
  changed_ = true;
  TellSoon();
}

void Notices::Read(const std::string& source, bool ok, std::size_t targets) {
  Add({.source = source, .ok = ok, .targets = targets});
}

void Notices::Forgotten(const std::string& source) {
  Add({.source = source, .ok = std::nullopt});
}

void Notices::Add(Notice notice) {
  notices_.push_back(std::move(notice));
  TellSoon();
}

void Notices::TellSoon() { soon_.At(probe::net::Now()); }

// The observer may ask for more notices, or configure anew.
void Notices::Tell() {
  for (const Notice& notice : std::exchange(notices_, {})) {
    if (notice.ok) {
      observer_.read(notice.source, *notice.ok, notice.targets);
    } else {
      observer_.forgotten(notice.source);
    }
  }
  if (std::exchange(changed_, false)) observer_.changed();
}

}  // namespace exporter::discovery
