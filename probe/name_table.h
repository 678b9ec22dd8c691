// What DNS says about each host name that a target uses, kept fresh. Part of
// the Directory: knows names and addresses, nothing of targets or endpoints.
#ifndef PROBE_NAME_TABLE_H_
#define PROBE_NAME_TABLE_H_

#include <uv.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "probe/clock.h"
#include "probe/dns/resolver.h"
#include "probe/ip_address.h"
#include "probe/net/timer.h"
#include "probe/result.h"

namespace probe {

// How long an answer is kept.
struct CacheTimes {
  // Its TTL, within these bounds.
  Duration min_ttl = std::chrono::seconds(5);
  Duration max_ttl = std::chrono::minutes(5);
  // A lookup that failed is tried again after this.
  Duration failure = std::chrono::seconds(15);
};
// Names looked up at once; a start with 100,000 names must not flood the
// resolver.
inline constexpr std::size_t kMaxLookups = 100;

class NameTable {
 public:
  // One address family of a name.
  struct Family {
    // What good answers said, and when each address was last listed. An answer
    // "no such record" empties it only when the other family has addresses: a
    // name that vanishes keeps those it had.
    std::map<IpAddress, Time> addresses;
    std::optional<Failure> failure;  // Of the latest lookup.
  };
  struct Answer {
    Family ip4;
    Family ip6;
    Duration took{};  // The latest lookup of both.
  };

  // `answered` is called on the loop's thread after each lookup of a name.
  // `loop` must outlive the table.
  NameTable(uv_loop_t* loop, const CacheTimes& times,
            std::function<void(const std::string&)> answered);
  NameTable(const NameTable&) = delete;
  NameTable& operator=(const NameTable&) = delete;

  // Lookups under way are asked anew. `resolver` must outlive its use here.
  void SetResolver(dns::Resolver* resolver);
  // Starts to follow a name; one that is known stays as it is. An address that
  // later answers lack is kept until `keep` after it was last listed (the
  // longest that any call for this name has asked for).
  void Add(const std::string& name, Duration keep);
  void Remove(const std::string& name);
  // Null while it is looked up for the first time.
  const Answer* Find(const std::string& name) const;

 private:
  struct Name {
    std::uint64_t serial = 0;  // Tells late answers to an earlier life apart.
    std::optional<Answer> answer;
    // The lookup under way: what has come in, and when it was asked.
    std::array<std::optional<std::expected<dns::Addresses, Failure>>, 2> parts;
    Time asked{};
    Duration keep{};
    std::optional<Time> due;  // Its place in due_; none while asked or queued.
  };

  void Ask();  // As many of the waiting names as kMaxLookups allows.
  void OnPart(const std::string& name, std::uint64_t serial, std::size_t part,
              std::expected<dns::Addresses, Failure> result);
  void Settle(const std::string& name, Name& record);
  void OnDue();
  void Arm();

  const CacheTimes times_;
  dns::Resolver* resolver_ = nullptr;
  const std::function<void(const std::string&)> answered_;
  net::Timer timer_;
  std::map<std::string, Name> names_;
  std::deque<std::string> waiting_;
  std::set<std::pair<Time, std::string>> due_;
  std::set<std::string> asking_;
  std::uint64_t next_serial_ = 0;
};

}  // namespace probe

#endif  // PROBE_NAME_TABLE_H_
