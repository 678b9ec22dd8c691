#include "probe/ip_network.h"

#include <charconv>
#include <cstddef>
#include <string>
#include <system_error>

namespace probe {
namespace {

unsigned AllBits(const IpAddress& address) {
  return address.is_ip6() ? 128 : 32;
}

bool BitOf(const IpAddress& address, unsigned number) {
  return (address.bytes()[number / 8] >> (7 - number % 8) & 1) != 0;
}

bool SamePrefix(const IpAddress& a, const IpAddress& b, unsigned bits) {
  for (unsigned i = 0; i < bits; ++i) {
    if (BitOf(a, i) != BitOf(b, i)) return false;
  }
  return true;
}

}  // namespace

std::optional<IpNetwork> IpNetwork::Parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto base = IpAddress::Parse(text.substr(0, slash));
  if (!base) return std::nullopt;
  if (slash == std::string_view::npos) return IpNetwork(*base, AllBits(*base));
  const std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  if (bits > AllBits(*base)) return std::nullopt;
  for (unsigned i = bits; i < AllBits(*base); ++i) {
    if (BitOf(*base, i)) return std::nullopt;
  }
  return IpNetwork(*base, bits);
}

bool IpNetwork::Contains(const IpAddress& address) const {
  // A network that is itself written in that form is meant as it stands.
  if (address.family() == base_.family() && SamePrefix(address, base_, bits_) &&
      bits_ >= 96) {
    return true;
  }
  const IpAddress plain = address.Unmapped();
  return plain.family() == base_.family() && SamePrefix(plain, base_, bits_);
}

}  // namespace probe
