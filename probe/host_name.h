// Which names from DNS are host names. Pure.
#ifndef PROBE_HOST_NAME_H_
#define PROBE_HOST_NAME_H_

#include <string_view>

namespace probe {

// Whether a name that a stranger's zone gave us (any case, without trailing
// dot) may be shown and asked for as a host name; as strict as Postfix. Labels
// of letters, digits, hyphens inside and underscores (such hosts exist), within
// the limits of RFC 1035 2.3.4. Not one whose last label is a number (RFC 1123
// 2.1): that is an IPv4 address, or what inet_aton(3) takes for one (127.1,
// 0x7f.1), and would be its own address.
bool IsHostName(std::string_view name);

}  // namespace probe

#endif  // PROBE_HOST_NAME_H_
