#include "probe/plan/addresses.h"

#include <algorithm>
#include <utility>

namespace probe::plan {
namespace {

bool IsWanted(const IpAddress& address, IpProtocol protocol) {
  switch (protocol) {
    case IpProtocol::kAuto:
      return true;
    case IpProtocol::kIp4:
      return !address.is_ip6();
    case IpProtocol::kIp6:
      return address.is_ip6();
  }
  return false;
}

bool Before(const IpAddress& left, const IpAddress& right) {
  if (left.is_ip6() != right.is_ip6()) return left.is_ip6();
  return left.bytes() < right.bytes();
}

// Cuts a sorted list down to kMaxAddresses. A family keeps at least half of
// them, if it has so many: it must not hide that the other one is down.
void CutToMost(std::vector<IpAddress>& sorted) {
  const auto ip4 = std::ranges::find(sorted, false, &IpAddress::is_ip6);
  const auto ip6_count = static_cast<std::size_t>(ip4 - sorted.begin());
  const std::size_t ip4_count = sorted.size() - ip6_count;
  const std::size_t left_by_ip4 =
      kMaxAddresses - std::min(ip4_count, kMaxAddresses);
  const std::size_t ip6_kept =
      std::min(ip6_count, std::max(kMaxAddresses / 2, left_by_ip4));
  sorted.erase(sorted.begin() + static_cast<std::ptrdiff_t>(ip6_kept), ip4);
  sorted.resize(kMaxAddresses);
}

}  // namespace

Selection SelectAddresses(std::vector<IpAddress> found, const AddressWish& wish,
                          const HasRoute& has_route) {
  Selection selection;
  std::vector<IpAddress>& kept = selection.addresses;
  kept = std::move(found);
  std::sort(kept.begin(), kept.end(), Before);
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  std::erase_if(kept, [&wish](const IpAddress& address) {
    return !IsWanted(address, wish.protocol);
  });
  std::erase_if(kept, [&](const IpAddress& address) {
    if (address.IsPublic()) return false;
    selection.has_private = true;
    return wish.private_addresses == PrivateAddresses::kSkip;
  });

  // Who asks for one family by name gets it, and the probe says what happens.
  if (wish.protocol == IpProtocol::kAuto) {
    std::erase_if(kept, [&](const IpAddress& address) {
      if (has_route(address)) return false;
      (address.is_ip6() ? selection.no_ip6_route : selection.no_ip4_route) =
          true;
      return true;
    });
  }

  if (wish.choice == AddressChoice::kFirst) {
    if (kept.size() > 1) kept.erase(kept.begin() + 1, kept.end());
  } else if (kept.size() > kMaxAddresses) {
    selection.truncated = true;
    CutToMost(kept);
  }
  return selection;
}

}  // namespace probe::plan
