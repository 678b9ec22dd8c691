// Which hosts take the mail of a domain (RFC 5321 5.1, RFC 7505). Pure.
#ifndef PROBE_PLAN_MAIL_HOSTS_H_
#define PROBE_PLAN_MAIL_HOSTS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "probe/mx.h"
#include "probe/smtp/quirk.h"

namespace probe::plan {

// Hosts probed per domain; the rest, of the worst preference, is left out and
// leaves a quirk. Big providers publish five; what a stranger publishes must
// not grow our work at will.
inline constexpr std::size_t kMaxMailHosts = 20;

struct MailHosts {
  // Sorted by preference, then by name, so that the answer's rotation is no
  // change; each host once, with its best preference. Host names, all valid.
  std::vector<MxRecord> hosts;
  // The domain takes no mail; `hosts` is empty.
  bool null_mx = false;
  // implicit_mx, null_mx_mixed, mx_invalid, too_many_mx.
  smtp::Quirks quirks;
};

// `records` is what DNS said about `domain` (a host name in lower case, without
// trailing dot); empty when the domain exists without MX records: it is then
// its own exchanger, with preference 0.
//
// - The root alone is a null MX, whatever its preference; beside others it is
//   forbidden (RFC 7505 3), and ignored.
// - A host that is an IP address or no host name is skipped; underscores are
//   tried, because such hosts exist.
// - `hosts` empty without null_mx: not one record is of use. The domain's own
//   address must not stand in for them (RFC 5321 5.1).
MailHosts PlanMailHosts(const std::string& domain,
                        std::vector<MxRecord> records);

}  // namespace probe::plan

#endif  // PROBE_PLAN_MAIL_HOSTS_H_
