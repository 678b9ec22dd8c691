// An IPv4 or IPv6 address as a value. No port, no scope: link-local addresses
// with a zone (fe80::1%eth0) are not accepted anywhere in this program.
#ifndef PROBE_IP_ADDRESS_H_
#define PROBE_IP_ADDRESS_H_

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace probe {

class IpAddress {
 public:
  enum class Family : std::uint8_t { kIp4, kIp6 };

  // The canonical text forms of inet_pton(3) only: dotted quad with four
  // decimal parts, or RFC 4291 text. No brackets, no zone, no "127.1".
  static std::optional<IpAddress> Parse(std::string_view text);
  // Network byte order, as it stands in a sockaddr or a DNS answer.
  static IpAddress FromIp4(const std::array<std::uint8_t, 4>& bytes);
  static IpAddress FromIp6(const std::array<std::uint8_t, 16>& bytes);

  Family family() const { return family_; }
  bool is_ip6() const { return family_ == Family::kIp6; }
  // Network byte order; an IPv4 address uses the first four bytes.
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  // Whether it can be somebody's address on the Internet: none of the special
  // ones of IANA's registries (private, loopback, link-local, shared, this
  // network, multicast, reserved, documentation; RFC 6890). An IPv4 address in
  // IPv6 form (::ffff:192.0.2.1, and 64:ff9b::192.0.2.1 behind NAT64) counts as
  // that IPv4 address.
  bool IsPublic() const;
  // ::ffff:192.0.2.1 as 192.0.2.1; any other address as it is.
  IpAddress Unmapped() const;
  // RFC 5952 text for IPv6, without brackets.
  std::string ToString() const;
  // "192.0.2.1:25" or "[2001:db8::1]:25".
  std::string WithPort(std::uint16_t port) const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  Family family_ = Family::kIp4;
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace probe

#endif  // PROBE_IP_ADDRESS_H_
