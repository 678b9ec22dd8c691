#include "probe/plan/addresses.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/catch.h"

namespace probe::plan {
namespace {

using Texts = std::vector<std::string>;

std::vector<IpAddress> Parsed(const Texts& texts) {
  std::vector<IpAddress> addresses;
  for (const std::string& text : texts) {
    addresses.push_back(*IpAddress::Parse(text));
  }
  return addresses;
}

Texts Printed(const std::vector<IpAddress>& addresses) {
  Texts texts;
  for (const IpAddress& address : addresses) {
    texts.push_back(address.ToString());
  }
  return texts;
}

const HasRoute kBoth = [](const IpAddress&) { return true; };
const HasRoute kOnly4 = [](const IpAddress& to) { return !to.is_ip6(); };
const HasRoute kOnly6 = [](const IpAddress& to) { return to.is_ip6(); };
const HasRoute kNone = [](const IpAddress&) { return false; };
const HasRoute kOneNet = [](const IpAddress& to) {
  return to.ToString().starts_with("192.0.2.");
};

TEST_CASE("which addresses are probed, in which order") {
  using enum IpProtocol;
  using enum AddressChoice;
  struct Case {
    const char* name;
    Texts found;
    IpProtocol protocol;
    AddressChoice choice;
    HasRoute routes;
    Texts want;
    bool no_route = false;
  };
  const Texts two = {"192.0.2.9", "2001:db8::1"};
  const Case cases[] = {
      {"nothing found", {}, kAuto, kAll, kBoth, {}},
      {"sorted, IPv6 first",
       {"192.0.2.9", "192.0.2.10", "2001:db8::2", "2001:db8::1"},
       kAuto,
       kAll,
       kBoth,
       {"2001:db8::1", "2001:db8::2", "192.0.2.9", "192.0.2.10"}},
      {"unique",
       {"192.0.2.9", "192.0.2.1", "192.0.2.9"},
       kAuto,
       kAll,
       kBoth,
       {"192.0.2.1", "192.0.2.9"}},
      {"the first", two, kAuto, kFirst, kBoth, {"2001:db8::1"}},
      {"the first that has a route", two, kAuto, kFirst, kOnly4, {"192.0.2.9"}},
      {"first of nothing", {}, kAuto, kFirst, kBoth, {}},
      {"no IPv6 here", two, kAuto, kAll, kOnly4, {"192.0.2.9"}},
      {"no IPv4 here", two, kAuto, kAll, kOnly6, {"2001:db8::1"}},
      {"no route at all", two, kAuto, kAll, kNone, {}, true},
      {"its only family has no route",
       {"2001:db8::1"},
       kAuto,
       kFirst,
       kOnly4,
       {},
       true},
      {"IPv4 by name", two, kIp4, kAll, kBoth, {"192.0.2.9"}},
      {"IPv6 by name", two, kIp6, kAll, kBoth, {"2001:db8::1"}},
      {"by name also without a route",
       two,
       kIp6,
       kAll,
       kOnly4,
       {"2001:db8::1"}},
      {"by name, none found", {"192.0.2.9"}, kIp6, kAll, kNone, {}},
      {"a route to one network only",
       {"192.0.2.9", "198.51.100.9", "2001:db8::1"},
       kAuto,
       kAll,
       kOneNet,
       {"192.0.2.9"}},
  };
  for (const Case& test : cases) {
    INFO(test.name);
    std::vector<IpAddress> found = Parsed(test.found);
    // The order of the answer changes nothing.
    for (std::size_t turn = 0; turn == 0 || turn < found.size(); ++turn) {
      const Selection got =
          SelectAddresses(found, {test.protocol, test.choice}, test.routes);
      CHECK(Printed(got.addresses) == test.want);
      const bool no_route = got.no_ip4_route || got.no_ip6_route;
      CHECK((got.addresses.empty() && no_route) == test.no_route);
      CHECK_FALSE(got.truncated);
      if (!found.empty()) {
        std::rotate(found.begin(), found.begin() + 1, found.end());
      }
    }
  }
}

TEST_CASE("too many addresses are cut, the same ones each time") {
  struct Case {
    std::size_t count;
    AddressChoice choice;
    std::size_t want;
    bool truncated;
  };
  const Case cases[] = {
      {kMaxAddresses, AddressChoice::kAll, kMaxAddresses, false},
      {kMaxAddresses + 1, AddressChoice::kAll, kMaxAddresses, true},
      {1000, AddressChoice::kAll, kMaxAddresses, true},
      {1000, AddressChoice::kFirst, 1, false},
  };
  for (const Case& test : cases) {
    std::vector<IpAddress> found;
    for (std::size_t i = 0; i < test.count; ++i) {
      found.push_back(
          IpAddress::FromIp4({10, 0, static_cast<std::uint8_t>(i / 256),
                              static_cast<std::uint8_t>(i % 256)}));
    }
    const Selection ordered =
        SelectAddresses(found, {.choice = test.choice}, kBoth);
    CHECK(ordered.addresses.size() == test.want);
    CHECK(ordered.truncated == test.truncated);
    std::reverse(found.begin(), found.end());
    const Selection reversed =
        SelectAddresses(found, {.choice = test.choice}, kBoth);
    CHECK((reversed.addresses == ordered.addresses));
  }
}

TEST_CASE("of too many addresses both families are kept") {
  struct Case {
    std::size_t ip6, ip4;
    std::size_t want_ip6, want_ip4;
  };
  const Case cases[] = {
      {20, 1, 19, 1},       {1000, 1, 19, 1}, {1000, 3, 17, 3}, {21, 0, 20, 0},
      {1000, 1000, 10, 10}, {11, 10, 10, 10}, {10, 11, 10, 10}, {9, 12, 9, 11},
      {1, 1000, 1, 19},     {0, 21, 0, 20},
  };
  for (const Case& test : cases) {
    CAPTURE(test.ip6, test.ip4);
    std::vector<IpAddress> found;
    const auto address = [](bool ip6, std::size_t number) {
      std::array<std::uint8_t, 16> bytes = {ip6 ? std::uint8_t{0x20}
                                                : std::uint8_t{11}};
      const std::size_t size = ip6 ? 16 : 4;
      bytes[size - 2] = static_cast<std::uint8_t>(number / 256);
      bytes[size - 1] = static_cast<std::uint8_t>(number % 256);
      return ip6 ? IpAddress::FromIp6(bytes)
                 : IpAddress::FromIp4({bytes[0], bytes[1], bytes[2], bytes[3]});
    };
    std::vector<IpAddress> want;
    for (std::size_t i = 0; i < test.ip6; ++i) {
      found.push_back(address(true, i));
      if (i < test.want_ip6) want.push_back(found.back());
    }
    for (std::size_t i = 0; i < test.ip4; ++i) {
      found.push_back(address(false, i));
      if (i < test.want_ip4) want.push_back(found.back());
    }
    const Selection ordered = SelectAddresses(found, {}, kBoth);
    CHECK(Printed(ordered.addresses) == Printed(want));
    CHECK(ordered.truncated);
    std::reverse(found.begin(), found.end());
    CHECK((SelectAddresses(found, {}, kBoth).addresses == want));
  }
}

TEST_CASE("the family that was left out for want of a route is told") {
  const std::vector<IpAddress> found = Parsed({"192.0.2.9", "2001:db8::1"});
  const Selection only4 = SelectAddresses(found, {}, kOnly4);
  CHECK(only4.no_ip6_route);
  CHECK_FALSE(only4.no_ip4_route);
  const Selection only6 = SelectAddresses(found, {}, kOnly6);
  CHECK(only6.no_ip4_route);
  CHECK_FALSE(only6.no_ip6_route);
  const Selection named =
      SelectAddresses(found, {.protocol = IpProtocol::kIp6}, kOnly4);
  CHECK_FALSE(named.no_ip6_route);
}

TEST_CASE("addresses that are not public are told, and skipped on demand") {
  const std::vector<IpAddress> found =
      Parsed({"10.1.2.3", "9.9.9.9", "::1", "2620:fe::9"});
  const Selection all = SelectAddresses(found, {}, kBoth);
  CHECK(all.has_private);
  CHECK(all.addresses.size() == 4);
  const AddressWish skip = {.private_addresses = PrivateAddresses::kSkip};
  const Selection kept = SelectAddresses(found, skip, kBoth);
  CHECK(kept.has_private);
  CHECK(Printed(kept.addresses) == Texts{"2620:fe::9", "9.9.9.9"});
  const Selection none = SelectAddresses(Parsed({"127.0.0.1"}), skip, kBoth);
  CHECK(none.has_private);
  CHECK(none.addresses.empty());
  CHECK_FALSE(SelectAddresses(Parsed({"9.9.9.9"}), skip, kBoth).has_private);
}

}  // namespace
}  // namespace probe::plan
