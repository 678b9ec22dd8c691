// An IPv4 or IPv6 network in CIDR form.
#ifndef PROBE_IP_NETWORK_H_
#define PROBE_IP_NETWORK_H_

#include <optional>
#include <string_view>

#include "probe/ip_address.h"

namespace probe {

class IpNetwork {
 public:
  // "192.0.2.0/24", "2001:db8::/32"; an address alone is a network of one. None
  // for anything else, and when bits behind the prefix are set: whoever writes
  // 192.0.2.1/24 means one of two things.
  static std::optional<IpNetwork> Parse(std::string_view text);

  // An IPv4 address in IPv6 form (::ffff:192.0.2.1) counts as the IPv4 address
  // that a connection to it would reach.
  bool Contains(const IpAddress& address) const;

  friend bool operator==(const IpNetwork&, const IpNetwork&) = default;

 private:
  IpNetwork(const IpAddress& base, unsigned bits) : base_(base), bits_(bits) {}

  IpAddress base_;
  unsigned bits_;
};

}  // namespace probe

#endif  // PROBE_IP_NETWORK_H_
