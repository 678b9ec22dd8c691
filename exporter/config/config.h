// A configuration as the program uses it: complete, checked, immutable.
#ifndef EXPORTER_CONFIG_CONFIG_H_
#define EXPORTER_CONFIG_CONFIG_H_

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/config_error.h"
#include "exporter/config/http_sd.h"
#include "exporter/config/on_demand.h"
#include "exporter/config/shard.h"
#include "exporter/config/target_groups.h"
#include "exporter/config/target_list.h"
#include "probe/clock.h"

namespace exporter {

// The `dns:` block.
struct DnsConfig {
  // "address:port" each; empty: this host's resolver configuration.
  std::vector<std::string> servers;
  probe::Duration timeout = std::chrono::seconds(2);
  int tries = 2;

  friend bool operator==(const DnsConfig&, const DnsConfig&) = default;
};

struct Config {
  // In the order of the file, without those that belong to other shards.
  TargetList targets;
  DnsConfig dns;
  // `target_files:`, complete names with at most one '*', in the last part.
  std::vector<std::string> target_files;
  std::vector<HttpSdConfig> http_sd;
  OnDemandConfig on_demand;
  // For what lists bring, and for targets that somebody names. Never null.
  std::shared_ptr<const GroupReader> group_reader;
  // What was read, as YAML for people and without secrets. Never null.
  std::shared_ptr<const std::string> text;
  // One line each, for the log: what is accepted and yet not as it should be.
  std::vector<std::string> warnings;
};

// Bigger files are refused. 100,000 targets with labels need about 15 MB.
inline constexpr std::size_t kMaxConfigBytes = 64 * 1024 * 1024;
// Of what is shown of it.
inline constexpr std::size_t kMaxConfigTextBytes = kMaxConfigBytes;
// So that a broken file does not print a million lines.
inline constexpr std::size_t kMaxConfigMessages = 20;

// Reads and checks a file, and the certificates and keys that it names: each
// load reads them again. Pure but for reading files and, when no `ehlo_name` is
// given, asking the host for its name; may run on any thread.
std::expected<Config, ConfigError> LoadConfig(const std::string& path,
                                              const Shard& shard = {});

// The same for a text; `name` stands where the file name stands in messages.
// Files that the text names are relative to the folder of `name`.
std::expected<Config, ConfigError> ParseConfig(std::string_view text,
                                               const std::string& name,
                                               const Shard& shard = {});

}  // namespace exporter

#endif  // EXPORTER_CONFIG_CONFIG_H_
