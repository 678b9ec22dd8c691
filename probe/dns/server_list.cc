#include "probe/dns/server_list.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "probe/ip_address.h"

namespace probe::dns {
namespace {

constexpr std::uint16_t kDnsPort = 53;

std::optional<std::uint16_t> PortOf(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || parsed != end || port == 0) return std::nullopt;
  return port;
}

std::optional<std::string> Canonical(std::string_view server) {
  std::string_view host = server;
  std::optional<std::uint16_t> port = kDnsPort;
  if (server.starts_with('[')) {
    const std::size_t end = server.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = server.substr(1, end - 1);
    const std::string_view rest = server.substr(end + 1);
    if (!rest.empty()) {
      if (rest[0] != ':') return std::nullopt;
      port = PortOf(rest.substr(1));
    }
    if (host.find(':') == std::string_view::npos) return std::nullopt;
  } else if (const std::size_t colon = server.find(':');
             colon != std::string_view::npos && colon == server.rfind(':')) {
    // One colon: a port. More of them: IPv6.
    host = server.substr(0, colon);
    port = PortOf(server.substr(colon + 1));
  }
  const auto address = IpAddress::Parse(host);
  if (!address || !port) return std::nullopt;
  return address->WithPort(*port);
}

}  // namespace

std::expected<std::string, std::string> ServerList(
    const std::vector<std::string>& servers) {
  std::string list;
  for (const std::string& server : servers) {
    const auto canonical = Canonical(server);
    if (!canonical) {
      return std::unexpected("DNS server \"" + server +
                             "\" is not an IP address with an optional port");
    }
    if (!list.empty()) list += ',';
    list += *canonical;
  }
  return list;
}

}  // namespace probe::dns
