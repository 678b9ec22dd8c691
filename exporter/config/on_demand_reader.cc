#include "exporter/config/on_demand_reader.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/config/host_name.h"
#include "exporter/config/map_reader.h"

namespace exporter::config {
namespace {

// Each holds some memory, and a descriptor for each of its addresses.
constexpr std::int64_t kMostConcurrency = 10'000;
constexpr std::int64_t kMostRate = 10'000;
constexpr std::size_t kMostAllowed = 10'000;
constexpr std::size_t kMostPorts = 64;

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (text.ends_with('.')) text.pop_back();
  return text;
}

void ReadName(const Field& field, std::string_view name,
              std::vector<std::string>& names, std::string_view prefix) {
  const auto ascii = ToAsciiName(name);
  if (!ascii) return field.Complain(ascii.error());
  names.push_back(std::string(prefix) + Lower(*ascii));
}

void WarnOfLoopback(const Field& field, const probe::IpNetwork& network) {
  for (const std::string_view loopback : {"127.0.0.1", "::1"}) {
    if (!network.Contains(*probe::IpAddress::Parse(loopback))) continue;
    field.Warn("lets whoever asks have this host itself connected to");
  }
}

void ReadAllowed(const Field& field, OnDemandConfig& on_demand) {
  if (!field.value().IsText()) {
    return field.ComplainKind("a name, *.suffix or network");
  }
  const std::string_view text = field.value().text;
  if (text == "*") {
    return field.Complain("for every name, write any: true");
  }
  if (text.starts_with("*.")) {
    return ReadName(field, text.substr(2), on_demand.suffixes, ".");
  }
  if (const auto network = probe::IpNetwork::Parse(text)) {
    WarnOfLoopback(field, *network);
    return on_demand.networks.push_back(*network);
  }
  if (text.find('/') != std::string_view::npos) {
    return field.Complain(Quoted(text) +
                          " is no network like 192.0.2.0/24 or 2001:db8::/32");
  }
  ReadName(field, text, on_demand.names, "");
}

void ReadPorts(const Field& field, std::vector<std::uint16_t>& ports) {
  if (field.value().items.size() > kMostPorts) {
    return field.Complain("has more than 64 ports");
  }
  ports.clear();
  ReadList(field, "a list of ports", [&ports](const Field& item) {
    std::uint16_t port = 0;
    ReadPort(item, port);
    if (port != 0) ports.push_back(port);
  });
}

void ReadCount(const std::optional<Field>& field, std::int64_t most,
               std::size_t& count) {
  if (!field) return;
  if (const auto number = ReadNumber(*field, 1, most)) {
    count = static_cast<std::size_t>(*number);
  }
}

}  // namespace

void ReadOnDemand(const Field& field, OnDemandConfig& on_demand) {
  MapReader map(field);
  if (const auto any = map.Take("any")) {
    std::optional<bool> flag;
    ReadFlag(*any, flag);
    on_demand.any = flag.value_or(false);
  }
  if (const auto allow = map.Take("allow")) {
    if (allow->value().items.size() > kMostAllowed) {
      allow->Complain("has more than 10000 items");
    } else {
      ReadList(*allow, "a list of names and networks",
               [&](const Field& item) { ReadAllowed(item, on_demand); });
    }
  }
  if (const auto ports = map.Take("ports")) ReadPorts(*ports, on_demand.ports);
  ReadCount(map.Take("concurrency"), kMostConcurrency, on_demand.concurrency);
  ReadCount(map.Take("rate"), kMostRate, on_demand.rate);
  map.Finish();
}

}  // namespace exporter::config
