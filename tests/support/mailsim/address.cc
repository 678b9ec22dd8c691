#include "tests/support/mailsim/address.h"

#include <arpa/inet.h>
#include <uv.h>

namespace mailsim {

std::string AddressText(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.sa_family == AF_INET) {
    const auto& ip4 = reinterpret_cast<const sockaddr_in&>(address);
    uv_ip4_name(&ip4, text, sizeof text);
    return std::string(text) + ":" + std::to_string(ntohs(ip4.sin_port));
  }
  if (address.sa_family != AF_INET6) return "";
  const auto& ip6 = reinterpret_cast<const sockaddr_in6&>(address);
  uv_ip6_name(&ip6, text, sizeof text);
  return "[" + std::string(text) + "]:" + std::to_string(ntohs(ip6.sin6_port));
}

}  // namespace mailsim
