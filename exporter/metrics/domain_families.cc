// What DNS says of a domain's mail exchangers, and whether one of the best
// takes mail.
#include <cstdint>
#include <span>

#include "exporter/metrics/domain.h"
#include "exporter/metrics/family.h"
#include "probe/lookup.h"

namespace exporter::metrics {
namespace {

// What DNS could not say is no number.
bool HostsAreKnown(const probe::Mail& mail) {
  return !mail.hosts.empty() || mail.null_mx || !mail.failure ||
         probe::IsCertainlyAbsent(*mail.failure);
}

constexpr TargetFamily kFamilies[] = {
    {"smtp_domain_reachable", FamilyType::kGauge,
     "Whether senders reach the domain's mail: 1 while any address of any of "
     "its best (lowest preference) exchangers is reachable. 0: none of them "
     "is; mail waits, or goes to a backup. Absent for a null MX, and until "
     "all of them were probed.",
     [](const TargetRow& row, Samples& samples) {
       if (const auto reachable = DomainReachable(row)) {
         samples.Add(*reachable);
       }
     }},
    {"smtp_mx_hosts", FamilyType::kGauge,
     "How many mail exchangers of the domain are in use; those last known "
     "while DNS does not answer. Without MX records the domain is its own "
     "exchanger (smtp_quirk implicit_mx), a null MX makes it 0.",
     [](const TargetRow& row, Samples& samples) {
       if (row.mail() != nullptr && HostsAreKnown(*row.mail())) {
         samples.Add(std::uint64_t{row.mail()->hosts.size()});
       }
     }},
    {"smtp_mx_preference", FamilyType::kGauge,
     "The preference of each mail exchanger of the domain. Senders try the "
     "lowest first.",
     [](const TargetRow& row, Samples& samples) {
       if (row.mail() == nullptr) return;
       for (const probe::MxRecord& host : row.mail()->hosts) {
         samples.Add({{"mx", host.host}}, static_cast<double>(host.preference));
       }
     }},
    {"smtp_null_mx", FamilyType::kGauge,
     "Whether the domain declares that it takes no mail (a null MX, RFC "
     "7505): senders then give up at once, and there is nothing to probe. "
     "Absent while DNS does not say.",
     [](const TargetRow& row, Samples& samples) {
       if (row.mail() != nullptr && !row.mail()->failure) {
         samples.Add(row.mail()->null_mx);
       }
     }},
};

}  // namespace

std::span<const TargetFamily> DomainFamilies() { return kFamilies; }

}  // namespace exporter::metrics
