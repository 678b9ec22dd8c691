// The settings that a level of the configuration hands down to the next: top
// level -> module -> target. Each level copies its parent's and changes what it
// names.
#ifndef EXPORTER_CONFIG_SETTINGS_H_
#define EXPORTER_CONFIG_SETTINGS_H_

#include <optional>
#include <string>

#include "exporter/config/field.h"
#include "exporter/config/map_reader.h"
#include "exporter/config/tls.h"
#include "probe/ip_address.h"
#include "probe/target.h"

namespace exporter::config {

// More often is no monitoring but load; less often than daily, no scrape would
// find a fact that is not stale.
inline constexpr DurationRange kIntervalRange = {std::chrono::seconds(1),
                                                 std::chrono::hours(24)};
// RFC 5321 4.5.3.2 lets a client wait 5 minutes for one reply.
inline constexpr DurationRange kTimeoutRange = {std::chrono::milliseconds(10),
                                                std::chrono::hours(1)};
inline constexpr DurationRange kStaleRange = {std::chrono::seconds(1),
                                              std::chrono::hours(365 * 24)};

struct Settings {
  probe::Duration interval = std::chrono::seconds(60);
  // As set; a phase may be longer than the total that a lower level sets.
  probe::Timeouts timeouts;
  std::optional<probe::Duration> stale_after;
  std::string ehlo_name;  // "": this host's.
  probe::AddressChoice addresses = probe::AddressChoice::kAll;
  probe::IpProtocol ip_protocol = probe::IpProtocol::kAuto;
  // None: hosts may have any address, exchangers of domains public ones only.
  std::optional<probe::PrivateAddresses> private_addresses;
  std::optional<probe::IpAddress> source_address;
  TlsBlock tls;
};

// The keys of every level: interval, timeout, timeouts, stale_after, ehlo_name.
void ReadSettings(MapReader& map, Settings& settings);
// Keys of modules and targets beyond those: addresses, ip_protocol,
// private_addresses, source_address. What remains is `tls`.
void ReadAddressSettings(MapReader& map, Settings& settings);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_SETTINGS_H_
