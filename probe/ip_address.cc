#include "probe/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>
#include <span>

namespace probe {
namespace {

struct Network {
  std::array<std::uint8_t, 16> prefix;
  int length;  // Bits.
};

bool IsIn(const Network& network, const std::array<std::uint8_t, 16>& bytes) {
  const auto whole = static_cast<std::size_t>(network.length / 8);
  if (!std::equal(bytes.begin(), bytes.begin() + whole,
                  network.prefix.begin())) {
    return false;
  }
  const int rest = network.length % 8;
  return rest == 0 || (bytes[whole] ^ network.prefix[whole]) >> (8 - rest) == 0;
}

bool IsInAny(std::span<const Network> networks,
             const std::array<std::uint8_t, 16>& bytes) {
  return std::any_of(
      networks.begin(), networks.end(),
      [&bytes](const Network& network) { return IsIn(network, bytes); });
}

// IANA's IPv4 Special-Purpose Address Registry, and multicast. Those that are
// routed (anycast sinks and relays) are nobody's mail servers either.
constexpr Network kSpecial4[] = {
    {{0}, 8},              // This network (RFC 791).
    {{10}, 8},             // Private (RFC 1918).
    {{100, 64}, 10},       // Shared, behind a provider's NAT (RFC 6598).
    {{127}, 8},            // Loopback.
    {{169, 254}, 16},      // Link-local (RFC 3927).
    {{172, 16}, 12},       // Private.
    {{192, 0, 0}, 24},     // Protocol assignments (RFC 6890).
    {{192, 0, 2}, 24},     // Documentation (RFC 5737).
    {{192, 31, 196}, 24},  // AS112 (RFC 7535).
    {{192, 52, 193}, 24},  // AMT relays (RFC 7450).
    {{192, 88, 99}, 24},   // 6to4 relays (RFC 7526).
    {{192, 168}, 16},      // Private.
    {{192, 175, 48}, 24},  // AS112 (RFC 7534).
    {{198, 18}, 15},       // Benchmarks (RFC 2544).
    {{198, 51, 100}, 24},  // Documentation.
    {{203, 0, 113}, 24},   // Documentation.
    {{224}, 4},            // Multicast (RFC 5771).
    {{240}, 4},            // Reserved, and 255.255.255.255.
};

// The only part of IPv6 that is given out (RFC 4291 2.4, and IANA's IPv6
// Address Space). Outside are ::, ::1, 64:ff9b:1::/48, 100::/64, 5f00::/16, and
// unique local, link-local, site-local and multicast addresses.
constexpr Network kGlobalUnicast = {{0x20}, 3};

// What IANA's IPv6 Special-Purpose Address Registry has within it.
constexpr Network kSpecial6[] = {
    {{0x20, 0x01, 0x00}, 23},  // Protocol assignments: Teredo, benchmarks,
                               // ORCHID, AMT, AS112 (RFC 2928).
    {{0x20, 0x01, 0x0d, 0xb8}, 32},              // Documentation (RFC 3849).
    {{0x20, 0x02}, 16},                          // 6to4 (RFC 7526).
    {{0x26, 0x20, 0x00, 0x4f, 0x80, 0x00}, 48},  // AS112 (RFC 7534).
    {{0x3f, 0xff}, 20},                          // Documentation (RFC 9637).
};

// IPv4 in the last four bytes.
constexpr Network kMapped = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};
constexpr Network kNat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};  // RFC 6052 2.1.

IpAddress LastFour(const std::array<std::uint8_t, 16>& bytes) {
  return IpAddress::FromIp4({bytes[12], bytes[13], bytes[14], bytes[15]});
}

}  // namespace

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  if (inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) {
    IpAddress address;
    address.family_ = Family::kIp4;
    address.bytes_ = bytes;
    return address;
  }
  if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) {
    return FromIp6(bytes);
  }
  return std::nullopt;
}

IpAddress IpAddress::FromIp4(const std::array<std::uint8_t, 4>& bytes) {
  IpAddress address;
  address.family_ = Family::kIp4;
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  return address;
}

IpAddress IpAddress::FromIp6(const std::array<std::uint8_t, 16>& bytes) {
  IpAddress address;
  address.family_ = Family::kIp6;
  address.bytes_ = bytes;
  return address;
}

bool IpAddress::IsPublic() const {
  if (!is_ip6()) return !IsInAny(kSpecial4, bytes_);
  if (IsIn(kMapped, bytes_) || IsIn(kNat64, bytes_)) {
    return LastFour(bytes_).IsPublic();
  }
  return IsIn(kGlobalUnicast, bytes_) && !IsInAny(kSpecial6, bytes_);
}

IpAddress IpAddress::Unmapped() const {
  return is_ip6() && IsIn(kMapped, bytes_) ? LastFour(bytes_) : *this;
}

std::string IpAddress::ToString() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(is_ip6() ? AF_INET6 : AF_INET, bytes_.data(), text.data(),
            text.size());
  return text.data();
}

std::string IpAddress::WithPort(std::uint16_t port) const {
  const std::string number = std::to_string(port);
  return is_ip6() ? "[" + ToString() + "]:" + number
                  : ToString() + ":" + number;
}

}  // namespace probe
