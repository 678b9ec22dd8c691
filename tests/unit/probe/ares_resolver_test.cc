#include "probe/dns/ares_resolver.h"

#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "probe/net/timer.h"
#include "tests/support/catch.h"
#include "tests/support/dns_server.h"
#include "tests/unit/probe/ares_world.h"

namespace probe::dns {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::DnsAnswer;
using test::DnsQuestion;
using test::DnsServer;
using test::kNotFound;
using World = test::AresWorld;
using Found = Answer<Addresses>;

constexpr auto kIp4 = IpAddress::Family::kIp4;
constexpr auto kIp6 = IpAddress::Family::kIp6;
constexpr int kA = 1;
constexpr int kCname = 5;
constexpr int kAaaa = 28;

std::string Text(const Found& answer) {
  if (!answer) return test::Text(answer.error());
  std::string text;
  for (const IpAddress& address : answer->addresses) {
    text += address.ToString() + " ";
  }
  return text + std::to_string(answer->ttl / seconds(1));
}

// A file with this text, for as long as the object lives.
class TextFile {
 public:
  explicit TextFile(const std::string& text) {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "hosts-XXXXXX").string();
    const int descriptor = mkstemp(pattern.data());
    REQUIRE(descriptor >= 0);
    close(descriptor);
    path_ = pattern;
    std::ofstream(path_) << text;
  }
  ~TextFile() { std::filesystem::remove(path_); }
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// One row of the table below: what the server has for `name`.
struct Case {
  const char* name;
  IpAddress::Family family;
  DnsAnswer answer;
  const char* want;
  DnsAnswer over_tcp = {};
};

TEST_CASE("what DNS says becomes addresses or a reason") {
  const auto a = [](const char* value, std::uint32_t ttl = 300) {
    return test::DnsRecord{.type = kA, .ttl = ttl, .value = value};
  };
  const auto aaaa = [](const char* value, std::uint32_t ttl = 300) {
    return test::DnsRecord{.type = kAaaa, .ttl = ttl, .value = value};
  };
  const auto records = [](std::vector<test::DnsRecord> list) {
    return DnsAnswer{.records = std::move(list)};
  };
  DnsAnswer truncated = records({a("6.6.6.6")});
  truncated.truncated = true;
  DnsAnswer forged_first = records({a("192.0.2.1")});
  forged_first.wrong_id_first = true;
  DnsAnswer lying = records({a("192.0.2.1")});
  lying.claimed_records = 65535;
  DnsAnswer garbage;
  garbage.raw = std::string(400, '\xff');
  DnsAnswer loop_of_pointers;
  loop_of_pointers.raw = std::string("\xc0\x0c\x00\x01\x00\x01", 6);

  const Case cases[] = {
      {"one.test", kIp4, records({a("192.0.2.1")}), "192.0.2.1 300"},
      {"six.test", kIp6, records({aaaa("2001:db8::1", 60)}), "2001:db8::1 60"},
      {"many.test", kIp4,
       records({a("192.0.2.3", 900), a("192.0.2.1", 50), a("192.0.2.2")}),
       "192.0.2.1 192.0.2.2 192.0.2.3 50"},
      {"twice.test", kIp4, records({a("192.0.2.1"), a("192.0.2.1", 20)}),
       "192.0.2.1 20"},
      {"alias.test", kIp4,
       records({{.type = kCname, .ttl = 30, .value = "real.test"},
                {.type = kA,
                 .ttl = 300,
                 .value = "192.0.2.9",
                 .owner = "real.test"}}),
       "192.0.2.9 30"},
      {"loop.test", kIp4, records({{.type = kCname, .value = "loop.test"}}),
       "dns_failure loop.test: CNAME loop"},
      {"other-owner.test", kIp4,
       records({{.type = kA, .value = "6.6.6.6", .owner = "evil.test"}}),
       "no_address other-owner.test: no A record"},
      {"short.test", kIp4, records({{.type = kA, .data = "\1\2\3"}}),
       "dns_failure short.test: malformed DNS answer"},
      {"foreign.test", kIp6, records({a("192.0.2.1"), aaaa("2001:db8::7")}),
       "2001:db8::7 300"},
      {"only-foreign.test", kIp6, records({a("192.0.2.1")}),
       "no_address only-foreign.test: no AAAA record"},
      {"zero.test", kIp4, records({a("192.0.2.1", 0)}), "192.0.2.1 0"},
      {"forever.test", kIp4, records({a("192.0.2.1", 0x7fffffff)}),
       "192.0.2.1 86400"},
      {"negative.test", kIp4, records({a("192.0.2.1", 0xffffffff)}),
       "192.0.2.1 0"},
      {"gone.test", kIp4, kNotFound, "dns_not_found gone.test: NXDOMAIN"},
      {"nodata.test", kIp4, {}, "no_address nodata.test: no A record"},
      {"nodata.test", kIp6, {}, "no_address nodata.test: no AAAA record"},
      {"large.test", kIp4, truncated, "192.0.2.8 300",
       records({a("192.0.2.8")})},
      {"forged.test", kIp4, forged_first, "192.0.2.1 300"},
      {"lying.test", kIp4, lying,
       "dns_failure lying.test: malformed DNS answer"},
  };
  for (const Case& test : cases) {
    INFO(test.name);
    World world([&](const DnsQuestion& question) {
      if (question.name != test.name) return kNotFound;
      CHECK(question.type == (test.family == kIp6 ? kAaaa : kA));
      return question.tcp ? test.over_tcp : test.answer;
    });
    CHECK(Text(world.Ask(test.name, test.family)) == test.want);
  }
  for (const DnsAnswer& bad : {garbage, loop_of_pointers}) {
    World world([&](const DnsQuestion&) { return bad; },
                {.servers = {}, .timeout = milliseconds(50), .tries = 1});
    // Versions of c-ares differ: dropped at once, or until the timeout.
    const Found answer = world.Ask("bad.test", kIp4);
    REQUIRE_FALSE(answer.has_value());
    CHECK((answer.error().reason == Reason::kDnsFailure ||
           answer.error().reason == Reason::kDnsTimeout));
  }
}

TEST_CASE("a refusing server fails the lookup, and the next one is asked") {
  struct Refusal {
    int code;
    const char* text;
  };
  for (const Refusal& test :
       {Refusal{2, "SERVFAIL"}, Refusal{4, "NOTIMP"}, Refusal{5, "REFUSED"}}) {
    INFO(test.text);
    World world(
        [&](const DnsQuestion&) { return DnsAnswer{.code = test.code}; });
    CHECK(Text(world.Ask("one.test", kIp4)) ==
          "dns_failure one.test: no DNS server gave a usable answer");

    DnsServer good(&world.loop, [](const DnsQuestion&) {
      return DnsAnswer{.records = {{.value = "192.0.2.1"}}};
    });
    auto both = AresResolver::Create(
        &world.loop, {.servers = {world.server->where(), good.where()}});
    REQUIRE(both.has_value());
    world.resolver = std::move(*both);
    CHECK(Text(world.Ask("two.test", kIp4)) == "192.0.2.1 300");
    CHECK(good.questions().size() == 1);
  }
}

TEST_CASE("146: a server that does not know EDNS is asked without") {
  World world(
      [](const DnsQuestion& question) {
        if (question.edns) return DnsAnswer{.code = 1};  // FORMERR.
        return DnsAnswer{.records = {{.value = "192.0.2.1"}}};
      },
      {.servers = {}, .edns = true});
  CHECK(Text(world.Ask("one.test", kIp4)) == "192.0.2.1 300");
  REQUIRE(world.server->questions().size() == 2);
  CHECK(world.server->questions()[0].edns);
  CHECK_FALSE(world.server->questions()[1].edns);
  // Others do: of them nothing is asked twice.
  world.server =
      std::make_unique<DnsServer>(&world.loop, [](const DnsQuestion& question) {
        return DnsAnswer{
            .records = {{.value = question.edns ? "192.0.2.2" : "6.6.6.6"}}};
      });
  auto made = AresResolver::Create(
      &world.loop, {.servers = {world.server->where()}, .edns = true});
  REQUIRE(made.has_value());
  world.resolver = std::move(*made);
  CHECK(Text(world.Ask("two.test", kIp4)) == "192.0.2.2 300");
  CHECK(world.server->questions().size() == 1);
}

TEST_CASE("a server on IPv6 is asked like one on IPv4") {
  World world(
      [](const DnsQuestion&) {
        return DnsAnswer{.records = {{.value = "192.0.2.1"}}};
      },
      /*ip6=*/true);
  CHECK(Text(world.Ask("one.test", kIp4)) == "192.0.2.1 300");
}

TEST_CASE("silence and forged answers end in a timeout") {
  for (const bool forged : {false, true}) {
    DnsAnswer nothing;
    nothing.silent = !forged;
    nothing.wrong_id_only = forged;
    World world([&](const DnsQuestion&) { return nothing; },
                {.servers = {}, .timeout = milliseconds(40), .tries = 2});
    const Time start = net::Now();
    CHECK(Text(world.Ask("quiet.test", kIp4)) ==
          "dns_timeout quiet.test: no answer from the DNS servers in time");
    // The second try waits longer than the first one.
    CHECK(net::Now() - start >= milliseconds(80));
    CHECK(world.server->questions().size() == 2);
  }
}

TEST_CASE("a lost question is asked again") {
  World world(
      [](const DnsQuestion& question) {
        DnsAnswer answer{.records = {{.value = "192.0.2.1"}}};
        answer.silent = question.number == 0;
        return answer;
      },
      {.servers = {}, .timeout = milliseconds(40), .tries = 2});
  CHECK(Text(world.Ask("lost.test", kIp4)) == "192.0.2.1 300");
}

TEST_CASE("no server there is a failure of DNS, not of the name") {
  std::string closed;
  {
    World world([](const DnsQuestion&) { return kNotFound; });
    closed = world.server->where();
  }
  World world([](const DnsQuestion&) { return kNotFound; },
              {.servers = {closed}, .timeout = milliseconds(200), .tries = 1});
  const Found answer = world.Ask("one.test", kIp4);
  REQUIRE_FALSE(answer.has_value());
  CHECK((answer.error().reason == Reason::kDnsFailure ||
         answer.error().reason == Reason::kDnsTimeout));
}

TEST_CASE("localhost is this host, and nobody is asked (RFC 6761 6.3)") {
  World world([](const DnsQuestion&) { return kNotFound; });
  for (const char* name : {"localhost", "LOCALHOST", "localhost."}) {
    const Found found = world.Ask(name, kIp4);
    CHECK(Text(found) == "127.0.0.1 60");
    CHECK_FALSE(found->alias);
    CHECK(found->local);
  }
  CHECK(Text(world.Ask("localhost", kIp6)) == "::1 60");
  CHECK(world.server->questions().empty());
}

TEST_CASE("names that are none do not reach the network") {
  World world([](const DnsQuestion&) { return kNotFound; });
  const std::string nul("mx1\0.test", 9);
  CHECK(Text(world.Ask(nul, kIp4)) ==
        "dns_not_found mx1?.test: not a valid domain name");
  CHECK(Text(world.Ask("", kIp4)) == "dns_not_found : not a valid domain name");
  const Found longest = world.Ask(std::string(100'000, 'a'), kIp4);
  REQUIRE_FALSE(longest.has_value());
  CHECK(longest.error().reason == Reason::kDnsNotFound);
  CHECK(longest.error().detail.size() < 300);
  for (const char* name : {"a..test", ".", "..", ".test"}) {
    INFO(name);
    const Found answer = world.Ask(name, kIp4);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().reason == Reason::kDnsNotFound);
  }
  const Found label = world.Ask(std::string(64, 'a') + ".test", kIp4);
  REQUIRE_FALSE(label.has_value());
  CHECK(label.error().reason == Reason::kDnsNotFound);
}

TEST_CASE("literals come back as they are, in their family only") {
  World world([](const DnsQuestion&) { return kNotFound; });
  const Found literal = world.Ask("192.0.2.1", kIp4);
  CHECK(Text(literal) == "192.0.2.1 60");
  CHECK(literal->local);
  CHECK(Text(world.Ask("2001:db8::1", kIp6)) == "2001:db8::1 60");
  CHECK_FALSE(world.Ask("192.0.2.1", kIp6).has_value());
  CHECK(world.server->questions().empty());
}

TEST_CASE("the hosts file goes before DNS, family by family") {
  const TextFile hosts(
      "192.0.2.7 mx1.test alias\n"
      "192.0.2.6 mx1.test\n"
      "2001:db8::7 six.test\n"
      "192.0.2.66 localhost 192.0.2.5\n");
  World world(
      [](const DnsQuestion& question) {
        if (question.type == kAaaa) {
          return DnsAnswer{
              .records = {{.type = kAaaa, .value = "2001:db8::99"}}};
        }
        return DnsAnswer{.records = {{.value = "192.0.2.99"}}};
      },
      {.servers = {}, .hosts_file = hosts.path()});
  for (const char* name : {"mx1.test", "MX1.Test"}) {
    INFO(name);
    const Found found = world.Ask(name, kIp4);
    CHECK(Text(found) == "192.0.2.6 192.0.2.7 60");
    CHECK(found->local);
    CHECK_FALSE(found->alias);
  }
  CHECK(Text(world.Ask("alias", kIp4)) == "192.0.2.7 60");
  CHECK(Text(world.Ask("six.test", kIp6)) == "2001:db8::7 60");
  // Whatever the file says of them.
  CHECK(Text(world.Ask("localhost", kIp4)) == "127.0.0.1 60");
  CHECK(Text(world.Ask("192.0.2.5", kIp4)) == "192.0.2.5 60");
  CHECK(world.server->questions().empty());

  const Found other_family = world.Ask("mx1.test", kIp6);
  CHECK(Text(other_family) == "2001:db8::99 300");
  CHECK_FALSE(other_family->local);
  const Found unknown = world.Ask("other.test", kIp4);
  CHECK(Text(unknown) == "192.0.2.99 300");
  CHECK_FALSE(unknown->local);
  CHECK(world.Asked() == std::vector<std::string>{"mx1.test", "other.test"});
}

TEST_CASE("a name with a trailing dot is what DNS says, whatever the host") {
  // As Debian writes it on the mail host itself.
  const TextFile hosts("127.0.1.1 mail.test mail\n127.0.1.1 gone.test\n");
  World world(
      [](const DnsQuestion& question) {
        if (question.name != "mail.test") return kNotFound;
        return DnsAnswer{.records = {{.value = "192.0.2.99"}}};
      },
      {.servers = {}, .hosts_file = hosts.path()});
  const Found found = world.Ask("mail.test.", kIp4);
  CHECK(Text(found) == "192.0.2.99 300");
  CHECK_FALSE(found->local);
  CHECK(Text(world.Ask("gone.test.", kIp4)) ==
        "dns_not_found gone.test.: NXDOMAIN");
  CHECK(Text(world.Ask("mail.test", kIp4)) == "127.0.1.1 60");
  // No literal either.
  CHECK_FALSE(world.Ask("192.0.2.1.", kIp4).has_value());
  CHECK(Text(world.Ask("localhost.", kIp4)) == "127.0.0.1 60");
  CHECK(world.Asked() ==
        std::vector<std::string>{"mail.test", "gone.test", "192.0.2.1"});
}

TEST_CASE("without a hosts file all names are asked for") {
  World world(
      [](const DnsQuestion&) {
        return DnsAnswer{.records = {{.value = "192.0.2.1"}}};
      },
      {.servers = {}, .hosts_file = "/nowhere/hosts"});
  CHECK(Text(world.Ask("one.test", kIp4)) == "192.0.2.1 300");
}

TEST_CASE("a long hosts file is not read for every lookup") {
  std::string blocklist;
  for (int i = 0; i < 150'000; ++i) {
    blocklist += "0.0.0.0 ads" + std::to_string(i) + ".example.test\n";
  }
  const TextFile hosts(blocklist);
  World world([](const DnsQuestion&) { return kNotFound; },
              {.servers = {}, .hosts_file = hosts.path()});
  CHECK(Text(world.Ask("ads149999.example.test", kIp4)) == "0.0.0.0 60");
  const Time start = net::Now();
  for (int i = 0; i < 1'000; ++i) {
    world.resolver->Lookup("ads7.example.test", kIp4, [](Found) {});
  }
  // Reading it a thousand times takes many times as long.
  CHECK(net::Now() - start < seconds(1));
}

TEST_CASE("many lookups at once each have their answer") {
  World world([](const DnsQuestion& question) {
    return DnsAnswer{
        .records = {
            {.value = "10.0.0." +
                      question.name.substr(1, question.name.find('.') - 1)}}};
  });
  int answered = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string number = std::to_string(i);
    world.resolver->Lookup("n" + number + ".test", kIp4, [&, number](Found a) {
      CHECK(Text(a) == "10.0.0." + number + " 300");
      ++answered;
    });
  }
  world.RunUntil([&] { return answered == 200; });
}

TEST_CASE("a callback may look up and may destroy the resolver") {
  World world([](const DnsQuestion&) {
    return DnsAnswer{.records = {{.value = "192.0.2.1"}}};
  });
  std::vector<std::string> log;
  for (const char* name : {"localhost", "one.test"}) {
    world.resolver->Lookup(name, kIp4, [&](Found) {
      world.resolver->Lookup("two.test", kIp4, [&](Found a) {
        log.push_back(Text(a));
        if (log.size() == 2) {
          world.resolver.reset();
          log.push_back("destroyed");
        }
      });
    });
  }
  world.RunUntil([&] { return world.resolver == nullptr; });
  CHECK(log == std::vector<std::string>{"192.0.2.1 300", "192.0.2.1 300",
                                        "destroyed"});
}

TEST_CASE("nobody hears of lookups after the resolver is gone") {
  World world([](const DnsQuestion& question) {
    DnsAnswer answer;
    answer.silent = question.name == "quiet.test";
    answer.truncated = question.name == "large.test" && !question.tcp;
    return answer;
  });
  int heard = 0;
  const char* const moments[] = {"at once", "after the question",
                                 "before the delivery"};
  const std::string moment =
      GENERATE_COPY(from_range(std::begin(moments), std::end(moments)));
  INFO(moment);
  for (const char* name :
       {"quiet.test", "localhost", "gone.test", "large.test", ""}) {
    world.resolver->Lookup(name, kIp4, [&](Found) {
      ++heard;
      // The first one that is delivered takes the others with it.
      if (moment == "before the delivery") world.resolver.reset();
    });
  }
  if (moment == "after the question") {
    world.RunUntil([&] { return !world.server->questions().empty(); });
  }
  if (moment == "before the delivery") {
    world.RunUntil([&] { return heard > 0; });
  }
  const int before = heard;
  world.resolver.reset();
  for (int turn = 0; turn < 20; ++turn) uv_run(&world.loop, UV_RUN_NOWAIT);
  CHECK(heard == before);
  if (moment == "before the delivery") CHECK(heard == 1);
}

TEST_CASE("without descriptors a lookup fails and the next one works") {
  World world([](const DnsQuestion&) {
    return DnsAnswer{.records = {{.value = "192.0.2.1"}}};
  });
  uv_run(&world.loop, UV_RUN_NOWAIT);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  rlimit none = before;
  none.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &none);
  std::optional<Found> answer;
  world.resolver->Lookup("one.test", kIp4, [&](Found a) { answer = a; });
  setrlimit(RLIMIT_NOFILE, &before);
  world.RunUntil([&] { return answer.has_value(); });
  CHECK_FALSE(answer->has_value());
  CHECK(Text(world.Ask("one.test", kIp4)) == "192.0.2.1 300");
}

