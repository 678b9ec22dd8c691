#include "probe/dns/reverse_name.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace probe::dns {
namespace {

constexpr std::size_t kMaxHostName = 253;
constexpr std::size_t kMaxLabel = 63;

std::string Ip4Name(std::span<const std::uint8_t> bytes) {
  std::string name;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    name += std::to_string(bytes[i]) + '.';
  }
  return name + "in-addr.arpa";
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsHostByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) ||
         c == '-' || c == '_';
}

bool IsLabel(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabel &&
         std::all_of(label.begin(), label.end(), IsHostByte);
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

bool IsHostName(std::string_view name) {
  if (name.size() > kMaxHostName) return false;
  while (true) {
    const std::string_view label = name.substr(0, name.find('.'));
    if (!IsLabel(label)) return false;
    if (label.size() == name.size()) {
      return !std::all_of(label.begin(), label.end(), IsDigit);
    }
    name.remove_prefix(label.size() + 1);
  }
}

}  // namespace probe::dns
