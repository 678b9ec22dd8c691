// Notices when /etc/resolv.conf comes to say something else: a host at its
// start, and one that moves, gets it from each network it joins.
#ifndef PROBE_DNS_RESOLV_CONF_WATCH_H_
#define PROBE_DNS_RESOLV_CONF_WATCH_H_

#include <uv.h>

#include <cstddef>
#include <functional>
#include <string>

#include "probe/clock.h"
#include "probe/dns/system_file.h"
#include "probe/net/timer.h"

namespace probe::dns {

inline constexpr char kResolvConf[] = "/etc/resolv.conf";
// Between two looks; the second one that sees a new text believes it.
inline constexpr Duration kResolvConfCheck = std::chrono::seconds(2);
// Far beyond any that a resolver reads to its end.
inline constexpr std::size_t kMaxResolvConf = 1024 * 1024;

class ResolvConfWatch {
 public:
  // `loop` must outlive the watch. Compares with what the file says in this
  // call; one that is absent says nothing. `changed` runs on the loop, once for
  // each new text that stays for two looks: who writes a file may be halfway,
  // or have removed it in order to write it anew. It must not destroy the
  // watch. The same text in a new file is no change.
  ResolvConfWatch(uv_loop_t* loop, std::function<void()> changed,
                  std::string path = kResolvConf,
                  Duration period = kResolvConfCheck);
  ResolvConfWatch(const ResolvConfWatch&) = delete;
  ResolvConfWatch& operator=(const ResolvConfWatch&) = delete;

 private:
  void Look();

  const std::function<void()> changed_;
  const Duration period_;
  SystemFile file_;
  std::string told_;  // What the file said when `changed_` last ran.
  std::string seen_;  // At the latest look.
  net::Timer timer_;
};

}  // namespace probe::dns

#endif  // PROBE_DNS_RESOLV_CONF_WATCH_H_
