#include "probe/directory.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/pki.h"
#include "tests/unit/probe/directory_fixture.h"

namespace {

using namespace std::chrono_literals;
using namespace tests;
using probe::Reason;
using probe::RecordType;

const Addresses kNoSuch = Failed(Reason::kNoAddress);

}  // namespace

TEST_CASE("an IP literal is an endpoint at once") {
  DirectoryFixture fixture;
  fixture.directory->SetTargets({MakeTarget("192.0.2.1")});
  CHECK(fixture.SeenPlaces() == Seen{"192.0.2.1:25 ok"});
  CHECK(fixture.Only().places[0].endpoint->server_name.empty());
  CHECK(fixture.Only().lookups.empty());
  CHECK(fixture.resolver->Count(RecordType::kA, "192.0.2.1") == 0);
}

TEST_CASE("a name becomes an endpoint for each of its addresses") {
  DirectoryFixture fixture;
  fixture.directory->SetTargets({MakeTarget("MX1.Example.com.")});
  CHECK(fixture.resolver->Count(RecordType::kA, "mx1.example.com.") == 1);
  CHECK(fixture.live.empty());
  fixture.resolver->SetHost("mx1.example.com",
                            Found({"192.0.2.1", "192.0.2.2"}),
                            Found({"2001:db8::1"}));
  fixture.RunUntilSeen(
      {"192.0.2.1:25 ok", "192.0.2.2:25 ok", "[2001:db8::1]:25 ok"});
  CHECK(fixture.live.begin()->second->server_name == "mx1.example.com");
  REQUIRE(fixture.Only().lookups.size() == 2);
  CHECK(fixture.Only().lookups[0].record == RecordType::kA);
  CHECK(fixture.Only().lookups[0].lookup->answered);
  CHECK(fixture.Only().lookups[1].record == RecordType::kAaaa);
}

