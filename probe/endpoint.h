// What can be probed: one address and port, under one server name, with one
// set of conversation settings. A target has one for each of its addresses;
// targets that agree in all of this share one.
#ifndef PROBE_ENDPOINT_H_
#define PROBE_ENDPOINT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "probe/clock.h"
#include "probe/ip_address.h"
#include "probe/result.h"
#include "probe/target.h"

namespace probe {

// Given by the Directory, unique for the life of the process.
using EndpointId = std::uint64_t;

// Immutable; a change makes a new object with the same id.
struct Endpoint {
  EndpointId id = 0;
  // None: the name has never resolved, so there is nothing to connect to.
  std::optional<IpAddress> address;
  std::uint16_t port = 25;
  // The name it was reached by, lower case, without trailing dot; "" for an IP
  // literal. For SNI and certificate names.
  std::string server_name;
  std::shared_ptr<const Conversation> conversation;  // Never null.
  Duration interval{};  // The shortest among the targets that share it.
  // Set while the name does not resolve: a probe then makes no connection and
  // ends with this failure, phase `resolve`.
  std::optional<Failure> unresolved;
  // Of the lookup that said so; 0 for an IP literal.
  Duration resolve_duration{};

  friend bool operator==(const Endpoint&, const Endpoint&) = default;

  // Spreads endpoints over probe threads and over the interval. The same in
  // every process, so that a restart keeps the spread.
  std::uint64_t Hash() const;
  // Endpoints with one of these share a server: one conversation at a time,
  // one back-off. "192.0.2.1:25"; empty without an address.
  std::string ServerKey() const {
    return address ? address->WithPort(port) : std::string();
  }
};

}  // namespace probe

#endif  // PROBE_ENDPOINT_H_
