#include "probe/ip_address.h"

#include <string>
#include <string_view>

#include "tests/support/catch.h"

namespace probe {
namespace {

TEST_CASE("addresses are read and written in their canonical form") {
  struct Case {
    std::string_view text, want, with_port;
  };
  const Case cases[] = {
      {"192.0.2.1", "192.0.2.1", "192.0.2.1:25"},
      {"0.0.0.0", "0.0.0.0", "0.0.0.0:25"},
      {"255.255.255.255", "255.255.255.255", "255.255.255.255:25"},
      {"::", "::", "[::]:25"},
      {"::1", "::1", "[::1]:25"},
      {"2001:db8::1", "2001:db8::1", "[2001:db8::1]:25"},
      {"2001:DB8::A", "2001:db8::a", "[2001:db8::a]:25"},
      {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1",
       "[2001:db8::1]:25"},
      // RFC 5952 4.2: the longest run of zeros, the first of equals.
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1", "[2001:0:0:1::1]:25"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", "[2001:db8::1:0:0:1]:25"},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:25"},
      {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
       "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:25"},
  };
  for (const Case& test : cases) {
    INFO(test.text);
    const auto address = IpAddress::Parse(test.text);
    REQUIRE(address);
    CHECK(address->ToString() == test.want);
    CHECK(address->WithPort(25) == test.with_port);
    CHECK(address->is_ip6() == (test.text.find(':') != std::string_view::npos));
    CHECK((IpAddress::Parse(test.want) == address));
  }
  CHECK(IpAddress::Parse("192.0.2.1")->WithPort(65535) == "192.0.2.1:65535");
}

TEST_CASE("what is no canonical address is refused") {
  using namespace std::string_view_literals;
  const std::string_view cases[] = {
      "",
      " ",
      "127.1",
      "1",
      "2130706433",
      "0x7f.0.0.1",
      "0x7f000001",
      "010.0.0.1",
      "192.0.2.01",
      "192.0.2.1.",
      ".192.0.2.1",
      "192.0.2.256",
      "192.0.2.1.1",
      "192.0.2.-1",
      "192.0.2.+1",
      " 192.0.2.1",
      "192.0.2.1 ",
      "192.0.2.1\n",
      "192.0.2.1\0"sv,
      "192.0.2.1\0.example.com"sv,
      "\0"sv,
      "192.0.2.1:25",
      "192.0.2.0/24",
      "\xef\xbc\x91.0.0.1",  // A digit, but not of ASCII.
      "[2001:db8::1]",
      "[::1]:25",
      "fe80::1%eth0",
      "fe80::1%1",
      "::1%lo",
      "::1/128",
      "2001:db8:::1",
      "2001::db8::1",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "12345::",
      "g::",
      ":",
      ":::",
      "::ffff:192.0.2",
      "::ffff:192.0.2.256",
      " ::1",
      "::1 ",
      "::1\0"sv,
      "localhost",
      "mx1.example.com",
  };
  for (const std::string_view text : cases) {
    INFO(std::string(text));
    CHECK_FALSE(IpAddress::Parse(text));
  }
  // As long as anyone may send.
  CHECK_FALSE(IpAddress::Parse(std::string(1 << 20, '1')));
}

TEST_CASE("addresses are made from bytes, compared and ordered") {
  const IpAddress ip4 = IpAddress::FromIp4({192, 0, 2, 1});
  CHECK(ip4.ToString() == "192.0.2.1");
  CHECK((ip4 == IpAddress::Parse("192.0.2.1")));
  CHECK((ip4.family() == IpAddress::Family::kIp4));
  const IpAddress ip6 = IpAddress::FromIp6(
      {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  CHECK(ip6.ToString() == "2001:db8::1");
  CHECK((ip6 == IpAddress::Parse("2001:db8::1")));
  CHECK(ip6.is_ip6());
  // The same bytes in the other family are another address.
  CHECK((IpAddress::FromIp4({0, 0, 0, 0}) != *IpAddress::Parse("::")));
  CHECK((*IpAddress::Parse("192.0.2.9") < *IpAddress::Parse("192.0.2.10")));
}

TEST_CASE("an address is public unless a registry has other plans for it") {
  struct Case {
    std::string_view text;
    bool want;
  };
  // Each network by its first and last address and its neighbours.
  const Case cases[] = {
      {"0.0.0.0", false},
      {"0.255.255.255", false},
      {"1.0.0.0", true},
      {"9.255.255.255", true},
      {"10.0.0.0", false},
      {"10.255.255.255", false},
      {"11.0.0.0", true},
      {"100.63.255.255", true},
      {"100.64.0.0", false},
      {"100.100.100.200", false},
      {"100.127.255.255", false},
      {"100.128.0.0", true},
      {"126.255.255.255", true},
      {"127.0.0.1", false},
      {"127.255.255.255", false},
      {"128.0.0.0", true},
      {"169.253.255.255", true},
      {"169.254.0.0", false},
      {"169.254.169.254", false},
      {"169.254.255.255", false},
      {"169.255.0.0", true},
      {"172.15.255.255", true},
      {"172.16.0.0", false},
      {"172.31.255.255", false},
      {"172.32.0.0", true},
      {"191.255.255.255", true},
      {"192.0.0.0", false},
      {"192.0.0.192", false},
      {"192.0.0.255", false},
      {"192.0.1.0", true},
      {"192.0.1.255", true},
      {"192.0.2.0", false},
      {"192.0.2.255", false},
      {"192.0.3.0", true},
      {"192.31.195.255", true},
      {"192.31.196.1", false},
      {"192.31.197.0", true},
      {"192.52.192.255", true},
      {"192.52.193.1", false},
      {"192.52.194.0", true},
      {"192.88.98.255", true},
      {"192.88.99.1", false},
      {"192.88.100.0", true},
      {"192.167.255.255", true},
      {"192.168.0.0", false},
      {"192.168.255.255", false},
      {"192.169.0.0", true},
      {"192.175.47.255", true},
      {"192.175.48.1", false},
      {"192.175.49.0", true},
      {"198.17.255.255", true},
      {"198.18.0.0", false},
      {"198.19.255.255", false},
      {"198.20.0.0", true},
      {"198.51.99.255", true},
      {"198.51.100.0", false},
      {"198.51.100.255", false},
      {"198.51.101.0", true},
      {"203.0.112.255", true},
      {"203.0.113.0", false},
      {"203.0.113.255", false},
      {"203.0.114.0", true},
      {"223.255.255.255", true},
      {"224.0.0.0", false},
      {"239.255.255.255", false},
      {"240.0.0.0", false},
      {"255.255.255.255", false},

      {"::", false},
      {"::1", false},
      {"::2", false},
      {"::8.8.8.8", false},
      {"64:ff9b:1::", false},
      {"64:ff9b:1:ffff:ffff:ffff:808:808", false},
      {"64:ff9b:0:0:1::808:808", false},
      {"100::1", false},
      {"100:0:0:1::1", false},
      {"1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
      {"2000::", true},
      {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
      {"2001::1", false},
      {"2001:0:53aa:64c:0:7f:f7f7:f7f7", false},
      {"2001:1::1", false},
      {"2001:2::1", false},
      {"2001:4:112::1", false},
      {"2001:20::1", false},
      {"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", false},
      {"2001:200::", true},
      {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", true},
      {"2001:db8::", false},
      {"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", false},
      {"2001:db9::", true},
      {"2001:4860:4860::8888", true},
      {"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
      {"2002::", false},
      {"2002:808:808::1", false},
      {"2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
      {"2003::", true},
      {"2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", true},
      {"2620:4f:8000::", false},
      {"2620:4f:8000:ffff:ffff:ffff:ffff:ffff", false},
      {"2620:4f:8001::", true},
      {"2a00:1450:4001::1a", true},
      {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
      {"3fff::", false},
      {"3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", false},
      {"3fff:1000::", true},
      {"4000::", false},
      {"5f00::1", false},
      {"fbff::1", false},
      {"fc00::", false},
      {"fd12:3456:789a::1", false},
      {"fe80::1", false},
      {"febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
      {"fec0::1", false},
      {"ff02::1", false},
      {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},

      // Judged by the IPv4 address within.
      {"::ffff:8.8.8.8", true},
      {"::ffff:10.0.0.1", false},
      {"::ffff:127.0.0.1", false},
      {"::fffe:8.8.8.8", false},
      {"64:ff9b::8.8.8.8", true},
      {"64:ff9b::192.168.0.1", false},
      {"64:ff9b::127.0.0.1", false},
  };
  for (const Case& one : cases) {
    CAPTURE(std::string(one.text));
    CHECK(IpAddress::Parse(one.text).value().IsPublic() == one.want);
  }
}

TEST_CASE("IPv4 in IPv6 form comes out as IPv4") {
  struct Case {
    std::string_view text, want;
  };
  const Case cases[] = {
      {"::ffff:192.0.2.1", "192.0.2.1"},
      {"192.0.2.1", "192.0.2.1"},
      {"2001:db8::1", "2001:db8::1"},
      // Somebody's NAT64 is no IPv4 address of ours.
      {"64:ff9b::c000:201", "64:ff9b::c000:201"},
      {"::1", "::1"},
  };
  for (const Case& one : cases) {
    const IpAddress plain = IpAddress::Parse(one.text).value().Unmapped();
    CHECK(plain.ToString() == one.want);
    CHECK(plain.is_ip6() == (one.want.find(':') != one.want.npos));
  }
}

}  // namespace
}  // namespace probe
