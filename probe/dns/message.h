// What a DNS answer says (RFC 1035 4), from its bytes. Pure.
//
// Written here, because c-ares 1.18 hands out no TTL of MX records and does not
// look at owner names, and because the C library's reader follows as many
// compression pointers as a message has room for.
#ifndef PROBE_DNS_MESSAGE_H_
#define PROBE_DNS_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <vector>

#include "probe/clock.h"
#include "probe/ip_address.h"
#include "probe/lookup.h"

namespace probe::dns {

// Aliases followed from the name asked. Exim stops at 10, resolvers somewhere
// between 8 and 16.
inline constexpr std::size_t kMaxCnames = 10;
// What resolvers cap at (unbound, BIND). A TTL comes from a stranger and must
// not decide that a name is never asked for again.
inline constexpr Duration kMaxTtl = std::chrono::hours(24);

// The number of a type on the wire (RFC 1035 3.2.2, RFC 3596 2.1).
constexpr std::uint16_t CodeOf(RecordType type) {
  switch (type) {
    case RecordType::kA:
      return 1;
    case RecordType::kAaaa:
      return 28;
    case RecordType::kMx:
      return 15;
    case RecordType::kPtr:
      return 12;
  }
  return 0;
}

enum class MessageError { kMalformed, kCnameLoop, kTooManyCnames };

// The records of the type asked that belong to the end of the CNAME chain.
struct Records {
  std::vector<IpAddress> addresses;  // A, AAAA.
  struct Name {
    std::uint16_t preference = 0;  // MX only.
    // In lower case, without trailing dot, "" is the root. Bytes that no host
    // name has stand escaped, as in a zone file.
    std::string text;
  };
  std::vector<Name> names;  // MX, PTR.
  Duration ttl = kMaxTtl;   // The smallest of the records and of the chain.
  bool alias = false;       // The name asked is a CNAME.

  bool Empty() const { return addresses.empty() && names.empty(); }
};

// The answer section of a whole `message` with one question, for `type`; that
// it is the question asked was checked before (c-ares does). Bytes behind the
// answer section are not looked at. Records in the order of the message.
std::expected<Records, MessageError> ReadMessage(
    std::span<const std::uint8_t> message, RecordType type);

}  // namespace probe::dns

#endif  // PROBE_DNS_MESSAGE_H_
