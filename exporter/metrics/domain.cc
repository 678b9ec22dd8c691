#include "exporter/metrics/domain.h"

#include <algorithm>
#include <cstddef>

namespace exporter::metrics {
namespace {

// How many senders try first; an exchanger without name counts as one.
std::size_t BestCount(const probe::Mail& mail) {
  if (mail.hosts.empty()) return 1;
  return static_cast<std::size_t>(std::ranges::count(
      mail.hosts, mail.hosts.front().preference, &probe::MxRecord::preference));
}

// What our own trouble kept from being seen is not known.
bool FailedHere(const Row& row) {
  return row.failure() != nullptr && probe::IsOurOwn(row.failure()->reason);
}

}  // namespace

bool IsBest(const probe::Mail& mail, std::string_view mx) {
  if (mail.hosts.empty()) return true;
  for (const probe::MxRecord& host : mail.hosts) {
    if (host.preference != mail.hosts.front().preference) break;
    if (host.host == mx) return true;
  }
  return false;
}

std::optional<bool> DomainReachable(const TargetRow& target) {
  const probe::Mail* const mail = target.mail();
  if (mail == nullptr || mail->null_mx) return std::nullopt;
  bool reachable = false;
  bool judged = false;
  bool pending = false;
  std::size_t placed = 0;
  // Places of one exchanger adjoin; one without a place yet is to come.
  std::optional<std::string_view> last;
  target.ForEachRow([&](const Row& row) {
    if (!IsBest(*mail, row.place().mx)) return;
    if (last != row.place().mx) ++placed;
    last = row.place().mx;
    if (row.verdict() != nullptr && !FailedHere(row)) {
      judged = true;
      reachable = reachable || row.reachable();
    } else {
      pending = pending || row.verdict() != nullptr ||
                row.place().endpoint->address.has_value();
    }
  });
  if (reachable) return true;
  pending = pending || placed < BestCount(*mail);
  return judged && !pending ? std::optional(false) : std::nullopt;
}

}  // namespace exporter::metrics
