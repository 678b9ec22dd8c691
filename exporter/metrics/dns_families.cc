// How DNS answers about a target, and the reverse names of its addresses.
#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/expectations.h"
#include "exporter/metrics/family.h"
#include "exporter/metrics/record_name.h"
#include "probe/lookup.h"
#include "probe/reverse_table.h"

namespace exporter::metrics {
namespace {

// Whether the greeting's host name is among the reverse names. None: one of
// them is not known.
std::optional<bool> BannerIsReverseName(const Row& row) {
  const std::vector<std::string>* const names = row.reverse_names();
  if (names == nullptr || row.banner() == nullptr) return std::nullopt;
  return std::any_of(names->begin(), names->end(),
                     [said = &row.banner()->hostname](const std::string& name) {
                       return SameHost(*said, name);
                     });
}

constexpr Family kReverseFamilies[] = {
    {"smtp_reverse_dns_match", FamilyType::kGauge,
     "Whether a reverse name (PTR) of the address leads back to it. 0: none "
     "does, or it has none; other servers may then refuse or suspect mail "
     "that this address sends. Absent while DNS has not said for long.",
     [](const Row& row, Samples& samples) {
       if (const bool* const match = row.reverse_match()) samples.Add(*match);
     }},
    {"smtp_banner_reverse_dns_match", FamilyType::kGauge,
     "Whether the host name in the greeting is one of the reverse names (PTR) "
     "of the address. Absent while either is not known.",
     [](const Row& row, Samples& samples) {
       if (const auto match = BannerIsReverseName(row)) samples.Add(*match);
     }},
};

// One sample for each lookup: what `value` makes of it.
template <typename Value>
void AppendLookups(const TargetRow& target, Samples& samples, Value value) {
  for (const probe::NamedLookup& named : target.expansion().lookups) {
    const std::string_view record = Name(named.record);
    if (named.mx.empty()) {
      samples.Add({{"record", record}}, value(*named.lookup));
    } else {
      samples.Add({{"record", record}, {"mx", named.mx}}, value(*named.lookup));
    }
  }
  target.ForEachRow([&](const Row& row) {
    const probe::Reverse* const reverse = row.place().reverse.get();
    if (reverse == nullptr || reverse->latest.at == probe::Time{}) return;
    samples.Of(row);
    samples.Add({{"record", Name(probe::RecordType::kPtr)}},
                value(reverse->latest));
  });
}

constexpr TargetFamily kLookupFamilies[] = {
    {"smtp_dns_success", FamilyType::kGauge,
     "Whether DNS answered the latest question for these records, be it that "
     "there are none. 0: it is not known (a timeout, SERVFAIL); ask the "
     "resolver and the name servers in charge.",
     [](const TargetRow& row, Samples& samples) {
       AppendLookups(row, samples, [](const probe::Lookup& lookup) {
         return lookup.answered;
       });
     }},
    {"smtp_dns_duration_seconds", FamilyType::kGauge,
     "How long DNS took for the latest question for these records, with all "
     "tries.",
     [](const TargetRow& row, Samples& samples) {
       AppendLookups(row, samples, [](const probe::Lookup& lookup) {
         return probe::Seconds(lookup.took);
       });
     }},
};

}  // namespace

std::span<const Family> ReverseFamilies() { return kReverseFamilies; }

std::span<const TargetFamily> LookupFamilies() { return kLookupFamilies; }

}  // namespace exporter::metrics
