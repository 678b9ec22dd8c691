// When to ask DNS again about what. Knows keys (names, domains, addresses) and
// times, nothing of answers.
#ifndef PROBE_REFRESHER_H_
#define PROBE_REFRESHER_H_

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <functional>
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
  // Asks. Whoever does calls Accept when an answer is there, never from within
  // this call, and Settle when no more will come.
  using Ask = std::function<void(const std::string& key, std::uint64_t serial)>;

  // `loop` must outlive the refresher. At most kMaxLookups keys are asked for
  // at once; the one that is due for longest comes first.
  Refresher(uv_loop_t* loop, Ask ask);
  Refresher(const Refresher&) = delete;
  Refresher& operator=(const Refresher&) = delete;

  // Nothing is asked before this; called again, keys under way are asked anew
  // under a new serial, and nobody waits for the old answers.
  void Start();
  // Starts to follow a key, false when it is known; it is asked for at once, or
  // as soon as kMaxLookups allows.
  bool Add(const std::string& key);
  // A question that is under way still counts until its answer is there, or a
  // list of targets that comes and goes could flood the resolver.
  void Remove(const std::string& key);
  // An answer to `serial` is there: whether it is still waited for.
  [[nodiscard]] bool Accept(const std::string& key, std::uint64_t serial);
  // What there is to know of a key that was accepted is known, and good for
  // `ttl`.
  void Settle(const std::string& key, Duration ttl);

 private:
  struct Key {
    std::uint64_t serial = 0;  // Of its latest question.
    bool asking = false;
    Time due{};  // Its place in due_, where it is unless it is asked for.
  };

  void AskDue();

  const Ask ask_;
  net::Timer timer_;
  bool started_ = false;
  std::unordered_map<std::string, Key> keys_;
  // The names are those in keys_.
  std::set<std::pair<Time, const std::string*>> due_;
  // Questions without answer, also for keys that are gone.
  std::unordered_map<std::uint64_t, std::string> asked_;
  std::uint64_t last_serial_ = 0;
};

}  // namespace probe

#endif  // PROBE_REFRESHER_H_