TEST_CASE("DNS decides what the first answer makes of a name") {
  struct Case {
    const char* name;
    Addresses ip4;
    Addresses ip6;
    Seen want;
  };
  const Case cases[] = {
      {"only IPv4", Found({"192.0.2.1"}), kNoSuch, {"192.0.2.1:25 ok"}},
      {"IPv6 unknown",
       Found({"192.0.2.1"}),
       Failed(Reason::kDnsTimeout),
       {"192.0.2.1:25 ok"}},
      {"no such name",
       Failed(Reason::kDnsNotFound),
       Failed(Reason::kDnsNotFound),
       {"none:25 dns_not_found"}},
      {"no address", kNoSuch, kNoSuch, {"none:25 no_address"}},
      {"a time-out leaves it open",
       kNoSuch,
       Failed(Reason::kDnsTimeout),
       {"none:25 dns_timeout"}},
      {"SERVFAIL",
       Failed(Reason::kDnsFailure),
       Failed(Reason::kDnsFailure),
       {"none:25 dns_failure"}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    DirectoryFixture fixture;
    fixture.resolver->SetHost("mx.example.com", one.ip4, one.ip6);
    fixture.directory->SetTargets({MakeTarget("mx.example.com")});
    fixture.RunUntilSeen(one.want);
  }
}

TEST_CASE("without an IPv6 route, IPv6 addresses are left out, not down") {
  DirectoryFixture fixture;
  fixture.ip6_route = false;
  fixture.resolver->SetHost("both.example.com", Found({"192.0.2.1"}),
                            Found({"2001:db8::1"}));
  fixture.resolver->SetHost("six.example.com", kNoSuch, Found({"2001:db8::1"}));
  fixture.directory->SetTargets(
      {MakeTarget("both.example.com"), MakeTarget("six.example.com")});
  fixture.RunUntilSeen({"192.0.2.1:25 ok", "none:25 no_address"});
  for (const auto& [slot, expansion] : fixture.shown) {
    CHECK(expansion->no_ip6_route);
    CHECK_FALSE(expansion->no_ip4_route);
  }
}

TEST_CASE("later answers change the endpoints, and only what changed") {
  struct Case {
    const char* name;
    Addresses ip4;
    Addresses ip6;
    Seen want;
  };
  const Case cases[] = {
      {"the same in another order",
       Found({"192.0.2.2", "192.0.2.1"}),
       Found({"2001:db8::1"}),
       {"192.0.2.1:25 ok", "192.0.2.2:25 ok", "[2001:db8::1]:25 ok"}},
      {"one address less",
       Found({"192.0.2.2"}),
       Found({"2001:db8::1"}),
       {"192.0.2.2:25 ok", "[2001:db8::1]:25 ok"}},
      {"IPv6 withdrawn",
       Found({"192.0.2.1", "192.0.2.2"}),
       kNoSuch,
       {"192.0.2.1:25 ok", "192.0.2.2:25 ok"}},
      {"IPv6 not answered",
       Found({"192.0.2.1", "192.0.2.2"}),
       Failed(Reason::kDnsFailure),
       {"192.0.2.1:25 ok", "192.0.2.2:25 ok", "[2001:db8::1]:25 ok"}},
      {"the name is gone",
       Failed(Reason::kDnsNotFound),
       Failed(Reason::kDnsNotFound),
       {"192.0.2.1:25 dns_not_found", "192.0.2.2:25 dns_not_found",
        "[2001:db8::1]:25 dns_not_found"}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    DirectoryFixture fixture;
    fixture.resolver->SetHost("mx.example.com",
                              Found({"192.0.2.1", "192.0.2.2"}),
                              Found({"2001:db8::1"}));
    // The interval is shorter than the answers' life: nothing is kept longer
    // than it is listed.
    fixture.directory->SetTargets({MakeTarget("mx.example.com", 1us)});
    fixture.RunUntilSeen(
        {"192.0.2.1:25 ok", "192.0.2.2:25 ok", "[2001:db8::1]:25 ok"});
    const auto before = fixture.live;
    fixture.resolver->SetHost("mx.example.com", one.ip4, one.ip6);
    fixture.RunLookups(RecordType::kA, "mx.example.com");
    fixture.RunUntilSeen(one.want);
    for (const auto& [id, endpoint] : fixture.live) CHECK(before.contains(id));
  }
}

TEST_CASE("a name that comes back is probed again under its old ids") {
  DirectoryFixture fixture;
  fixture.resolver->SetHost("mx.example.com", Found({"192.0.2.1"}), kNoSuch);
  fixture.directory->SetTargets({MakeTarget("mx.example.com")});
  fixture.RunUntilSeen({"192.0.2.1:25 ok"});
  const probe::EndpointId id = fixture.live.begin()->first;
  fixture.resolver->SetHost("mx.example.com", Failed(Reason::kDnsFailure),
                            Failed(Reason::kDnsFailure));
  fixture.RunUntilSeen({"192.0.2.1:25 dns_failure"});
  fixture.resolver->SetHost("mx.example.com", Found({"192.0.2.1"}), kNoSuch);
  fixture.RunUntilSeen({"192.0.2.1:25 ok"});
  CHECK(fixture.live.begin()->first == id);
}

TEST_CASE("a pool behind one name is probed although its answers rotate") {
  DirectoryFixture fixture;
  Seen wanted;
  fixture.directory->SetTargets({MakeTarget("mx.example.com", 60s)});
  std::set<probe::EndpointId> first;
  for (int turn = 0; turn < 12; ++turn) {
    const std::string address = "192.0.2." + std::to_string(turn % 4 + 1);
    fixture.resolver->SetHost("mx.example.com", Found({address}), kNoSuch);
    if (turn < 4) wanted.insert(address + ":25 ok");
    if (turn > 0) fixture.RunUntilAsked(RecordType::kA, "mx.example.com", 2);
    fixture.RunUntilSeen(wanted);
    if (turn == 3) {
      for (const auto& [id, endpoint] : fixture.live) first.insert(id);
    }
  }
  for (const auto& [id, endpoint] : fixture.live) CHECK(first.contains(id));
}

TEST_CASE("of an address alone the one that is listed now is probed") {
  DirectoryFixture fixture;
  fixture.resolver->SetHost("mx.example.com", Found({"9.9.9.1"}), kNoSuch);
  auto target = MakeTarget("mx.example.com", 1h);
  target->addresses = probe::AddressChoice::kFirst;
  fixture.directory->SetTargets({target});
  fixture.RunUntilSeen({"9.9.9.1:25 ok"});
  fixture.resolver->SetHost("mx.example.com", Found({"9.9.9.2"}), kNoSuch);
  fixture.RunUntilSeen({"9.9.9.2:25 ok"});
  // What it remembers serves when nothing is listed.
  fixture.resolver->SetHost("mx.example.com", Failed(Reason::kDnsNotFound),
                            Failed(Reason::kDnsNotFound));
  fixture.RunUntilSeen({"9.9.9.2:25 dns_not_found"});
}

TEST_CASE("who sees an address fail does not decide for others") {
  for (const bool narrow_first : {true, false}) {
    DirectoryFixture fixture;
    fixture.resolver->SetHost("mx.example.com", Found({"9.9.9.1"}),
                              Found({"2620:fe::9"}));
    auto narrow = MakeTarget("mx.example.com");
    narrow->module = "ip4";
    narrow->ip_protocol = probe::IpProtocol::kIp4;
    const auto wide = MakeTarget("mx.example.com");
    std::vector<TargetPtr> targets = {narrow, wide};
    if (!narrow_first) std::swap(targets[0], targets[1]);
    fixture.directory->SetTargets(targets);
    fixture.RunUntilSeen(
        {"9.9.9.1:25 ok", "9.9.9.1:25 ok", "[2620:fe::9]:25 ok"});
    fixture.resolver->SetA("mx.example.com", Failed(Reason::kDnsTimeout));
    // Its only family does not resolve; the other target still has one.
    fixture.RunUntilSeen(
        {"9.9.9.1:25 dns_timeout", "9.9.9.1:25 ok", "[2620:fe::9]:25 ok"});
    for (const auto& [id, endpoint] : fixture.live) {
      CHECK_FALSE(endpoint->unresolved);
    }
  }
}

TEST_CASE("answers that say the same are no news") {
  DirectoryFixture fixture;
  fixture.resolver->SetHost("mx.example.com", Found({"9.9.9.1"}), kNoSuch);
  fixture.resolver->SetPtr("9.9.9.1", FoundNames({"mx.example.com"}));
  fixture.directory->SetTargets({MakeTarget("mx.example.com")});
  fixture.Run([&] {
    return !fixture.shown.empty() && !fixture.Only().places.empty() &&
           fixture.Only().places[0].reverse->latest.answered;
  });
  const int told = fixture.told;
  const int puts = fixture.puts;
  fixture.RunLookups(RecordType::kA, "mx.example.com");
  fixture.RunLookups(RecordType::kPtr, "9.9.9.1");
  CHECK(fixture.told == told);
  CHECK(fixture.puts == puts);
  // But a route that has come or gone is.
  fixture.ip4_route = false;
  fixture.RunUntilSeen({"none:25 no_address"});
}

TEST_CASE("what did not change is not told again") {
  DirectoryFixture fixture;
  fixture.directory->SetTargets({MakeTarget("192.0.2.1")});
  CHECK(fixture.puts == 1);
  CHECK(fixture.told == 1);
  CHECK(fixture.changed == 1);
  fixture.directory->SetTargets({MakeTarget("192.0.2.1")});
  CHECK(fixture.puts == 1);
  CHECK(fixture.told == 1);
  CHECK(fixture.changed == 0);
  CHECK(fixture.taken_over == 2);
}

TEST_CASE("a name that resolves at last loses its placeholder") {
  DirectoryFixture fixture;
  fixture.resolver->SetHost("mx.example.com", Failed(Reason::kDnsNotFound),
                            Failed(Reason::kDnsNotFound));
  fixture.directory->SetTargets({MakeTarget("mx.example.com")});
  fixture.RunUntilSeen({"none:25 dns_not_found"});
  fixture.resolver->SetHost("mx.example.com", Found({"192.0.2.1"}), kNoSuch);
  fixture.RunUntilSeen({"192.0.2.1:25 ok"});
  CHECK(fixture.live.size() == 1);
}

TEST_CASE("a reload keeps the endpoints that old and new targets share") {
  DirectoryFixture fixture;
  fixture.directory->SetTargets(
      {MakeTarget("192.0.2.1"), MakeTarget("192.0.2.2")});
  const auto before = fixture.live;
  fixture.directory->SetTargets(
      {MakeTarget("192.0.2.3"), MakeTarget("192.0.2.2", 30s)});
  CHECK(fixture.SeenPlaces() == Seen{"192.0.2.2:25 ok", "192.0.2.3:25 ok"});
  int kept = 0;
  for (const auto& [id, endpoint] : fixture.live) {
    if (!before.contains(id)) continue;
    ++kept;
    CHECK(endpoint->ServerKey() == "192.0.2.2:25");
    CHECK(endpoint->interval == probe::Duration(30s));
  }
  CHECK(kept == 1);
  fixture.directory->SetTargets({});
  CHECK(fixture.live.empty());
  CHECK(fixture.shown.empty());
  CHECK(fixture.directory->endpoint_count() == 0);
  CHECK(fixture.directory->target_count() == 0);
}

TEST_CASE("a target that left makes room for the next one that comes") {
  DirectoryFixture fixture;
  fixture.directory->SetTargets(
      {MakeTarget("192.0.2.1"), MakeTarget("192.0.2.2")});
  fixture.directory->SetTargets({MakeTarget("192.0.2.2")});
  CHECK(fixture.directory->expansions()[0] == nullptr);
  fixture.directory->SetTargets(
      {MakeTarget("192.0.2.2"), MakeTarget("192.0.2.3")});
  REQUIRE(fixture.directory->expansions().size() == 2);
  CHECK(fixture.directory->expansions()[0]->target->host == "192.0.2.3");
  CHECK(fixture.directory->expansions()[1]->target->host == "192.0.2.2");
}

TEST_CASE("targets that agree share one endpoint, at the shortest interval") {
  DirectoryFixture fixture;
  auto slow = MakeTarget("192.0.2.1", 300s);
  auto fast = MakeTarget("192.0.2.1", 30s);
  fast->module = "strict";
  fixture.directory->SetTargets({slow, fast});
  REQUIRE(fixture.live.size() == 1);
  CHECK(fixture.live.begin()->second->interval == probe::Duration(30s));
  CHECK(fixture.shown.at(0)->places[0].endpoint->id ==
        fixture.shown.at(1)->places[0].endpoint->id);
  fixture.directory->SetTargets({slow});
  REQUIRE(fixture.live.size() == 1);
  CHECK(fixture.live.begin()->second->interval == probe::Duration(300s));

  auto other = MakeTarget("192.0.2.1", 300s);
  other->module = "other";
  auto conversation = std::make_shared<probe::Conversation>();
  conversation->ehlo_name = "other.example.net";
  other->conversation = conversation;
  fixture.directory->SetTargets({slow, other});
  CHECK(fixture.live.size() == 2);
}

TEST_CASE("of targets that are listed twice the first counts, and it is told") {
  DirectoryFixture fixture;
  const auto first = MakeTarget("192.0.2.1", 60s);
  const auto second = MakeTarget("192.0.2.1", 30s);
  const auto host = MakeTarget("mx.example.com");
  const auto domain = MakeDomain("mx.example.com");
  fixture.directory->SetTargets({first, second, host, domain});
  // While neither resolves they would have the same series.
  CHECK(fixture.duplicates == std::vector<TargetPtr>{second, domain});
  CHECK(fixture.live.begin()->second->interval == probe::Duration(60s));
  CHECK(fixture.directory->target_count() == 2);
  fixture.directory->SetTargets({first});
  CHECK(fixture.duplicates.empty());
}

TEST_CASE("a list of thousands is taken over slice by slice") {
  DirectoryFixture fixture;
  constexpr std::size_t kCount = 4 * probe::kSliceTargets + 1;
  const auto list = [](std::size_t first, probe::Duration interval) {
    std::vector<TargetPtr> targets;
    for (std::size_t i = first; i < first + kCount; ++i) {
      targets.push_back(MakeTarget(
          "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1),
          interval));
    }
    return targets;
  };
  const auto finish = [&fixture] {
    std::size_t turns = 0;
    for (; fixture.directory->busy(); ++turns) {
      const int told = fixture.told;
      uv_run(&fixture.loop, UV_RUN_NOWAIT);
      CHECK(fixture.told - told <= static_cast<int>(probe::kSliceTargets));
    }
    return turns;
  };
  fixture.directory->SetTargets(list(0, 60s));
  CHECK(fixture.shown.size() == probe::kSliceTargets);
  CHECK(finish() >= 4);
  CHECK(fixture.live.size() == kCount);
  const auto before = fixture.live;

  // Half of them leave, and as many come.
  fixture.directory->SetTargets(list(kCount / 2, 60s));
  finish();
  CHECK(fixture.live.size() == kCount);
  std::size_t kept = 0;
  for (const auto& [id, endpoint] : fixture.live) kept += before.contains(id);
  CHECK(kept == kCount - kCount / 2);

  // A newer list comes while the one before it is taken over.
  fixture.directory->SetTargets(list(0, 30s));
  fixture.directory->SetTargets(list(0, 20s));
  finish();
  CHECK(fixture.live.size() == kCount);
  CHECK(fixture.shown.size() == kCount);
  for (const auto& [id, endpoint] : fixture.live) {
    CHECK(endpoint->interval == probe::Duration(20s));
  }
  fixture.directory->SetTargets({});
  finish();
  CHECK(fixture.live.empty());
  CHECK(fixture.shown.empty());
}

TEST_CASE("a thousand names ask only so many questions at once") {
  DirectoryFixture fixture;
  std::vector<TargetPtr> targets;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "mx" + std::to_string(i) + ".example.com";
    targets.push_back(MakeTarget(name));
    fixture.resolver->SetHost(name, Found({"192.0.2.1"}), kNoSuch);
  }
  fixture.directory->SetTargets(targets);
  fixture.Run([&] { return fixture.live.size() == 1000; });
  // Both families, and the reverse name of the one address.
  CHECK(fixture.resolver->most_waiting() <= 2 * probe::kMaxLookups + 1);
}

TEST_CASE("a new resolver is asked what the old one has not answered") {
  DirectoryFixture fixture;
  fixture.directory->SetTargets({MakeTarget("mx.example.com")});
  FakeResolver fresh(&fixture.loop);
  fixture.directory->SetResolver(&fresh);
  CHECK(fresh.Count(RecordType::kA, "mx.example.com") == 1);
  fixture.resolver->SetHost("mx.example.com", Found({"192.0.2.66"}), kNoSuch);
  fresh.SetHost("mx.example.com", Found({"192.0.2.1"}), kNoSuch);
  fixture.RunUntilSeen({"192.0.2.1:25 ok"});
  fixture.directory->SetTargets({});
}

TEST_CASE("each certificate type is an endpoint beside the main one") {
  DirectoryFixture fixture;
  const auto target = MakeTarget("192.0.2.1");
  for (const auto type :
       {probe::tls::KeyType::kEcdsa, probe::tls::KeyType::kRsa}) {
    auto further = std::make_shared<probe::Conversation>(*target->conversation);
    further->tls.mode = probe::TlsMode::kOpportunistic;
    further->tls.key_type = type;
    target->certificate_conversations.push_back(further);
  }
  fixture.directory->SetTargets({target});
  const auto& places = fixture.Only().places;
  REQUIRE(places.size() == 3);
  const auto type_of = [&places](std::size_t i) {
    return places[i].endpoint->conversation->tls.key_type;
  };
  CHECK(type_of(0) == probe::tls::KeyType::kAny);
  CHECK(type_of(1) == probe::tls::KeyType::kEcdsa);
  CHECK(type_of(2) == probe::tls::KeyType::kRsa);
  // One server: they are never talked to at once.
  CHECK(places[1].endpoint->ServerKey() == places[0].endpoint->ServerKey());
}

TEST_CASE("a renewed client certificate reaches the endpoints that are there") {
  const auto with_client = [](std::string_view identity) {
    auto target = MakeTarget("192.0.2.1");
    auto conversation =
        std::make_shared<probe::Conversation>(*target->conversation);
    conversation->tls.mode = probe::TlsMode::kRequired;
    conversation->tls.cert_file = "client.crt";
    const tests::Identity& shown = tests::TestPki().Get(identity);
    conversation->tls.context =
        *probe::tls::Context::Create({.roots = probe::tls::Roots::None(),
                                      .certificate = shown.chain,
                                      .key = shown.key});
    target->conversation = conversation;
    return target;
  };
  DirectoryFixture fixture;
  fixture.directory->SetTargets({with_client("client")});
  REQUIRE(fixture.live.size() == 1);
  const probe::EndpointId id = fixture.live.begin()->first;
  const auto before = fixture.live.at(id)->conversation;

  fixture.directory->SetTargets({with_client("client")});
  CHECK(fixture.puts == 1);  // Read again, and nothing new in it.

  fixture.directory->SetTargets({with_client("good")});
  CHECK(fixture.puts == 2);
  REQUIRE(fixture.live.size() == 1);
  CHECK(fixture.live.begin()->first == id);
  CHECK(fixture.live.at(id)->conversation->tls.context->digest() !=
        before->tls.context->digest());
}
