// Domains and reverse names: what MX and PTR answers make of a target.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "probe/directory.h"
#include "tests/support/catch.h"
#include "tests/unit/probe/directory_fixture.h"

namespace {

using namespace std::chrono_literals;
using namespace tests;
using probe::Reason;
using probe::RecordType;
using probe::smtp::Quirk;

const Addresses kNoSuch = Failed(Reason::kNoAddress);

// Two exchangers, each with an address.
void TellTwoHosts(FakeResolver& resolver) {
  resolver.SetMx("example.org",
                 FoundMx({{20, "b.example"}, {10, "a.example"}}));
  resolver.SetHost("a.example", Found({"9.9.9.1"}), Found({"2620:fe::1"}));
  resolver.SetHost("b.example", Found({"9.9.9.2"}), kNoSuch);
}
const Seen kTwoHosts = {"mx=a.example [2620:fe::1]:25 ok",
                        "mx=a.example 9.9.9.1:25 ok",
                        "mx=b.example 9.9.9.2:25 ok"};

}  // namespace

TEST_CASE("a domain becomes every address of every exchanger") {
  DirectoryFixture fixture;
  TellTwoHosts(*fixture.resolver);
  fixture.directory->SetTargets({MakeDomain("Example.org")});
  fixture.RunUntilSeen(kTwoHosts);
  const probe::Expansion& expansion = fixture.Only();
  REQUIRE(expansion.mail);
  CHECK_FALSE(expansion.mail->null_mx);
  CHECK_FALSE(expansion.mail->failure);
  REQUIRE(expansion.mail->hosts.size() == 2);
  CHECK(expansion.mail->hosts[0].host == "a.example");
  CHECK(expansion.mail->hosts[0].preference == 10);
  CHECK(expansion.places[0].mx == "a.example");
  CHECK(expansion.places[0].endpoint->server_name == "a.example");
  CHECK(expansion.lookups.size() == 5);
  // Senders know no search domains.
  CHECK(fixture.resolver->Count(RecordType::kA, "a.example.") >= 1);
  CHECK(fixture.resolver->Count(RecordType::kA, "a.example") == 0);
}

