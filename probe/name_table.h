// What DNS says about each host name that a target uses, kept fresh. Part of
// the Directory: knows names and addresses, nothing of targets or endpoints.
#ifndef PROBE_NAME_TABLE_H_
#define PROBE_NAME_TABLE_H_

#include <uv.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "probe/clock.h"
#include "probe/dns/resolver.h"
#include "probe/ip_address.h"
#include "probe/lookup.h"
#include "probe/refresher.h"
#include "probe/result.h"

namespace probe {

class NameTable {
 public:
  // One address family of a name.
  struct Family {
    // What good answers said, and when each address was last listed. An answer
    // "no such record" empties it only when the other family has addresses: a
    // name that vanishes keeps those it had.
    std::map<IpAddress, Time> addresses;
    Time listed{};  // The last good answer: those of this time are in it.
    // Of the latest lookup. One that leaves open what is true (a timeout,
    // SERVFAIL) counts from the second in a row on, if the name has addresses:
    // one lost packet is no verdict on a server. The second follows soon.
    std::optional<Failure> failure;
    bool alias = false;  // The name is a CNAME, as of the last good answer.
    std::shared_ptr<Lookup> latest = std::make_shared<Lookup>();
  };
  struct Answer {
    Family ip4;
    Family ip6;
    Duration took{};  // The latest lookup of both.
  };

  // Called on the loop's thread after each lookup of a name. `changed`: the
  // answer says something else now, beside the times.
  using Answered = std::function<void(const std::string& name, bool changed)>;

  // `loop` must outlive the table.
  NameTable(uv_loop_t* loop, const CacheTimes& times, Answered answered);
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
  using Part = dns::Answer<dns::Addresses>;
  // Arrays have IPv4 first, IPv6 second.
  struct Name {
    std::optional<Answer> answer;
    // The lookup under way: what has come in, and when it was asked.
    std::array<std::optional<Part>, 2> parts;
    std::array<Duration, 2> took{};
    Time asked{};
    Duration keep{};
    // Lookups in a row that left open what is true, for each family.
    std::array<int, 2> doubts{};
  };

  void Ask(const std::string& name, std::uint64_t serial);
  void OnPart(const std::string& name, std::uint64_t serial, std::size_t part,
              Part result);
  void Settle(const std::string& name, Name& record);
  struct Folded {
    Duration ttl{};
    bool open = false;
    bool changed = false;
  };
  Folded Fold(Name& record, std::size_t part, bool known, Family& family);
  Folded FoldFailure(Name& record, std::size_t part, bool known,
                     Family& family);

  const CacheTimes times_;
  dns::Resolver* resolver_ = nullptr;
  const Answered answered_;
  std::map<std::string, Name> names_;
  // Gone with the table: the resolver may outlive it.
  const std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  Refresher refresher_;
};

}  // namespace probe

#endif  // PROBE_NAME_TABLE_H_
