// Who may be probed on demand, by name, address and port.
#include "exporter/door.h"

#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "tests/support/catch.h"

namespace exporter {
namespace {

// What `on_demand: {...}` says.
Door MakeDoor(const std::string& block) {
  const auto config = ParseConfig(
      "ehlo_name: monitor.example.net\non_demand: {" + block + "}", "smtp.yml");
  if (!config) FAIL(config.error().messages.front());
  return Door(config->on_demand);
}

// As somebody who asks would name it.
probe::Target Named(const std::string& text) {
  static const auto config =
      ParseConfig("ehlo_name: monitor.example.net", "smtp.yml");
  const auto target = config->group_reader->ReadOne(
      {.text = text, .is_domain = false, .settings = {}});
  if (!target) FAIL(target.error().messages.front());
  return **target;
}

bool Permits(const Door& door, const std::string& name,
             const std::string& address) {
  CAPTURE(name, address);
  const auto parsed = probe::IpAddress::Parse(address);
  REQUIRE(parsed);
  return door.Permits(Named(name), *parsed);
}

TEST_CASE("by default nobody is let in") {
  const Door door(OnDemandConfig{});
  for (const char* name :
       {"mx1.example.com", "localhost", "8.8.8.8", "2606:4700::1111",
        "127.0.0.1", "[::1]:25", "mx1.example.com:587"}) {
    CAPTURE(name);
    CHECK_FALSE(door.MayEnter(Named(name)));
    CHECK_FALSE(door.PermitsName(Named(name)));
  }
}

TEST_CASE("names and suffixes") {
  const Door door = MakeDoor(
      "allow: [MX1.Example.com., '*.Example.ORG', '*.münchen.example']");
  struct Case {
    const char* name;
    bool permitted;
  };
  const Case cases[] = {
      {"mx1.example.com", true},
      {"MX1.EXAMPLE.COM", true},
      {"mx1.example.com.", true},
      {"mx1.example.com:587", true},
      {"mx1.example.com.:465", true},
      {"mx1.example.com:2525", false},
      {"mx2.example.com", false},
      {"sub.mx1.example.com", false},
      {"xmx1.example.com", false},
      {"mx1.example.com.evil.net", false},
      {"a.example.org", true},
      {"a.b.Example.Org.", true},
      {"example.org", false},
      {"evilexample.org", false},
      {"a.example.org.evil.net", false},
      {"a.example.orgx", false},
      {"_tls.example.org", true},
      {"mx.xn--mnchen-3ya.example", true},
      {"mx.münchen.example", true},
      {"mx.MÜNCHEN.example", true},
      {"mx.munchen.example", false},
      // Letters that look like others: ｅ (U+FF45) becomes an e, е (U+0435)
      // does not.
      {"a.ｅxample.org", true},
      {"a.еxample.org", false},
      // The ideographic full stop is a dot.
      {"a。example。org", true},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    CHECK(door.MayEnter(Named(one.name)) == one.permitted);
    if (!one.permitted) continue;
    CHECK(door.PermitsName(Named(one.name)));
    CHECK(Permits(door, one.name, "8.8.8.8"));
    CHECK_FALSE(Permits(door, one.name, "127.0.0.1"));
    CHECK_FALSE(Permits(door, one.name, "10.0.0.1"));
  }
}

TEST_CASE("a suffix is no way in for addresses") {
  // As text, "8.8.8.8" ends like a name of the domain "8".
  OnDemandConfig config;
  config.suffixes = {".8", ".8.8"};
  const Door door(config);
  CHECK_FALSE(door.MayEnter(Named("8.8.8.8")));
  CHECK_FALSE(door.PermitsName(Named("8.8.8.8")));
}

TEST_CASE("networks") {
  const Door door = MakeDoor("allow: [10.1.0.0/16, 'fd00::/8', 192.0.2.7]");
  struct Case {
    const char* address;
    bool permitted;
  };
  const Case cases[] = {
      {"10.1.0.0", true},
      {"10.1.255.255", true},
      {"10.2.0.0", false},
      {"10.0.255.255", false},
      {"192.0.2.7", true},
      {"192.0.2.8", false},
      {"fd12::1", true},
      {"fe80::1", false},
      {"8.8.8.8", false},
      // What a connection to it reaches is 10.1.2.3.
      {"::ffff:10.1.2.3", true},
      {"::ffff:10.2.2.3", false},
      // Where NAT64 leads is for the translator to say.
      {"64:ff9b::a01:203", false},
      {"::10.1.2.3", false},
  };
  for (const Case& one : cases) {
    CAPTURE(one.address);
    const probe::Target literal = Named(one.address);
    CHECK(door.MayEnter(literal) == one.permitted);
    // A name that leads there is judged by where it leads.
    CHECK(door.MayEnter(Named("some.example")));
    CHECK_FALSE(door.PermitsName(Named("some.example")));
    CHECK(Permits(door, "some.example", one.address) == one.permitted);
  }
}

TEST_CASE("any lets in what is on the Internet, and no more") {
  const Door door = MakeDoor("any: true");
  struct Case {
    const char* address;
    bool permitted;
  };
  const Case cases[] = {
      {"8.8.8.8", true},
      {"2606:4700::1111", true},
      {"0.0.0.0", false},
      {"0.1.2.3", false},
      {"10.0.0.1", false},
      {"100.64.0.1", false},
      {"100.127.255.255", false},
      {"100.128.0.1", true},
      {"127.0.0.1", false},
      {"127.255.255.254", false},
      {"169.254.169.254", false},
      {"172.16.0.1", false},
      {"172.31.255.255", false},
      {"172.32.0.1", true},
      {"192.0.2.1", false},
      {"192.168.0.1", false},
      {"198.18.0.1", false},
      {"224.0.0.1", false},
      {"239.255.255.255", false},
      {"240.0.0.1", false},
      {"255.255.255.255", false},
      {"::", false},
      {"::1", false},
      {"::2", false},
      {"::127.0.0.1", false},
      {"::ffff:127.0.0.1", false},
      {"::ffff:7f00:1", false},
      {"::ffff:10.0.0.1", false},
      {"::ffff:169.254.169.254", false},
      {"::ffff:8.8.8.8", true},
      {"::ffff:0:127.0.0.1", false},
      {"64:ff9b::127.0.0.1", false},
      {"64:ff9b::a00:1", false},
      {"64:ff9b::8.8.8.8", true},
      {"64:ff9b:1::8.8.8.8", false},
      {"2001::1", false},        // Teredo, which holds an IPv4 address.
      {"2002:7f00:1::", false},  // 6to4 of 127.0.0.1.
      {"2001:db8::1", false},
      {"100::1", false},
      {"fc00::1", false},
      {"fd00::1", false},
      {"fe80::1", false},
      {"fec0::1", false},
      {"ff02::1", false},
  };
  for (const Case& one : cases) {
    CAPTURE(one.address);
    CHECK(door.MayEnter(Named(one.address)) == one.permitted);
    CHECK(Permits(door, "some.example", one.address) == one.permitted);
  }
  CHECK(door.MayEnter(Named("some.example")));
  CHECK(door.MayEnter(Named("localhost")));  // But see where it leads.
}

TEST_CASE("any and a network") {
  const Door door = MakeDoor("any: true, allow: ['127.0.0.0/8', '::1']");
  CHECK(door.MayEnter(Named("127.0.0.1")));
  CHECK(door.MayEnter(Named("[::ffff:127.0.0.1]:25")));
  CHECK(door.MayEnter(Named("::1")));
  CHECK(door.MayEnter(Named("8.8.8.8")));
  CHECK_FALSE(door.MayEnter(Named("10.0.0.1")));
}

TEST_CASE("ports") {
  const Door usual = MakeDoor("any: true");
  for (const char* name : {"a.example", "a.example:465", "a.example:587",
                           "8.8.8.8:25", "[2606:4700::1111]:465"}) {
    CAPTURE(name);
    CHECK(usual.MayEnter(Named(name)));
  }
  for (const char* name : {"a.example:22", "a.example:24", "a.example:80",
                           "a.example:65535", "8.8.8.8:6379"}) {
    CAPTURE(name);
    CHECK_FALSE(usual.MayEnter(Named(name)));
  }
  const Door own = MakeDoor("any: true, ports: [2525]");
  CHECK(own.MayEnter(Named("a.example:2525")));
  CHECK_FALSE(own.MayEnter(Named("a.example:25")));
}

}  // namespace
}  // namespace exporter
