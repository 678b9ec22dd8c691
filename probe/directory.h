// Targets -> endpoints, through DNS. Owns the set of endpoints: gives each its
// id, keeps it while any target needs it, and follows DNS as the TTLs ask.
//
// A name that stops resolving keeps its known addresses, marked unresolved; a
// name that has never resolved has one endpoint without address.
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
#include "probe/name_table.h"
#include "probe/plan/addresses.h"
#include "probe/target.h"

namespace probe {

class Directory {
 public:
  // Called on the loop's thread, not from within SetResolver.
  struct Observer {
    // An endpoint is new or has changed (same id).
    std::function<void(std::shared_ptr<const Endpoint>)> put;
    std::function<void(EndpointId)> removed;
  };

  // A target and what it stands for now; empty while its name is looked up for
  // the first time.
  struct Entry {
    std::shared_ptr<const Target> target;
    std::vector<std::shared_ptr<const Endpoint>> endpoints;
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
  // Replaces all targets. An endpoint that old and new targets share stays
  // what it is, with its id.
  void SetTargets(const std::vector<std::shared_ptr<const Target>>& targets);

  // In the order of SetTargets.
  const std::vector<Entry>& entries() const;
  std::size_t endpoint_count() const;
  // Grows with every change of entries(): whoever derives something from them
  // knows when to do it again.
  std::uint64_t generation() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace probe

#endif  // PROBE_DIRECTORY_H_
