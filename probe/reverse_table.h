// The reverse names of each address that is probed, and whether they lead back
// to it (RFC 8601 2.7.3, "iprev"), kept fresh. Part of the Directory.
#ifndef PROBE_REVERSE_TABLE_H_
#define PROBE_REVERSE_TABLE_H_

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "probe/clock.h"
#include "probe/dns/resolver.h"
#include "probe/ip_address.h"
#include "probe/lookup.h"
#include "probe/refresher.h"

namespace probe {

// What is known of one address; replaced in place, like a Lookup.
struct Reverse {
  // Whether a reverse name of the address resolves to it. None: not known (the
  // resolver failed, and no name was confirmed). False too when there is no
  // reverse name. What was known stays while a later lookup leaves it open.
  std::optional<bool> match;
  // Its reverse names; none while they are unknown, empty when there are none.
  std::optional<std::vector<std::string>> names;
  // Until when the answers that settled it are good (their TTL). What has been
  // left open for long after that may not be true any more.
  Time match_until{};
  Time names_until{};
  Lookup latest;  // Of the PTR lookup.
};

// What that comes to.
enum class ReverseVerdict { kUnknown, kNone, kLeadsElsewhere, kLeadsBack };
ReverseVerdict VerdictOf(const Reverse& reverse);

class ReverseTable {
 public:
  // Called on the loop's thread after each lookup of an address. `before`: what
  // was last settled by the lookups before this one.
  using Answered =
      std::function<void(const IpAddress& address, ReverseVerdict before)>;

  // `loop` must outlive the table.
  ReverseTable(uv_loop_t* loop, const CacheTimes& times, Answered answered);
  ReverseTable(const ReverseTable&) = delete;
  ReverseTable& operator=(const ReverseTable&) = delete;

  // Lookups under way are asked anew. `resolver` must outlive its use here.
  void SetResolver(dns::Resolver* resolver);
  // Starts to follow an address; one that is known stays as it is. An IPv4
  // address in IPv6 form (::ffff:192.0.2.1) is looked up as IPv4.
  void Add(const IpAddress& address);
  void Remove(const IpAddress& address);
  // Null only for an address that is not followed.
  std::shared_ptr<const Reverse> Find(const IpAddress& address) const;

 private:
  struct Record {
    IpAddress address;
    std::shared_ptr<Reverse> reverse = std::make_shared<Reverse>();
    ReverseVerdict settled = ReverseVerdict::kUnknown;  // The last one known.
    // The lookup under way. Names are tried one after the other: most addresses
    // have one, and the first that leads back settles it.
    Reverse next;
    Time asked{};
    Duration ttl{};
    std::size_t name = 0;  // The one being tried.
    bool doubt = false;    // One of them could not be looked up.
  };

  void Ask(const std::string& key, std::uint64_t serial);
  void OnNames(const std::string& key, std::uint64_t serial,
               dns::Answer<dns::ReverseNames> result);
  void TryName(const std::string& key, std::uint64_t serial, Record& record);
  void OnAddresses(const std::string& key, std::uint64_t serial,
                   const dns::Answer<dns::Addresses>& result);
  void Settle(const std::string& key, Record& record);
  Duration TtlOf(Duration ttl) const;

  const CacheTimes times_;
  dns::Resolver* resolver_ = nullptr;
  const Answered answered_;
  std::map<std::string, Record> records_;  // By the address's text.
  // Gone with the table: the resolver may outlive it.
  const std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  Refresher refresher_;
};

}  // namespace probe

#endif  // PROBE_REVERSE_TABLE_H_
