// When to ask DNS again about what. Knows keys (names, domains, addresses) and
// times, nothing of answers.
#ifndef PROBE_REFRESHER_H_
#define PROBE_REFRESHER_H_

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "probe/clock.h"
#include "probe/net/timer.h"

namespace probe {

// Keys asked for at once; a start with 100,000 names must not flood the
// resolver.
inline constexpr std::size_t kMaxLookups = 100;

// How long an answer is kept.
struct CacheTimes {
  // Its TTL, within these bounds.
  Duration min_ttl = std::chrono::seconds(5);
  Duration max_ttl = std::chrono::minutes(5);
  // A lookup that failed is tried again after this.
  Duration failure = std::chrono::seconds(15);
};

class Refresher {
 public:
  // Asks; whoever does calls Settle with the same `serial` when the answer is
  // there, never from within this call.
  using Ask = std::function<void(const std::string& key, std::uint64_t serial)>;

  // `loop` must outlive the refresher. At most kMaxLookups keys are asked for
  // at once.
  Refresher(uv_loop_t* loop, Ask ask);
  Refresher(const Refresher&) = delete;
  Refresher& operator=(const Refresher&) = delete;

  // Nothing is asked before this; called again, keys under way are asked anew
  // under a new serial.
  void Start();
  // Starts to follow a key, false when it is known; it is asked for at once, or
  // as soon as kMaxLookups allows.
  bool Add(const std::string& key);
  void Remove(const std::string& key);
  // Whether an answer under this serial is still waited for.
  bool Awaits(const std::string& key, std::uint64_t serial) const;
  // Its answer is there and is good for `ttl`. Only while awaited.
  void Settle(const std::string& key, Duration ttl);

 private:
  struct Key {
    std::uint64_t serial = 0;  // Tells late answers to an earlier life apart.
    bool asking = false;
    std::optional<Time> due;  // Its place in due_; none while asked or queued.
  };

  void AskWaiting();
  void OnDue();
  void Arm();

  const Ask ask_;
  net::Timer timer_;
  bool started_ = false;
  std::unordered_map<std::string, Key> keys_;
  std::deque<std::string> waiting_;  // May name keys that are gone.
  std::set<std::pair<Time, std::string>> due_;
  std::set<std::string> asking_;
  std::uint64_t next_serial_ = 0;
};

}  // namespace probe

#endif  // PROBE_REFRESHER_H_
