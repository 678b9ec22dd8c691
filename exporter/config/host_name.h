// Host names, and what stands for them: IP addresses, host:port, the argument
// of EHLO. Everything here ends up in a DNS query, an SMTP command or a label,
// so it is refused unless it is plainly right. Errors are sentences about the
// given text.
#ifndef EXPORTER_CONFIG_HOST_NAME_H_
#define EXPORTER_CONFIG_HOST_NAME_H_

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "probe/ip_address.h"

namespace exporter::config {

// RFC 1035 2.3.4: 255 octets on the wire are 253 characters in text.
inline constexpr std::size_t kMaxHostName = 253;
inline constexpr std::size_t kMaxHostLabel = 63;

// Letters, digits, hyphens, dots; underscores too, which some resolve though
// no host name has them (RFC 952); one trailing dot. No IP address, and nothing
// that inet_aton(3) would take for one (127.1, 0x7f.1).
std::expected<void, std::string> CheckHostName(std::string_view name);

struct HostPort {
  std::string host;  // Without brackets; an international name in ASCII form.
  std::optional<probe::IpAddress> literal;
  std::optional<std::uint16_t> port;
};

// "host", "host:25", "192.0.2.1", "192.0.2.1:25", "2001:db8::1",
// "[2001:db8::1]", "[2001:db8::1]:25".
std::expected<HostPort, std::string> ParseHostPort(std::string_view text);

// The argument of EHLO: a host name with at least one dot, or an address
// literal, "[192.0.2.1]" or "[IPv6:2001:db8::1]". Servers refuse anything
// else, and blocklists take "localhost" for a spam program.
std::expected<void, std::string> CheckEhloName(std::string_view name);

// `name` as DNS has it. An international name is converted as browsers do it
// (IDNA2008 with UTS 46, non-transitional) and is then in lower case, without
// trailing dot: "münchen.example" is "xn--mnchen-3ya.example". Another one is
// checked by CheckHostName and stays as it is.
std::expected<std::string, std::string> ToAsciiName(std::string_view name);

// A valid EHLO name from what a host calls itself; `host` may be anything.
// One without a dot gets ".invalid" (RFC 2606), which is honest: whoever
// checks it finds that it does not exist.
std::string EhloNameFor(std::string_view host);

// This host's full name as gethostname(2) or the hosts file and DNS have it;
// else the bare one. Asks once per process, because DNS may block.
const std::string& ThisHost();

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_HOST_NAME_H_
