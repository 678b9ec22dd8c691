// What DNS says about everything that targets depend on, and which targets
// depend on what. Part of the Directory: targets are numbers here.
#ifndef PROBE_ANSWERS_H_
#define PROBE_ANSWERS_H_

#include <uv.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "probe/clock.h"
#include "probe/dns/resolver.h"
#include "probe/ip_address.h"
#include "probe/lookup.h"
#include "probe/mx_table.h"
#include "probe/name_table.h"
#include "probe/plan/addresses.h"
#include "probe/refresher.h"
#include "probe/reverse_table.h"

namespace probe {

class Answers {
 public:
  using User = std::size_t;
  using Users = std::set<User>;

  // What one user depends on; kept by the user, changed by Follow...
  struct Followed {
    std::string domain;                // "": none.
    std::vector<std::string> names;    // As looked up; sorted.
    std::vector<IpAddress> addresses;  // For their reverse names; sorted.
  };

  // Called on the loop's thread.
  struct Observer {
    // An answer, or a route to an address in it, says something else to these.
    std::function<void(const Users&)> changed;
    // A question has its answer, or none.
    std::function<void(RecordType, const Lookup&)> looked_up;
    // DNS says something else about the names of an address than it did
    // `before` (kUnknown: the first time).
    std::function<void(const IpAddress&, const Reverse& now,
                       ReverseVerdict before)>
        reversed;
  };

  // `loop` must outlive this. `has_route` is asked with every answer.
  Answers(uv_loop_t* loop, const CacheTimes& times, plan::HasRoute has_route,
          Observer observer);
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;

  // Lookups under way are asked anew. `resolver` must outlive its use here.
  void SetResolver(dns::Resolver* resolver);

  // The user depends on these from now on, and on no others. "": no domain.
  void FollowDomain(User user, const std::string& domain, Followed& followed);
  // An address that leaves a name's answers is remembered for `keep`.
  void FollowNames(User user, std::vector<std::string> names, Duration keep,
                   Followed& followed);
  void FollowAddresses(std::vector<IpAddress> addresses, Followed& followed);

  // Null while it is looked up for the first time.
  const MxTable::Answer* Mx(const std::string& domain) const {
    return exchangers_.Find(domain);
  }
  const NameTable::Answer* Name(const std::string& name) const {
    return names_.Find(name);
  }
  // Whether this host has a route to an address of a name that is followed, as
  // of its latest answer.
  bool HasRoute(const std::string& name, const IpAddress& address) const;
  // Null only for an address that nobody follows.
  std::shared_ptr<const Reverse> ReverseOf(const IpAddress& address) const {
    return reverses_.Find(address);
  }

 private:
  struct NameUse {
    Users users;
    std::map<IpAddress, bool> routes;  // Of the addresses of the answer.
  };

  void OnMx(const std::string& domain, bool changed);
  void OnName(const std::string& name, bool changed);
  void OnReverse(const IpAddress& address, ReverseVerdict before);

  const plan::HasRoute has_route_;
  const Observer observer_;
  MxTable exchangers_;
  NameTable names_;
  ReverseTable reverses_;
  std::map<std::string, Users> domain_users_;
  std::map<std::string, NameUse> name_users_;
  std::map<IpAddress, std::size_t> address_users_;  // How many.
};

}  // namespace probe

#endif  // PROBE_ANSWERS_H_
