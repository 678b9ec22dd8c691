#include "probe/dns/resolv_conf_watch.h"

#include <optional>
#include <utility>

namespace probe::dns {

ResolvConfWatch::ResolvConfWatch(uv_loop_t* loop, std::function<void()> changed,
                                 std::string path, Duration period)
    : changed_(std::move(changed)),
      period_(period),
      file_(std::move(path), kMaxResolvConf),
      told_(file_.ReadIfChanged().value_or("")),
      seen_(told_),
      timer_(loop, [this] { Look(); }) {
  timer_.At(net::Now() + period_);
}

void ResolvConfWatch::Look() {
  timer_.At(net::Now() + period_);
  if (auto text = file_.ReadIfChanged(); text && *text != seen_) {
    seen_ = std::move(*text);
    return;
  }
  if (seen_ == told_) return;
  told_ = seen_;
  changed_();
}

}  // namespace probe::dns
