#include "probe/permitted_part.h"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "probe/endpoint.h"
#include "probe/expand.h"
#include "probe/lookup.h"
#include "probe/result.h"

namespace probe {
namespace {

Failure NoPermittedAddress() {
  return {.phase = Phase::kResolve,
          .reason = Reason::kNoAddress,
          .detail =
              "the name does not exist, or has no address that may be tested"};
}

// What stands for a host without a permitted address: nothing of what DNS says
// about the addresses that it may have.
Place WithoutAddress(const Place& place) {
  auto endpoint = std::make_shared<Endpoint>(*place.endpoint);
  endpoint->address.reset();
  endpoint->unresolved = NoPermittedAddress();
  return {.endpoint = std::move(endpoint),
          .mx = place.mx,
          .unresolved = NoPermittedAddress()};
}

bool IsUncertain(const Place& place) {
  const auto& unresolved = place.endpoint->unresolved;
  return unresolved && !IsCertainlyAbsent(*unresolved);
}

// What is left of one host. Returns whether that tells anything of it.
bool AddHost(std::span<const Place> host, const Permits& permits,
             std::vector<Place>& places) {
  const std::size_t before = places.size();
  for (const Place& place : host) {
    const auto& address = place.endpoint->address;
    if (address && permits(*address)) places.push_back(place);
  }
  if (places.size() > before) return true;
  const bool uncertain = IsUncertain(host.front());
  places.push_back(uncertain ? host.front() : WithoutAddress(host.front()));
  return uncertain;
}

// A domain without any host looks like one that is not there.
void Collapse(Expansion& part) {
  auto endpoint = std::make_shared<Endpoint>(*part.places.front().endpoint);
  endpoint->server_name = ServerName(*part.target);
  part.places = {
      {.endpoint = std::move(endpoint), .unresolved = NoPermittedAddress()}};
  if (part.mail) part.mail.emplace().failure = NoPermittedAddress();
  std::erase_if(part.lookups,
                [](const NamedLookup& lookup) { return !lookup.mx.empty(); });
}

}  // namespace

Expansion PermittedPart(const Expansion& found, const Permits& permits) {
  Expansion part = found;
  if (found.places.empty()) return part;
  part.places.clear();
  bool tells = false;
  // The places of one host adjoin.
  for (auto host = found.places.begin(); host != found.places.end();) {
    const auto end =
        std::find_if(host, found.places.end(),
                     [&](const Place& place) { return place.mx != host->mx; });
    tells = AddHost({host, end}, permits, part.places) || tells;
    host = end;
  }
  if (!tells) Collapse(part);
  return part;
}

}  // namespace probe
