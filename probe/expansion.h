// What a target stands for now: its endpoints, and what DNS says on the way to
// them. Immutable, but for the outcome of lookups; a change makes a new one.
// For the main loop's thread.
#ifndef PROBE_EXPANSION_H_
#define PROBE_EXPANSION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "probe/clock.h"
#include "probe/endpoint.h"
#include "probe/lookup.h"
#include "probe/mx.h"
#include "probe/result.h"
#include "probe/reverse_table.h"
#include "probe/smtp/quirk.h"
#include "probe/target.h"

namespace probe {

// One endpoint as one target sees it; others may share the endpoint.
struct Place {
  std::shared_ptr<const Endpoint> endpoint{};  // Never null.
  // The mail exchanger of a domain target: label `mx`. "" for a host target,
  // and while a domain's exchangers have never been known.
  std::string mx{};
  smtp::Quirks quirks{};  // Known from DNS.
  // The target's name or domain does not resolve (any more), so that whoever
  // looks for it does not find this server: however its probes end, the
  // target's series say this.
  std::optional<Failure> unresolved{};
  // Changes in place. Null: no address.
  std::shared_ptr<const Reverse> reverse{};
};

// What a domain target's DNS says.
struct Mail {
  // As in plan::MailHosts; those last known while `failure` is set.
  std::vector<MxRecord> hosts;
  bool null_mx = false;
  // Why there are no exchangers, or not for sure: NXDOMAIN, timeout, SERVFAIL,
  // or no MX record of use.
  std::optional<Failure> failure;
};

// One lookup among those a target depends on.
struct NamedLookup {
  RecordType record = RecordType::kA;
  std::string mx;  // Of a domain target's exchanger: its name; else "".
  std::shared_ptr<const Lookup> lookup;  // Never null; changes in place.
};

struct Expansion {
  std::shared_ptr<const Target> target;  // Never null.
  // By preference and name of the exchanger, then by address. Empty while the
  // target is looked up for the first time, and for a null MX.
  std::vector<Place> places;
  // Domain targets only, from the first MX answer on.
  std::optional<Mail> mail;
  // Of A, AAAA and MX; reverse lookups are in the places.
  std::vector<NamedLookup> lookups;
  // Addresses of this family were left out, because this host has no route to
  // them.
  bool no_ip4_route = false;
  bool no_ip6_route = false;
};

}  // namespace probe

#endif  // PROBE_EXPANSION_H_
