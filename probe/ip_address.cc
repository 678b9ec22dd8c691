#include "probe/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>

namespace probe {

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
