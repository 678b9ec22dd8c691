// A mail exchanger of a domain, as DNS has it (RFC 5321 5.1).
#ifndef PROBE_MX_H_
#define PROBE_MX_H_

#include <compare>
#include <cstdint>
#include <string>

namespace probe {

struct MxRecord {
  std::uint16_t preference = 0;  // The lowest is tried first.
  // Lower case, without trailing dot; "" is the root ("MX 0 .", RFC 7505).
  // What a stranger's zone says: bytes that no host name has stand escaped, as
  // in a zone file.
  std::string host;

  friend auto operator<=>(const MxRecord&, const MxRecord&) = default;
};

}  // namespace probe

#endif  // PROBE_MX_H_
