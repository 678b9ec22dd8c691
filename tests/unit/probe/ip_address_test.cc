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

}  // namespace
}  // namespace probe
