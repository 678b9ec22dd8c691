#include "probe/plan/mail_hosts.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "probe/host_name.h"

namespace probe::plan {
namespace {

bool IsRoot(const MxRecord& record) { return record.host.empty(); }

}  // namespace

MailHosts PlanMailHosts(const std::string& domain,
                        std::vector<MxRecord> records) {
  MailHosts plan;
  if (records.empty()) {
    plan.quirks.Add(smtp::Quirk::kImplicitMx);
    plan.hosts.push_back({.preference = 0, .host = domain});
    return plan;
  }
  // Two of them say no more than one.
  if (std::all_of(records.begin(), records.end(), IsRoot)) {
    plan.null_mx = true;
    return plan;
  }
  if (std::erase_if(records, IsRoot) > 0) {
    plan.quirks.Add(smtp::Quirk::kNullMxMixed);
  }
  if (std::erase_if(records, [](const MxRecord& record) {
        return !IsHostName(record.host);
      }) > 0) {
    plan.quirks.Add(smtp::Quirk::kMxInvalid);
  }
  std::sort(records.begin(), records.end());
  std::set<std::string_view> seen;
  for (const MxRecord& record : records) {
    if (!seen.insert(record.host).second) continue;
    if (plan.hosts.size() == kMaxMailHosts) {
      plan.quirks.Add(smtp::Quirk::kTooManyMx);
      break;
    }
    plan.hosts.push_back(record);
  }
  return plan;
}

}  // namespace probe::plan
