#include "probe/expand.h"

#include <utility>

#include "probe/plan/mail_hosts.h"

namespace probe {
namespace {

// Of two failures the one that leaves more open: a resolver that timed out for
// AAAA makes "no A record" no verdict on the name.
const Failure& Weaker(const Failure& a, const Failure& b) {
  return IsCertainlyAbsent(a) && !IsCertainlyAbsent(b) ? b : a;
}

// What the families that the target wants have to say together.
struct Found {
  std::vector<IpAddress> listed;
  std::vector<IpAddress> remembered;
  std::optional<Failure> failure;  // None while one of them resolves.
  bool alias = false;
};

Found FoundIn(const Target& target, const NameTable::Answer& answer) {
  Found found;
  std::optional<Failure> failure;
  bool resolved = false;
  const auto add = [&](const NameTable::Family& family) {
    for (const auto& [address, seen] : family.addresses) {
      (seen == family.listed ? found.listed : found.remembered)
          .push_back(address);
    }
    found.alias = found.alias || family.alias;
    if (family.failure) {
      failure = failure ? Weaker(*failure, *family.failure) : *family.failure;
    } else {
      resolved = true;
    }
  };
  if (target.ip_protocol != IpProtocol::kIp4) add(answer.ip6);
  if (target.ip_protocol != IpProtocol::kIp6) add(answer.ip4);
  if (!resolved) found.failure = failure;
  return found;
}

// What an earlier answer listed is probed beside the rest while there is room.
void AddRemembered(std::vector<IpAddress> remembered,
                   const plan::AddressWish& wish,
                   const plan::HasRoute& has_route,
                   plan::Selection& selection) {
  std::vector<IpAddress>& addresses = selection.addresses;
  const bool only_first = wish.choice == AddressChoice::kFirst;
  if (only_first && !addresses.empty()) return;
  const std::size_t most = only_first ? 1 : plan::kMaxAddresses;
  const plan::Selection more =
      plan::SelectAddresses(std::move(remembered), wish, has_route);
  for (const IpAddress& address : more.addresses) {
    if (addresses.size() == most) break;
    addresses.push_back(address);
  }
}

std::string WhyNoAddress(const std::string& host,
                         const plan::Selection& selection) {
  if (selection.no_ip4_route || selection.no_ip6_route) {
    return "this host has no route to any address of " + host;
  }
  if (selection.has_private) {
    return host +
           " has no public address; \"private_addresses: probe\" permits "
           "others";
  }
  return host + " has no usable address";
}

}  // namespace

std::string ServerName(const Target& target) {
  if (target.literal) return {};
  std::string name = target.host;
  if (name.ends_with('.')) name.pop_back();
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

HostAddresses ExpandHost(const Target& target, const HostQuestion& host,
                         const NameTable::Answer& answer,
                         const plan::HasRoute& has_route) {
  HostAddresses wanted;
  wanted.took = answer.took;
  Found found = FoundIn(target, answer);
  wanted.unresolved = found.failure;
  const plan::AddressWish wish = {target.ip_protocol, target.addresses,
                                  target.private_addresses};
  plan::Selection selection =
      plan::SelectAddresses(std::move(found.listed), wish, has_route);
  AddRemembered(std::move(found.remembered), wish, has_route, selection);
  wanted.no_ip4_route = selection.no_ip4_route;
  wanted.no_ip6_route = selection.no_ip6_route;
  if (selection.truncated) wanted.quirks.Add(smtp::Quirk::kTooManyAddresses);
  // To whoever wrote down a host, neither is news.
  if (host.by_mx && found.alias) {
    wanted.quirks.Add(smtp::Quirk::kMxIsCname);
  }
  if (target.is_domain && selection.has_private) {
    wanted.quirks.Add(smtp::Quirk::kPrivateAddress);
  }
  wanted.addresses.assign(selection.addresses.begin(),
                          selection.addresses.end());
  if (!wanted.addresses.empty()) return wanted;
  wanted.addresses.emplace_back(std::nullopt);
  if (!wanted.unresolved) {
    wanted.unresolved = Failure{.phase = Phase::kResolve,
                                .reason = Reason::kNoAddress,
                                .detail = WhyNoAddress(host.name, selection)};
  }
  return wanted;
}

DomainHosts ExpandDomain(const std::string& domain,
                         const MxTable::Answer& answer) {
  DomainHosts wanted;
  wanted.mail.failure = answer.failure;
  if (!answer.records) return wanted;
  plan::MailHosts hosts = plan::PlanMailHosts(domain, *answer.records);
  wanted.mail.null_mx = hosts.null_mx;
  // A resolver that is out of order is no reason to expect mail there.
  if (hosts.null_mx && answer.failure && !IsCertainlyAbsent(*answer.failure)) {
    wanted.mail.failure.reset();
  }
  wanted.mail.hosts = std::move(hosts.hosts);
  wanted.quirks = hosts.quirks;
  if (wanted.mail.hosts.empty() && !hosts.null_mx && !wanted.mail.failure) {
    wanted.mail.failure =
        Failure{.phase = Phase::kResolve,
                .reason = Reason::kNoAddress,
                .detail = "no MX record of " + domain + " names a host"};
  }
  return wanted;
}

void AddLookups(const Target& target, const std::string& mx,
                const NameTable::Answer& answer,
                std::vector<NamedLookup>& lookups) {
  if (target.ip_protocol != IpProtocol::kIp6) {
    lookups.push_back({RecordType::kA, mx, answer.ip4.latest});
  }
  if (target.ip_protocol != IpProtocol::kIp4) {
    lookups.push_back({RecordType::kAaaa, mx, answer.ip6.latest});
  }
}

}  // namespace probe