TEST_CASE("the servers are checked when the resolver is made") {
  struct ServerCase {
    const char* server;
    bool good;
  };
  const ServerCase cases[] = {
      {"192.0.2.53", true},          {"192.0.2.53:5353", true},
      {"2001:db8::53", true},        {"[2001:db8::53]", true},
      {"[2001:db8::53]:53", true},   {"", false},
      {"dns.example.com", false},    {"192.0.2.53:", false},
      {"192.0.2.53:0", false},       {"192.0.2.53:65536", false},
      {"192.0.2.53:-1", false},      {"192.0.2.53:5x", false},
      {"[192.0.2.53]:53", false},    {"[2001:db8::53", false},
      {"[2001:db8::53]53", false},   {"[2001:db8::53]:", false},
      {"192.0.2.53,6.6.6.6", false},
  };
  uv_loop_t loop;
  uv_loop_init(&loop);
  for (const ServerCase& test : cases) {
    INFO(test.server);
    const auto made =
        AresResolver::Create(&loop, {.servers = {"127.0.0.1", test.server}});
    CHECK(made.has_value() == test.good);
    if (!made) {
      CHECK(made.error() == "DNS server \"" + std::string(test.server) +
                                "\" is not an IP address with an optional "
                                "port");
    }
  }
  // The host's own configuration.
  CHECK(AresResolver::Create(&loop, {}).has_value());
  uv_run(&loop, UV_RUN_DEFAULT);
  CHECK(uv_loop_close(&loop) == 0);
}

}  // namespace
}  // namespace probe::dns
