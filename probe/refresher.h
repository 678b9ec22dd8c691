// When to ask DNS again about what. Knows keys (names, domains, addresses) and
// times, nothing of answers.
#ifndef PROBE_REFRESHER_H_
#define PROBE_REFRESHER_H_

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
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
  // at once; the one that is due for longest comes first, and those whose last
  // lookup left open what is true after all others: a few hundred names of
  // silent servers would else take all places.
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
  // `ttl`; or it is `open` what is true.
  void Settle(const std::string& key, Duration ttl, bool open);

 private:
  struct Key {
    std::uint64_t serial = 0;  // Of its latest question.
    bool asking = false;
    bool open = false;
    Time due{};  // Its place in a queue, where it is unless it is asked for.
  };
  // The names are those in keys_.
  using Queue = std::set<std::pair<Time, const std::string*>>;
  using Item = std::pair<const std::string, Key>;

  Queue& QueueOf(const Key& key) { return key.open ? retries_ : due_; }
  void Enqueue(Item& item) {
    QueueOf(item.second).emplace(item.second.due, &item.first);
  }
  void AskDue();
  void AskFrom(Queue& queue, Time now);

  const Ask ask_;
  net::Timer timer_;
  bool started_ = false;
  // No hash table, here and in the tables: with 100,000 keys the turn in which
  // it grows would take too long.
  std::map<std::string, Key> keys_;
  Queue due_;
  Queue retries_;
  // Questions without answer, also for keys that are gone.
  std::unordered_map<std::uint64_t, std::string> asked_;
  std::uint64_t last_serial_ = 0;
};

}  // namespace probe

#endif  // PROBE_REFRESHER_H_
