// Targets -> endpoints, through DNS. Owns the set of endpoints: gives each its
// id, keeps it while any target needs it, and follows DNS as the TTLs ask.
//
// A name that stops resolving keeps its known addresses, marked unresolved; a
// name that has never resolved has one endpoint without address. The same goes
// for the exchangers of a domain.
#ifndef PROBE_DIRECTORY_H_
#define PROBE_DIRECTORY_H_

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "probe/clock.h"
#include "probe/dns/resolver.h"
#include "probe/endpoint.h"
#include "probe/expansion.h"
#include "probe/ip_address.h"
#include "probe/lookup.h"
#include "probe/plan/addresses.h"
#include "probe/refresher.h"
#include "probe/reverse_table.h"
#include "probe/target.h"

namespace probe {

// Targets taken over, brought up to date or let go in one turn of the loop: a
// few milliseconds. Each place beyond a target's first counts like another one.
inline constexpr std::size_t kSliceTargets = 500;

class Directory {
 public:
  // Called on the loop's thread, not from within SetResolver.
  struct Observer {
    // An endpoint is new or has changed (same id).
    std::function<void(std::shared_ptr<const Endpoint>)> put;
    std::function<void(EndpointId)> removed;
    // What a target stands for is new or has changed; null: the target has
    // left. `slot` is its index in expansions(). Its endpoints were put before,
    // and are removed after.
    std::function<void(std::size_t slot, std::shared_ptr<const Expansion>)>
        expanded;
    // A question to DNS has its answer, or none.
    std::function<void(RecordType, const Lookup&)> looked_up;
    // DNS says something else about the names of an address than it did
    // `before` (kUnknown: the first time).
    std::function<void(const IpAddress&, const Reverse& now,
                       ReverseVerdict before)>
        reversed;
    // A list of SetTargets was taken over: so many targets came, changed or
    // left. `duplicates` are those of the list that were left out, because one
    // before them has the same identity.
    std::function<void(
        std::size_t changed,
        const std::vector<std::shared_ptr<const Target>>& duplicates)>
        taken_over;
  };

  // `loop` must outlive the directory. `has_route` tells which addresses the
  // host can reach; it is asked with every answer.
  Directory(uv_loop_t* loop, plan::HasRoute has_route, Observer observer,
            const CacheTimes& times = CacheTimes());
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  // Before SetTargets, and again after the DNS settings changed: lookups under
  // way are asked anew. `resolver` must outlive its use here.
  void SetResolver(dns::Resolver* resolver);
  // Replaces all targets, kSliceTargets at once and the rest in later turns of
  // the loop, so that 100,000 of them do not hold it; called again meanwhile,
  // the newer list counts. A target that has not changed is left alone. An
  // endpoint that old and new targets share stays what it is, with its id.
  void SetTargets(std::vector<std::shared_ptr<const Target>> targets);
  // Whether SetTargets has still to be carried out in part.
  bool busy() const;

  // One for each target, in the order in which they came; a target that left
  // leaves a gap (null) for the next one that comes.
  const std::vector<std::shared_ptr<const Expansion>>& expansions() const;
  // The targets with this name (label `target`), one for each module, and their
  // slots.
  struct Named {
    std::size_t slot;
    std::shared_ptr<const Target> target;  // Never null.
  };
  std::vector<Named> FindNamed(const std::string& name) const;
  std::size_t target_count() const;
  std::size_t endpoint_count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace probe

#endif  // PROBE_DIRECTORY_H_
