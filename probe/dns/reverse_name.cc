#include "probe/dns/reverse_name.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace probe::dns {
namespace {

std::string Ip4Name(std::span<const std::uint8_t> bytes) {
  std::string name;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    name += std::to_string(bytes[i]) + '.';
  }
  return name + "in-addr.arpa";
}

}  // namespace

std::string ReverseName(const IpAddress& address) {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0,    0,
                                                    0, 0, 0, 0, 0xff, 0xff};
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::span<const std::uint8_t> bytes = address.bytes();
  if (!address.is_ip6()) return Ip4Name(bytes.first(4));
  if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) {
    return Ip4Name(bytes.last(4));
  }
  std::string name;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    name += kDigits[bytes[i] & 0xf];
    name += '.';
    name += kDigits[bytes[i] >> 4];
    name += '.';
  }
  return name + "ip6.arpa";
}

}  // namespace probe::dns
