#include "probe/plan/mail_hosts.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace probe::plan {
namespace {

// RFC 1035 2.3.4: 255 octets on the wire are 253 characters in text.
constexpr std::size_t kMaxHostName = 253;
constexpr std::size_t kMaxLabel = 63;

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kHostBytes =
    "abcdefghijklmnopqrstuvwxyz0123456789-_";

bool IsLabel(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabel &&
         label.find_first_not_of(kHostBytes) == label.npos &&
         label.front() != '-' && label.back() != '-';
}

// A last label that is a number makes an IPv4 address, or what inet_aton(3)
// takes for one (127.1, 0x7f.1), and no name on the Internet has one (RFC 1123
// 2.1).
bool IsNumber(std::string_view label) {
  if (label.starts_with("0x")) {
    return label.find_first_not_of(kHexDigits, 2) == label.npos;
  }
  return label.find_first_not_of(kDigits) == label.npos;
}

// Whether a sender would look the name up: as strict as Postfix.
bool IsHostName(std::string_view name) {
  if (name.size() > kMaxHostName) return false;
  while (true) {
    const std::string_view label = name.substr(0, name.find('.'));
    if (!IsLabel(label)) return false;
    if (label.size() == name.size()) return !IsNumber(label);
    name.remove_prefix(label.size() + 1);
  }
}

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
