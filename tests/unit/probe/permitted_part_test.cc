#include "probe/permitted_part.h"

#include <memory>
#include <set>
#include <string>

#include "tests/support/catch.h"

namespace probe {
namespace {

// A place as the directory makes it; "" for a host without address.
Place MakePlace(const std::string& mx, const std::string& address,
                std::optional<Failure> unresolved = {}) {
  static EndpointId last_id = 0;
  auto endpoint = std::make_shared<Endpoint>();
  endpoint->id = ++last_id;
  endpoint->server_name = mx.empty() ? "host.example" : mx;
  endpoint->address = IpAddress::Parse(address);
  endpoint->unresolved = unresolved;
  Place place{.endpoint = std::move(endpoint), .mx = mx};
  place.unresolved = std::move(unresolved);
  place.quirks.Add(smtp::Quirk::kMxIsCname);
  return place;
}

Failure Fails(Reason reason) {
  return {.phase = Phase::kResolve, .reason = reason, .detail = "DNS"};
}

Expansion MakeExpansion(std::vector<Place> places) {
  auto target = std::make_shared<Target>();
  target->host = "Domain.example.";
  Expansion expansion;
  expansion.target = std::move(target);
  expansion.places = std::move(places);
  return expansion;
}

bool PermitsPublic(const IpAddress& address) { return address.IsPublic(); }

std::string Shown(const Expansion& expansion) {
  std::string text;
  for (const Place& place : expansion.places) {
    const Endpoint& endpoint = *place.endpoint;
    text += place.mx + "=";
    text += endpoint.address ? endpoint.address->ToString() : "none";
    if (place.unresolved) {
      CHECK(endpoint.unresolved == place.unresolved);
      text.append("(").append(Name(place.unresolved->reason)).append(")");
    }
    text += ' ';
  }
  return text;
}

TEST_CASE("what is permitted of a host stays, and nothing else") {
  struct Case {
    std::vector<Place> found;
    std::string left;
  };
  const Case cases[] = {
      {{MakePlace("", "8.8.8.8"), MakePlace("", "9.9.9.9")},
       "=8.8.8.8 =9.9.9.9 "},
      {{MakePlace("", "10.0.0.1"), MakePlace("", "9.9.9.9")}, "=9.9.9.9 "},
      {{MakePlace("", "10.0.0.1"), MakePlace("", "127.0.0.1")},
       "=none(no_address) "},
      {{MakePlace("", "", Fails(Reason::kDnsNotFound))}, "=none(no_address) "},
      {{MakePlace("", "", Fails(Reason::kNoAddress))}, "=none(no_address) "},
      {{MakePlace("", "", Fails(Reason::kDnsTimeout))}, "=none(dns_timeout) "},
      {{MakePlace("", "", Fails(Reason::kDnsFailure))}, "=none(dns_failure) "},
  };
  for (const Case& one : cases) {
    CAPTURE(one.left);
    CHECK(Shown(PermittedPart(MakeExpansion(one.found), &PermitsPublic)) ==
          one.left);
  }
}

TEST_CASE("each exchanger of a domain is judged by itself") {
  Expansion found = MakeExpansion({
      MakePlace("a.example", "8.8.8.8"),
      MakePlace("a.example", "10.0.0.1"),
      MakePlace("b.example", "10.0.0.2"),
      MakePlace("c.example", "", Fails(Reason::kDnsNotFound)),
      MakePlace("d.example", "", Fails(Reason::kDnsTimeout)),
  });
  found.mail.emplace().hosts = {{10, "a.example"}, {10, "b.example"}};
  const Expansion part = PermittedPart(found, &PermitsPublic);
  CHECK(Shown(part) ==
        "a.example=8.8.8.8 b.example=none(no_address) "
        "c.example=none(no_address) d.example=none(dns_timeout) ");
  CHECK(part.mail->hosts.size() == 2);
  // What DNS says of an address that is not shown is not shown either.
  CHECK(part.places[1].quirks.Empty());
  CHECK_FALSE(part.places[0].quirks.Empty());
  std::set<EndpointId> ids;
  for (const Place& place : part.places) ids.insert(place.endpoint->id);
  CHECK(ids.size() == part.places.size());
}

TEST_CASE("a domain that leads inside looks like one that does not exist") {
  const auto lookup = [](const std::string& mx) {
    return NamedLookup{.record = mx.empty() ? RecordType::kMx : RecordType::kA,
                       .mx = mx,
                       .lookup = std::make_shared<const Lookup>()};
  };
  Expansion inside = MakeExpansion(
      {MakePlace("a.example", "10.0.0.1"), MakePlace("b.example", "10.0.0.2")});
  inside.mail.emplace().hosts = {{10, "a.example"}, {20, "b.example"}};
  inside.lookups = {lookup(""), lookup("a.example"), lookup("b.example")};
  Expansion nowhere =
      MakeExpansion({MakePlace("", "", Fails(Reason::kDnsNotFound))});
  nowhere.mail.emplace().failure = Fails(Reason::kDnsNotFound);
  nowhere.lookups = {lookup("")};
  const Expansion shown = PermittedPart(inside, &PermitsPublic);
  const Expansion gone = PermittedPart(nowhere, &PermitsPublic);
  CHECK(Shown(shown) == "=none(no_address) ");
  CHECK(Shown(gone) == Shown(shown));
  for (const Expansion* const part : {&shown, &gone}) {
    CHECK(part->mail->hosts.empty());
    CHECK(part->mail->failure == part->places[0].unresolved);
    CHECK(part->lookups.size() == 1);
    CHECK(part->places[0].quirks.Empty());
    CHECK(part->places[0].endpoint->server_name == "domain.example");
  }
}

TEST_CASE("a domain that takes no mail stays one") {
  Expansion found;
  found.mail.emplace().null_mx = true;
  const Expansion part = PermittedPart(found, &PermitsPublic);
  CHECK(part.places.empty());
  CHECK(part.mail->null_mx);
}

}  // namespace
}  // namespace probe
