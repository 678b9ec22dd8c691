#include "probe/ip_network.h"

#include <string_view>

#include "tests/support/catch.h"

namespace {

using probe::IpAddress;
using probe::IpNetwork;

bool Contains(std::string_view network, std::string_view address) {
  return IpNetwork::Parse(network).value().Contains(
      IpAddress::Parse(address).value());
}

}  // namespace

TEST_CASE("a network is an address and a prefix") {
  for (const std::string_view good :
       {"192.0.2.0/24", "192.0.2.1", "0.0.0.0/0", "10.0.0.0/8", "192.0.2.1/32",
        "2001:db8::/32", "::/0", "::1", "fe80::/10"}) {
    INFO(good);
    CHECK(IpNetwork::Parse(good));
  }
  for (const std::string_view bad :
       {"", "192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/",
        "192.0.2.0/24x", "192.0.2.0/ 24", "10/8", "0x7f.0.0.0/8", "::/129",
        "2001:db8::1/32", "example.com", "192.0.2.0/24/24"}) {
    INFO(bad);
    CHECK_FALSE(IpNetwork::Parse(bad));
  }
}

TEST_CASE("a network contains the addresses of its prefix") {
  CHECK(Contains("192.0.2.0/24", "192.0.2.255"));
  CHECK_FALSE(Contains("192.0.2.0/24", "192.0.3.0"));
  CHECK(Contains("192.0.2.128/25", "192.0.2.128"));
  CHECK_FALSE(Contains("192.0.2.128/25", "192.0.2.127"));
  CHECK(Contains("192.0.2.1", "192.0.2.1"));
  CHECK_FALSE(Contains("192.0.2.1", "192.0.2.2"));
  CHECK(Contains("0.0.0.0/0", "203.0.113.1"));
  CHECK(Contains("2001:db8::/32", "2001:db8:ffff::1"));
  CHECK_FALSE(Contains("2001:db8::/32", "2001:db9::1"));
  // Families are worlds of their own.
  CHECK_FALSE(Contains("0.0.0.0/0", "2001:db8::1"));
  CHECK_FALSE(Contains("::/0", "192.0.2.1"));
}

TEST_CASE("an IPv4 address in IPv6 form is the IPv4 address") {
  CHECK(Contains("127.0.0.0/8", "::ffff:127.0.0.1"));
  CHECK_FALSE(Contains("::/0", "::ffff:127.0.0.1"));
  CHECK_FALSE(Contains("2001:db8::/32", "::ffff:127.0.0.1"));
  CHECK(Contains("::ffff:127.0.0.0/104", "::ffff:127.0.0.1"));
}
