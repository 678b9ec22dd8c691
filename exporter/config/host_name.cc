#include "exporter/config/host_name.h"

#include <idn2.h>
#include <netdb.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <utility>

#include "exporter/config/problems.h"

namespace exporter::config {
namespace {

using Result = std::expected<void, std::string>;

// In its ASCII form a name is at most as long as four bytes per character.
constexpr std::size_t kMaxInternationalName = 4 * kMaxHostName;

std::unexpected<std::string> Refused(std::string_view text,
                                     std::string_view why) {
  return std::unexpected(Quoted(text) + " " + std::string(why));
}

// Not <cctype>, which asks the locale.
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = Lower(c);
  return lower;
}

// Why `c` cannot stand in a host name.
std::string_view WhyNot(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x80) {
    return "is not a host name: write international names in their ASCII form "
           "(xn--...)";
  }
  if (byte < 0x20 || byte == 0x7F) {
    return "is not a host name: it holds a control character";
  }
  switch (c) {
    case ' ':
      return "is not a host name: it holds a space";
    case '@':
      return "is not a host name but looks like a mail address";
    case '/':
      return "is not a host name: write host or host:port, no URL or network";
    case '%':
      return "is not a host name: addresses with a zone (%eth0) are not "
             "supported";
    default:
      return "is not a host name: only letters, digits, hyphens and dots are "
             "allowed";
  }
}

Result CheckCharacters(std::string_view name) {
  for (const char c : name) {
    const bool allowed =
        IsLetter(c) || IsDigit(c) || c == '-' || c == '.' || c == '_';
    if (!allowed) return Refused(name, WhyNot(c));
  }
  return {};
}

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x80;
  });
}

// Before the library sees them: it takes a C string, and lets most of ASCII
// pass.
Result CheckAsciiCharacters(std::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const std::string_view c = name.substr(i, 1);
    if (IsAscii(c) && !CheckCharacters(c)) return Refused(name, WhyNot(c[0]));
  }
  return {};
}

// `bare` is `name` without its trailing dot.
Result CheckLabels(std::string_view bare, std::string_view name) {
  std::string_view rest = bare;
  while (true) {
    const std::string_view label = rest.substr(0, rest.find('.'));
    if (label.empty()) {
      return Refused(name, "is not a host name: a part of it is empty");
    }
    if (label.size() > kMaxHostLabel) {
      return Refused(name,
                     "is not a host name: a part of it is longer than 63 "
                     "characters");
    }
    if (label.front() == '-' || label.back() == '-') {
      return Refused(name,
                     "is not a host name: a part of it begins or ends with a "
                     "hyphen");
    }
    if (label.size() == rest.size()) return {};
    rest.remove_prefix(label.size() + 1);
  }
}

// Whether a resolver would take the name for an IPv4 address in one of its odd
// forms: that is so when the last part is a number.
bool EndsInNumber(std::string_view name) {
  const std::string last = Lower(name.substr(name.rfind('.') + 1));
  const bool hexadecimal =
      last.starts_with("0x") &&
      last.find_first_not_of("0123456789abcdef", 2) == std::string::npos;
  return hexadecimal ||
         last.find_first_not_of("0123456789") == std::string::npos;
}

std::expected<std::uint16_t, std::string> ParsePort(std::string_view text,
                                                    std::string_view whole) {
  unsigned port = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (text.empty() || stop != end || !IsDigit(text.front()) ||
      error == std::errc::invalid_argument) {
    return Refused(whole, "does not end in a port number");
  }
  if (error != std::errc() || port < 1 || port > 65535) {
    return std::unexpected("port " + Printable(text) +
                           " is out of range (1-65535)");
  }
  return static_cast<std::uint16_t>(port);
}

std::expected<HostPort, std::string> ParseBracketed(std::string_view text) {
  const std::size_t close = text.find(']');
  if (close == std::string_view::npos) {
    return Refused(text, "has no closing bracket");
  }
  HostPort parsed;
  parsed.host = text.substr(1, close - 1);
  if (parsed.host.find('%') != std::string::npos) {
    return Refused(text, WhyNot('%'));
  }
  parsed.literal = probe::IpAddress::Parse(parsed.host);
  if (!parsed.literal || !parsed.literal->is_ip6()) {
    return Refused(text, "does not have an IPv6 address in its brackets");
  }
  const std::string_view rest = text.substr(close + 1);
  if (rest.empty()) return parsed;
  if (rest.front() != ':') {
    return Refused(text, "has something behind its bracket that is no port");
  }
  const auto port = ParsePort(rest.substr(1), text);
  if (!port) return std::unexpected(port.error());
  parsed.port = *port;
  return parsed;
}

}  // namespace

Result CheckHostName(std::string_view name) {
  if (name.empty()) return std::unexpected("must not be empty");
  if (const Result checked = CheckCharacters(name); !checked) return checked;
  std::string_view bare = name;
  if (bare.ends_with('.')) bare.remove_suffix(1);
  if (bare.size() > kMaxHostName) {
    return Refused(name,
                   "is not a host name: it is longer than 253 "
                   "characters");
  }
  if (const Result checked = CheckLabels(bare, name); !checked) return checked;
  if (EndsInNumber(bare)) {
    return Refused(name,
                   "is neither a host name nor an IPv4 address of four decimal "
                   "numbers");
  }
  return {};
}