TEST_CASE("what the MX answer makes of a domain") {
  struct Case {
    const char* name;
    Exchangers mx;
    Seen want;
    bool null_mx = false;
    std::vector<Quirk> quirks = {};
    bool alias = false;  // The domain's name is a CNAME.
  };
  const Case cases[] = {
      {"no MX: its own exchanger",
       Failed(Reason::kNoAddress),
       {"mx=example.org 9.9.9.9:25 ok"},
       false,
       {Quirk::kImplicitMx}},
      {"no such domain",
       Failed(Reason::kDnsNotFound),
       {"none:25 dns_not_found"}},
      {"SERVFAIL", Failed(Reason::kDnsFailure), {"none:25 dns_failure"}},
      {"silence", Failed(Reason::kDnsTimeout), {"none:25 dns_timeout"}},
      {"null MX", FoundMx({{0, ""}}), {}, true},
      {"null MX beside a real one",
       FoundMx({{0, ""}, {10, "a.example"}}),
       {"mx=a.example 9.9.9.1:25 ok"},
       false,
       {Quirk::kNullMxMixed}},
      {"an address as exchanger",
       FoundMx({{5, "10.0.0.1"}, {10, "a.example"}}),
       {"mx=a.example 9.9.9.1:25 ok"},
       false,
       {Quirk::kMxInvalid}},
      {"nothing but an address",
       FoundMx({{5, "10.0.0.1"}}),
       {"none:25 no_address"},
       false,
       {Quirk::kMxInvalid}},
      // The domain's own address must not stand in (RFC 5321 5.1).
      {"an exchanger without address",
       FoundMx({{5, "lost.example"}}),
       {"mx=lost.example none:25 dns_not_found"}},
      {"its own exchanger through a CNAME, as it may be",
       Failed(Reason::kNoAddress),
       {"mx=example.org 9.9.9.9:25 ok"},
       false,
       {Quirk::kImplicitMx},
       true},
      {"the exchanger is a CNAME",
       FoundMx({{5, "alias.example"}}),
       {"mx=alias.example 9.9.9.3:25 ok"},
       false,
       {Quirk::kMxIsCname}},
      {"a private address",
       FoundMx({{5, "inside.example"}}),
       {"mx=inside.example none:25 no_address"},
       false,
       {Quirk::kPrivateAddress}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    DirectoryFixture fixture;
    FakeResolver& resolver = *fixture.resolver;
    resolver.SetMx("example.org", one.mx);
    resolver.SetHost("example.org",
                     one.alias ? FoundAlias({"9.9.9.9"}) : Found({"9.9.9.9"}),
                     kNoSuch);
    resolver.SetHost("a.example", Found({"9.9.9.1"}), kNoSuch);
    resolver.SetHost("alias.example", FoundAlias({"9.9.9.3"}), kNoSuch);
    resolver.SetHost("inside.example", Found({"10.1.2.3"}), kNoSuch);
    resolver.SetHost("lost.example", Failed(Reason::kDnsNotFound),
                     Failed(Reason::kDnsNotFound));
    auto domain = MakeDomain("example.org");
    domain->private_addresses = probe::PrivateAddresses::kSkip;
    fixture.directory->SetTargets({domain});
    fixture.RunUntilSeen(one.want);
    fixture.Run([&] { return fixture.Only().mail.has_value(); });
    CHECK(fixture.Only().mail->null_mx == one.null_mx);
    probe::smtp::Quirks quirks;
    for (const Quirk quirk : one.quirks) quirks.Add(quirk);
    for (const probe::Place& place : fixture.Only().places) {
      CHECK((place.quirks == quirks));
    }
  }
}

TEST_CASE("a domain that stops resolving keeps its servers, failing") {
  struct Case {
    Reason reason;
    const char* word;
  };
  for (const Case& one : {Case{Reason::kDnsNotFound, "dns_not_found"},
                          Case{Reason::kDnsFailure, "dns_failure"}}) {
    DirectoryFixture fixture;
    TellTwoHosts(*fixture.resolver);
    fixture.directory->SetTargets({MakeDomain("example.org")});
    fixture.RunUntilSeen(kTwoHosts);
    const auto before = fixture.live;
    const int puts = fixture.puts;
    fixture.resolver->SetMx("example.org", Failed(one.reason));
    const std::string word = one.word;
    fixture.RunUntilSeen({"mx=a.example [2620:fe::1]:25 " + word,
                          "mx=a.example 9.9.9.1:25 " + word,
                          "mx=b.example 9.9.9.2:25 " + word});
    // Others may share the servers, and are told nothing.
    for (const auto& [id, endpoint] : fixture.live) {
      CHECK(before.contains(id));
      CHECK_FALSE(endpoint->unresolved);
    }
    CHECK(fixture.Only().mail->failure->reason == one.reason);
    CHECK(fixture.Only().mail->hosts.size() == 2);
    TellTwoHosts(*fixture.resolver);
    fixture.RunUntilSeen(kTwoHosts);
    CHECK(fixture.live.size() == 3);
    CHECK(fixture.puts >= puts);
  }
}

TEST_CASE("one lost answer is no verdict") {
  DirectoryFixture fixture;
  TellTwoHosts(*fixture.resolver);
  fixture.directory->SetTargets(
      {MakeDomain("example.org"), MakeTarget("a.example")});
  Seen wanted = kTwoHosts;
  wanted.insert({"[2620:fe::1]:25 ok", "9.9.9.1:25 ok"});
  fixture.RunUntilSeen(wanted);
  bool failed = false;
  for (int turn = 0; turn < 3; ++turn) {
    fixture.resolver->SetMx("example.org", Failed(Reason::kDnsTimeout));
    fixture.RunUntilAsked(RecordType::kMx, "example.org");
    TellTwoHosts(*fixture.resolver);
    fixture.RunUntilAsked(RecordType::kMx, "example.org", 2);
    failed = failed || fixture.SeenPlaces() != wanted;
  }
  CHECK_FALSE(failed);
  CHECK(fixture.lookups[{RecordType::kMx, false}] > 0);
}

TEST_CASE("exchangers come and go with DNS") {
  DirectoryFixture fixture;
  TellTwoHosts(*fixture.resolver);
  fixture.directory->SetTargets({MakeDomain("example.org")});
  fixture.RunUntilSeen(kTwoHosts);
  fixture.resolver->SetMx("example.org", FoundMx({{10, "b.example"}}));
  fixture.RunUntilSeen({"mx=b.example 9.9.9.2:25 ok"});
  CHECK(fixture.live.size() == 1);
  fixture.resolver->SetMx("example.org", FoundMx({{0, ""}}));
  fixture.RunUntilSeen({});
  CHECK(fixture.Only().mail->null_mx);
  CHECK(fixture.live.empty());
  TellTwoHosts(*fixture.resolver);
  fixture.RunUntilSeen(kTwoHosts);
}

TEST_CASE("many domains with one exchanger make one endpoint") {
  DirectoryFixture fixture;
  constexpr int kDomains = 1500;
  std::vector<TargetPtr> targets;
  fixture.resolver->SetHost("mx.example", Found({"9.9.9.1"}), kNoSuch);
  for (int i = 0; i < kDomains; ++i) {
    const std::string domain = "d" + std::to_string(i) + ".example";
    fixture.resolver->SetMx(domain, FoundMx({{10, "mx.example"}}, 1h));
    targets.push_back(MakeDomain(domain));
  }
  fixture.directory->SetTargets(targets);
  fixture.Run([&] { return fixture.SeenPlaces().size() == kDomains; });
  CHECK(fixture.live.size() == 1);
  // An answer that all depend on is worked off in slices, too.
  for (int turn = 0; turn < 20; ++turn) {
    const int told = fixture.told;
    uv_run(&fixture.loop, UV_RUN_NOWAIT);
    CHECK(fixture.told - told <= static_cast<int>(probe::kSliceTargets));
  }
  // A host target of the same name shares it; what its MX says does not.
  fixture.directory->SetTargets({MakeTarget("mx.example"), targets[0]});
  fixture.Run([&] { return fixture.SeenPlaces().size() == 2; });
  CHECK(fixture.live.size() == 1);
  fixture.directory->SetTargets({});
  CHECK(fixture.live.empty());
}

TEST_CASE("two exchangers on one address are two endpoints of one server") {
  DirectoryFixture fixture;
  fixture.resolver->SetMx("example.org",
                          FoundMx({{10, "a.example"}, {10, "b.example"}}));
  fixture.resolver->SetHost("a.example", Found({"9.9.9.1"}), kNoSuch);
  fixture.resolver->SetHost("b.example", Found({"9.9.9.1"}), kNoSuch);
  fixture.directory->SetTargets({MakeDomain("example.org")});
  fixture.RunUntilSeen(
      {"mx=a.example 9.9.9.1:25 ok", "mx=b.example 9.9.9.1:25 ok"});
  const auto& places = fixture.Only().places;
  CHECK(places[0].endpoint->id != places[1].endpoint->id);
  CHECK(places[0].endpoint->ServerKey() == places[1].endpoint->ServerKey());
}

TEST_CASE("a domain and a host of one name are told apart while both fail") {
  DirectoryFixture fixture;
  fixture.resolver->SetMx("example.org", Failed(Reason::kDnsFailure));
  fixture.resolver->SetHost("example.org", Failed(Reason::kDnsNotFound),
                            Failed(Reason::kDnsNotFound));
  const auto host = MakeTarget("example.org");
  host->module = "other";
  fixture.directory->SetTargets({MakeDomain("example.org"), host});
  fixture.RunUntilSeen({"none:25 dns_failure", "none:25 dns_not_found"});
  CHECK(fixture.live.size() == 2);
}

TEST_CASE("a host and an exchanger of one name have their own answers") {
  DirectoryFixture fixture;
  // The hosts file of the mail host itself, and DNS.
  fixture.resolver->SetHost("mail.example.org", Found({"127.0.1.1"}),
                            Failed(Reason::kNoAddress));
  fixture.resolver->SetHost("mail.example.org.", Found({"9.9.9.1"}),
                            Failed(Reason::kNoAddress));
  fixture.resolver->SetMx("example.org", FoundMx({{10, "mail.example.org"}}));
  // By its implicit MX.
  fixture.resolver->SetMx("mail.example.org", Failed(Reason::kNoAddress));
  const auto host = MakeTarget("mail.example.org");
  host->module = "other";
  fixture.directory->SetTargets(
      {host, MakeDomain("example.org"), MakeDomain("mail.example.org")});
  fixture.RunUntilSeen({"127.0.1.1:25 ok", "mx=mail.example.org 9.9.9.1:25 ok",
                        "mx=mail.example.org 9.9.9.1:25 ok"});
}

TEST_CASE("a domain that changes keeps what is known of it") {
  DirectoryFixture fixture;
  TellTwoHosts(*fixture.resolver);
  fixture.directory->SetTargets({MakeDomain("example.org")});
  fixture.RunUntilSeen(kTwoHosts);
  const auto before = fixture.live;
  // As if the resolver were silent from now on.
  fixture.resolver->Silence("example.org");
  auto changed = MakeDomain("example.org");
  changed->labels = {{"team", "mail"}};
  changed->interval = 30s;
  fixture.directory->SetTargets({changed});
  CHECK(fixture.SeenPlaces() == kTwoHosts);
  CHECK(fixture.Only().target == changed);
  REQUIRE(fixture.live.size() == before.size());
  for (const auto& [id, endpoint] : fixture.live) {
    CHECK(before.contains(id));
    CHECK(endpoint->interval == probe::Duration(30s));
  }
}

TEST_CASE("a null MX is not lost with the resolver") {
  DirectoryFixture fixture;
  fixture.resolver->SetMx("example.org", FoundMx({{0, ""}}));
  fixture.directory->SetTargets({MakeDomain("example.org")});
  fixture.Run([&] { return !fixture.shown.empty() && fixture.Only().mail; });
  fixture.resolver->SetMx("example.org", Failed(Reason::kDnsFailure));
  fixture.RunLookups(RecordType::kMx, "example.org");
  CHECK(fixture.Only().places.empty());
  CHECK(fixture.Only().mail->null_mx);
  CHECK_FALSE(fixture.Only().mail->failure);
  // A domain that is gone takes no mail for another reason.
  fixture.resolver->SetMx("example.org", Failed(Reason::kDnsNotFound));
  fixture.RunUntilSeen({"none:25 dns_not_found"});
}

TEST_CASE("a reload may make a domain of a host, and the reverse") {
  DirectoryFixture fixture;
  TellTwoHosts(*fixture.resolver);
  fixture.resolver->SetHost("example.org", Found({"9.9.9.9"}), kNoSuch);
  fixture.directory->SetTargets({MakeTarget("example.org")});
  fixture.RunUntilSeen({"9.9.9.9:25 ok"});
  fixture.directory->SetTargets({MakeDomain("example.org")});
  fixture.RunUntilSeen(kTwoHosts);
  fixture.directory->SetTargets({MakeTarget("example.org")});
  fixture.RunUntilSeen({"9.9.9.9:25 ok"});
  CHECK_FALSE(fixture.Only().mail);
  fixture.directory->SetTargets({});
  CHECK(fixture.live.empty());
}

TEST_CASE("each address has its reverse name") {
  DirectoryFixture fixture;
  FakeResolver& resolver = *fixture.resolver;
  resolver.SetHost("mx.example.com", Found({"9.9.9.1", "9.9.9.2"}), kNoSuch);
  resolver.SetHost("other.example.com", Found({"9.9.9.3"}), kNoSuch);
  resolver.SetPtr("9.9.9.1", FoundNames({"mx.example.com"}));
  resolver.SetPtr("9.9.9.2", FoundNames({"other.example.com"}));
  fixture.directory->SetTargets({MakeTarget("mx.example.com")});
  fixture.Run([&] {
    if (fixture.shown.empty() || fixture.Only().places.size() != 2) {
      return false;
    }
    const auto& places = fixture.Only().places;
    return places[0].reverse->latest.answered &&
           places[1].reverse->latest.answered;
  });
  const auto& places = fixture.Only().places;
  CHECK(places[0].reverse->match == true);
  CHECK(places[1].reverse->match == false);
  CHECK(places[1].reverse->names ==
        std::vector<std::string>{"other.example.com"});
  CHECK(fixture.lookups[{RecordType::kPtr, true}] >= 2);
  // What stays as it is is told once.
  using enum probe::ReverseVerdict;
  fixture.RunUntilAsked(RecordType::kPtr, "9.9.9.1", 3);
  fixture.RunUntilAsked(RecordType::kPtr, "9.9.9.2", 3);
  using Reversed = std::vector<DirectoryFixture::Reversed>;
  std::ranges::sort(fixture.reversed, {}, &DirectoryFixture::Reversed::address);
  CHECK((fixture.reversed == Reversed{{"9.9.9.1", kUnknown, kLeadsBack},
                                      {"9.9.9.2", kUnknown, kLeadsElsewhere}}));
  fixture.reversed.clear();
  resolver.SetPtr("9.9.9.1", Failed(Reason::kDnsTimeout));
  fixture.RunUntilAsked(RecordType::kPtr, "9.9.9.1", 3);
  CHECK(fixture.reversed.empty());
  resolver.SetPtr("9.9.9.1", Failed(Reason::kDnsNotFound));
  fixture.RunUntilAsked(RecordType::kPtr, "9.9.9.1", 3);
  CHECK((fixture.reversed == Reversed{{"9.9.9.1", kLeadsBack, kNone}}));
  fixture.directory->SetTargets({});
  const std::size_t asked = resolver.Count(RecordType::kPtr, "9.9.9.1");
  for (int turn = 0; turn < 20; ++turn) uv_run(&fixture.loop, UV_RUN_NOWAIT);
  CHECK(resolver.Count(RecordType::kPtr, "9.9.9.1") == asked);
}
