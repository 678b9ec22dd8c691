#include "probe/dns/reverse_name.h"

#include <string>

#include "tests/support/catch.h"

namespace probe::dns {
namespace {

TEST_CASE("where the names of an address are") {
  struct Case {
    const char* address;
    const char* want;
  };
  const Case cases[] = {
      {"192.0.2.1", "1.2.0.192.in-addr.arpa"},
      {"0.0.0.0", "0.0.0.0.in-addr.arpa"},
      {"255.254.253.10", "10.253.254.255.in-addr.arpa"},
      {"::ffff:192.0.2.1", "1.2.0.192.in-addr.arpa"},
      // RFC 3596 2.5.
      {"4321:0:1:2:3:4:567:89ab",
       "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4."
       "ip6.arpa"},
      // Near to the mapped ones, and none.
      {"::fffe:192.0.2.1",
       "1.0.2.0.0.0.0.c.e.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
       "ip6.arpa"},
  };
  for (const Case& test : cases) {
    CHECK(ReverseName(*IpAddress::Parse(test.address)) == test.want);
  }
}

TEST_CASE("which names are host names") {
  const std::string label(63, 'a');
  const std::string longest =
      label + "." + label + "." + label + "." + std::string(61, 'b');
  for (const std::string& good :
       {std::string("a"), std::string("mx1.example.test"),
        std::string("_dmarc.example.test"), std::string("1-2-3-4.dyn.test"),
        std::string("4.3.2.1.test"), std::string("xn--mgba.test"),
        std::string("MX1.Example.TEST"), std::string("a--b.test"),
        std::string("_.test"), std::string("3com"), std::string("mx.0xyz"),
        std::string("mx.0x1.test"), std::string("mx.1a"), label, longest}) {
    INFO(good);
    CHECK(IsHostName(good));
  }
  for (const std::string& bad : {std::string(),
                                 std::string("."),
                                 std::string("a."),
                                 std::string(".a"),
                                 std::string("a..b"),
                                 std::string("a b"),
                                 std::string("a\\.b"),
                                 std::string("a\"b"),
                                 std::string("a\nb"),
                                 std::string("a\0b", 3),
                                 std::string("caf\xc3\xa9.test"),
                                 std::string("192.0.2.1"),
                                 std::string("1"),
                                 std::string("127.1"),
                                 std::string("mx.0"),
                                 std::string("0x7f.1"),
                                 std::string("mx.0x7f"),
                                 std::string("mx.0X7F"),
                                 std::string("mx.0x"),
                                 std::string("-mx.test"),
                                 std::string("mx-.test"),
                                 std::string("mx.-test"),
                                 std::string("mx.test-"),
                                 std::string("-"),
                                 label + "a",
                                 label + "a.test",
                                 longest + "b",
                                 std::string(100'000, '.'),
                                 std::string(100'000, 'a')}) {
    INFO(bad);
    CHECK_FALSE(IsHostName(bad));
  }
}

}  // namespace
}  // namespace probe::dns