std::expected<std::string, std::string> ToAsciiName(std::string_view name) {
  if (IsAscii(name)) {
    const Result checked = CheckHostName(name);
    if (!checked) return std::unexpected(checked.error());
    return std::string(name);
  }
  if (const Result checked = CheckAsciiCharacters(name); !checked) {
    return std::unexpected(checked.error());
  }
  if (name.size() > kMaxInternationalName) {
    return Refused(name, "is not a host name: it is too long");
  }
  const std::string text(name);
  std::uint8_t* converted = nullptr;
  const int code =
      idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(text.c_str()),
                     &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<std::uint8_t, void (*)(void*)> owner(converted,
                                                             &idn2_free);
  if (code != IDN2_OK) {
    return Refused(name, std::string("is not an international host name: ") +
                             idn2_strerror(code));
  }
  std::string ascii(reinterpret_cast<const char*>(converted));
  // Characters that look like others become them: dots, digits, nothing.
  if (const Result checked = CheckHostName(ascii); !checked) {
    return Refused(name,
                   "is not an international host name: " + checked.error());
  }
  if (ascii.ends_with('.')) ascii.pop_back();
  return ascii;
}

std::expected<HostPort, std::string> ParseHostPort(std::string_view text) {
  if (text.starts_with('[')) return ParseBracketed(text);
  HostPort parsed;
  parsed.host = text;
  parsed.literal = probe::IpAddress::Parse(text);
  if (parsed.literal) return parsed;
  const std::size_t colon = text.find(':');
  const std::string_view host = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    // Words before numbers: "smtp://mx" is a URL, not a bad port.
    if (text.find('/') != std::string_view::npos) {
      return Refused(text, WhyNot('/'));
    }
    if (text.find('%') != std::string_view::npos) {
      return Refused(text, WhyNot('%'));
    }
    if (text.find(':', colon + 1) != std::string_view::npos) {
      return Refused(text,
                     "is not an IPv6 address; with a port it is written "
                     "[2001:db8::1]:25");
    }
    const auto port = ParsePort(text.substr(colon + 1), text);
    if (!port) return std::unexpected(port.error());
    parsed.port = *port;
    parsed.host = host;
    parsed.literal = probe::IpAddress::Parse(host);
    if (parsed.literal) return parsed;
  }
  auto name = ToAsciiName(host);
  if (!name) return std::unexpected(name.error());
  parsed.host = std::move(*name);
  return parsed;
}

Result CheckEhloName(std::string_view name) {
  if (name.empty()) return std::unexpected("must not be empty");
  if (name.starts_with('[') && name.ends_with(']')) {
    std::string_view inner = name.substr(1, name.size() - 2);
    const bool ip6 = Lower(inner).starts_with("ipv6:");
    if (ip6) inner.remove_prefix(5);
    const auto address = probe::IpAddress::Parse(inner);
    if (address && address->is_ip6() == ip6) return {};
    return Refused(name,
                   "is not an address literal like [192.0.2.1] or "
                   "[IPv6:2001:db8::1]");
  }
  if (const auto address = probe::IpAddress::Parse(name)) {
    return Refused(name, "is a bare address; as EHLO name it is written " +
                             std::string(address->is_ip6() ? "[IPv6:" : "[") +
                             std::string(name) + "]");
  }
  const Result checked = CheckHostName(name);
  if (!checked) return checked;
  if (name.find('_') != std::string_view::npos) {
    return Refused(name, "is no EHLO name: servers refuse an underscore in it");
  }
  const std::string lower = Lower(name);
  if (lower == "localhost" || lower.ends_with(".localhost") ||
      lower == "localhost.localdomain") {
    return Refused(name, "is no EHLO name: servers take it for a spam program");
  }
  if (name.find('.') == std::string_view::npos || name.ends_with('.')) {
    return Refused(name,
                   "is no EHLO name: it must be a full name such as "
                   "monitor.example.net");
  }
  return {};
}

std::string EhloNameFor(std::string_view host) {
  if (CheckEhloName(host) && !host.starts_with('[')) return std::string(host);
  std::string label;
  for (const char c : host.substr(0, host.find('.'))) {
    label += IsLetter(c) || IsDigit(c) ? c : '-';
  }
  label = label.substr(0, kMaxHostLabel);
  while (label.ends_with('-')) label.pop_back();
  label.erase(0, std::min(label.find_first_not_of('-'), label.size()));
  if (label.empty() || Lower(label) == "localhost") label = "smtp-prober";
  return label + ".invalid";
}

const std::string& ThisHost() {
  static const std::string name = [] {
    std::array<char, 256> text{};
    if (gethostname(text.data(), text.size() - 1) != 0) return std::string();
    std::string host = text.data();
    if (host.empty() || host.find('.') != std::string::npos) return host;
    addrinfo hints{};
    hints.ai_flags = AI_CANONNAME;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return host;
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found,
                                                               &freeaddrinfo);
    if (found->ai_canonname != nullptr && CheckEhloName(found->ai_canonname)) {
      host = found->ai_canonname;
    }
    return host;
  }();
  return name;
}

}  // namespace exporter::config
