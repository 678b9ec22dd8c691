#include "exporter/config/host_name.h"

#include <string>

#include "tests/support/catch.h"

namespace exporter::config {
namespace {

std::string Repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST_CASE("host names that are fine") {
  for (const std::string& name :
       {std::string("mx1.example.com"), std::string("mx1.example.com."),
        std::string("localhost"), std::string("MX1.Example.COM"),
        std::string("mail_relay.example.com"), std::string("3com.com"),
        std::string("xn--mnchen-3ya.example"), std::string("a"),
        std::string("1.2.3.4.example"), std::string(63, 'a'),
        Repeated("a.", 126) + "a"}) {
    CAPTURE(name);
    CHECK(CheckHostName(name).has_value());
  }
}

TEST_CASE("host names that are refused, with the reason") {
  struct Case {
    std::string name;
    std::string want;  // Part of the sentence.
  };
  const Case cases[] = {
      {"", "must not be empty"},
      {".", "a part of it is empty"},
      {"mx..example.com", "a part of it is empty"},
      {".example.com", "a part of it is empty"},
      {"example.com..", "a part of it is empty"},
      {"-mx.example.com", "begins or ends with a hyphen"},
      {"mx-.example.com", "begins or ends with a hyphen"},
      {std::string(64, 'a'), "longer than 63"},
      {Repeated("a.", 127) + "a", "longer than 253"},
      {"mx example", "a space"},
      {"user@example.com", "mail address"},
      {"192.0.2.0/24", "no URL or network"},
      {"mx\r\nRSET",
       "\"mx\\x0d\\x0aRSET\" is not a host name: it holds a "
       "control character"},
      {std::string("mx\0.example", 11), "control character"},
      {"mx\x7f", "control character"},
      {"fe80::1%eth0", "only letters"},
      {"mx%eth0", "zone"},
      {"m\xC3\xBCnchen.example", "xn--"},
      {"mx!", "only letters"},
      {"*.example.com", "only letters"},
      {"127.1", "four decimal numbers"},
      {"0x7f.1", "four decimal numbers"},
      {"0x7f000001", "four decimal numbers"},
      {"2130706433", "four decimal numbers"},
      {"192.0.2.1", "four decimal numbers"},
      {"192.0.2.1.", "four decimal numbers"},
      {"192.0.2.256", "four decimal numbers"},
      {"192.0.2.01", "four decimal numbers"},
      {"mx.example.0x", "four decimal numbers"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto checked = CheckHostName(c.name);
    REQUIRE_FALSE(checked.has_value());
    CAPTURE(checked.error());
    CHECK(checked.error().find(c.want) != std::string::npos);
  }
}

TEST_CASE("host and port in all their forms") {
  struct Case {
    std::string text;
    std::string host;
    int port;  // 0: none.
    bool literal;
  };
  const Case cases[] = {
      {"mx1.example.com", "mx1.example.com", 0, false},
      {"mx1.example.com:25", "mx1.example.com", 25, false},
      {"mx1:65535", "mx1", 65535, false},
      {"192.0.2.1", "192.0.2.1", 0, true},
      {"192.0.2.1:2525", "192.0.2.1", 2525, true},
      {"2001:db8::1", "2001:db8::1", 0, true},
      {"[2001:db8::1]", "2001:db8::1", 0, true},
      {"[2001:DB8::1]:25", "2001:DB8::1", 25, true},
      {"::1", "::1", 0, true},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.1", 0, true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto parsed = ParseHostPort(c.text);
    REQUIRE(parsed.has_value());
    CHECK(parsed->host == c.host);
    CHECK(parsed->port.value_or(0) == c.port);
    CHECK(parsed->literal.has_value() == c.literal);
  }
}

TEST_CASE("host and port that are refused, with the reason") {
  struct Case {
    std::string text;
    std::string want;
  };
  const Case cases[] = {
      {"", "must not be empty"},
      {":25", "must not be empty"},
      {"mx:", "\"mx:\" does not end in a port number"},
      {"mx:smtp", "does not end in a port number"},
      {"mx:25x", "does not end in a port number"},
      {"mx:-1", "does not end in a port number"},
      {"mx:+25", "does not end in a port number"},
      {"mx:0", "port 0 is out of range (1-65535)"},
      {"mx:65536", "port 65536 is out of range (1-65535)"},
      {"mx:99999999999", "port 99999999999 is out of range (1-65535)"},
      {"smtp://mx.example.com", "no URL"},
      {"mx:25/tcp", "no URL"},
      {"1:2:3",
       "is not an IPv6 address; with a port it is written "
       "[2001:db8::1]:25"},
      {"2001:db8::1::25", "is not an IPv6 address"},
      {"fe80::1%eth0", "zone"},
      {"[fe80::1%eth0]:25", "zone"},
      {"[2001:db8::1", "no closing bracket"},
      {"[192.0.2.1]:25", "does not have an IPv6 address"},
      {"[mx]:25", "does not have an IPv6 address"},
      {"[]:25", "does not have an IPv6 address"},
      {"[::1]25", "that is no port"},
      {"[::1]:", "does not end in a port number"},
      {"127.1:25", "four decimal numbers"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto parsed = ParseHostPort(c.text);
    REQUIRE_FALSE(parsed.has_value());
    CAPTURE(parsed.error());
    CHECK(parsed.error().find(c.want) != std::string::npos);
  }
}

TEST_CASE("international names become ASCII, others stay") {
  struct Case {
    std::string name;
    std::string want;
  };
  const Case cases[] = {
      {"MX1.Example.com.", "MX1.Example.com."},
      {"xn--mnchen-3ya.example", "xn--mnchen-3ya.example"},
      {"münchen.example", "xn--mnchen-3ya.example"},
      {"MÜNCHEN.Example.", "xn--mnchen-3ya.example"},
      {"mu\xCC\x88nchen.example", "xn--mnchen-3ya.example"},
      // Non-transitional: not strasse.example, which is somebody else's.
      {"straße.example", "xn--strae-oqa.example"},
      {"пример.рф", "xn--e1afmkfd.xn--p1ai"},
      {"mx。münchen.example", "mx.xn--mnchen-3ya.example"},
      {"ｍx.example", "mx.example"},
      {"_relay.ü.example", "_relay.xn--tda.example"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto ascii = ToAsciiName(c.name);
    if (!ascii) FAIL(ascii.error());
    CHECK(*ascii == c.want);
  }
  const auto parsed = ParseHostPort("münchen.example:26");
  REQUIRE(parsed.has_value());
  CHECK(parsed->host == "xn--mnchen-3ya.example");
  CHECK(parsed->port == 26);
}

TEST_CASE("international names that are refused") {
  struct Case {
    std::string name;
    std::string want;  // Part of the sentence.
  };
  const Case cases[] = {
      {"☃.example", "\"☃.example\" is not an international host name: "},
      {"-ü.example", "is not an international host name: "},
      {"ü..example", "a part of it is empty"},
      {"ü@example.com", "\"ü@example.com\" is not a host name but looks like"},
      {"ü\r\nRSET", "it holds a control character"},
      {std::string("ü\0.example", 11), "it holds a control character"},
      {"ü x", "a space"},
      {"１２７.0.0.1", "four decimal numbers"},
      {"１２７.1", "four decimal numbers"},
      {"mx\xEF\xBC\x8F"
       "24",
       "is not an international host name: "},
      {"\xC2\xAD", "must not be empty"},
      {"m\xC3", "is not an international host name: "},
      {Repeated("ü", 64), "is not an international host name: "},
      {Repeated("ü.", 150), "is not an international host name: "},
      {Repeated("ü", 10'000), "it is too long"},
      {"xn--a.ü", "is not an international host name: "},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name.substr(0, 80));
    const auto ascii = ToAsciiName(c.name);
    REQUIRE_FALSE(ascii.has_value());
    CAPTURE(ascii.error());
    CHECK(ascii.error().find(c.want) != std::string::npos);
  }
}

TEST_CASE("EHLO names") {
  for (const std::string name :
       {"monitor.example.net", "a.b", "3a7f.invalid", "[192.0.2.1]",
        "[IPv6:2001:db8::1]", "[ipv6:::1]"}) {
    CAPTURE(name);
    CHECK(CheckEhloName(name).has_value());
  }
  for (const std::string& name : {std::string(),
                                  std::string("localhost"),
                                  std::string("LocalHost"),
                                  std::string("localhost.localdomain"),
                                  std::string("x.localhost"),
                                  std::string("monitor"),
                                  std::string("monitor.example.net."),
                                  std::string("under_score.example.net"),
                                  std::string("a b.example"),
                                  std::string("192.0.2.1"),
                                  std::string("2001:db8::1"),
                                  std::string("[2001:db8::1]"),
                                  std::string("[IPv6:192.0.2.1]"),
                                  std::string("[]"),
                                  std::string("["),
                                  std::string("[monitor]"),
                                  std::string("mx.example.net\r\nMAIL FROM:<>"),
                                  std::string("mx.example.net\nX"),
                                  std::string("[192.0.2.1\r]"),
                                  std::string("m\xC3\xBC.example")}) {
    CAPTURE(name);
    CHECK_FALSE(CheckEhloName(name).has_value());
  }
  CHECK(CheckEhloName("192.0.2.1").error() ==
        "\"192.0.2.1\" is a bare address; as EHLO name it is written "
        "[192.0.2.1]");
  CHECK(CheckEhloName("2001:db8::1").error() ==
        "\"2001:db8::1\" is a bare address; as EHLO name it is written "
        "[IPv6:2001:db8::1]");
}

TEST_CASE("any host gets a valid EHLO name") {
  struct Case {
    std::string host;
    std::string want;
  };
  const Case cases[] = {
      {"monitor.example.net", "monitor.example.net"},
      {"monitor", "monitor.invalid"},
      {"3f2a9c", "3f2a9c.invalid"},
      {"my_host", "my-host.invalid"},
      {"my_host.example.net", "my-host.invalid"},
      {"", "smtp-prober.invalid"},
      {"localhost", "smtp-prober.invalid"},
      {"localhost.localdomain", "smtp-prober.invalid"},
      {"__", "smtp-prober.invalid"},
      {"-a-", "a.invalid"},
      {"[192.0.2.1]", "192.invalid"},
      {std::string(200, 'h'), std::string(63, 'h') + ".invalid"},
      {"x\r\n", "x.invalid"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.host);
    CHECK(EhloNameFor(c.host) == c.want);
    CHECK(CheckEhloName(EhloNameFor(c.host)).has_value());
  }
  CHECK(CheckEhloName(EhloNameFor(ThisHost())).has_value());
}

}  // namespace
}  // namespace exporter::config
