#include "exporter/config/config_reader.h"

#include <memory>
#include <utility>

#include "exporter/config/field.h"
#include "exporter/config/group_reader.h"
#include "exporter/config/host_name.h"
#include "exporter/config/http_sd_reader.h"
#include "exporter/config/map_reader.h"
#include "exporter/config/modules.h"
#include "exporter/config/on_demand_reader.h"
#include "exporter/config/settings.h"
#include "exporter/config/target_files.h"
#include "exporter/config/target_reader.h"
#include "exporter/config/tls_contexts.h"

namespace exporter::config {
namespace {

constexpr std::uint16_t kDnsPort = 53;
// As resolv.conf(5) allows, in time and tries.
constexpr DurationRange kDnsTimeoutRange = {std::chrono::milliseconds(10),
                                            std::chrono::seconds(30)};
constexpr int kMaxDnsTries = 5;
constexpr std::size_t kMaxDnsServers = 16;

void ReadServer(const Field& field, std::vector<std::string>& servers) {
  if (!field.value().IsText()) return field.ComplainKind("an address");
  const auto parsed = ParseHostPort(field.value().text);
  if (!parsed || !parsed->literal) {
    field.Complain(
        parsed ? Quoted(field.value().text) +
                     " is not an IP address, and a resolver cannot be a name"
               : parsed.error());
    return;
  }
  servers.push_back(parsed->literal->WithPort(parsed->port.value_or(kDnsPort)));
}

void ReadDns(const Field& field, DnsConfig& dns) {
  MapReader map(field);
  if (const auto servers = map.Take("servers")) {
    if (servers->value().items.size() > kMaxDnsServers) {
      servers->Complain("has more than 16 servers");
    } else {
      ReadList(*servers, "a list of addresses", [&dns](const Field& server) {
        ReadServer(server, dns.servers);
      });
    }
  }
  if (const auto timeout = map.Take("timeout")) {
    ReadDuration(*timeout, kDnsTimeoutRange, dns.timeout);
  }
  if (const auto tries = map.Take("tries")) {
    if (const auto number = ReadNumber(*tries, 1, kMaxDnsTries)) {
      dns.tries = static_cast<int>(*number);
    }
  }
  map.Finish();
}

void WarnOfEhloName(std::vector<std::string>& warnings) {
  if (CheckEhloName(ThisHost())) return;
  warnings.push_back(
      "this host has no full name, so EHLO says " + EhloNameFor(ThisHost()) +
      ", which some servers refuse; set ehlo_name to a name that resolves to "
      "this host");
}

}  // namespace

Config ReadConfig(const Value& root, const std::string& folder,
                  const Shard& shard, Problems& problems) {
  Config config;
  const Field field(root, problems);
  if (root.kind == Value::Kind::kNull) {
    // More likely a file that is just being written than one that is meant.
    field.Complain("is empty; to watch nothing, write \"targets: []\"");
    return config;
  }
  MapReader map(field);
  if (root.kind != Value::Kind::kMap) return config;
  Settings defaults;
  ReadSettings(map, defaults);
  if (const auto dns = map.Take("dns")) ReadDns(*dns, config.dns);
  if (const auto files = map.Take("target_files")) {
    ReadTargetFiles(*files, folder, config.target_files);
  }
  if (const auto urls = map.Take("http_sd")) {
    ReadHttpSd(*urls, folder, config.http_sd);
  }
  if (const auto on_demand = map.Take("on_demand")) {
    ReadOnDemand(*on_demand, config.on_demand);
  }
  map.Refuse("tls", "belongs to a module or a target");
  const auto contexts = std::make_shared<TlsContexts>(folder);
  const Modules modules(defaults, map.Take("modules"), *contexts);
  TargetReader reader(modules, *contexts, shard,
                      TargetReader::Duplicates::kRefuse);
  const auto targets = map.Take("targets");
  map.Finish();
  if (targets) {
    config.targets.reserve(targets->value().items.size());
    ReadList(*targets, "a list of mail servers", [&](const Field& item) {
      if (auto target = reader.Read(item)) {
        config.targets.push_back(std::move(target));
      }
    });
  }
  // Targets that come later may need the name too, and those that somebody asks
  // for on demand then find it known: to look it up may block.
  if (defaults.ehlo_name.empty()) ThisHost();
  const bool more_targets = !config.target_files.empty() ||
                            !config.http_sd.empty() ||
                            config.on_demand.permits_more();
  if (reader.used_own_name() || (more_targets && defaults.ehlo_name.empty())) {
    WarnOfEhloName(config.warnings);
  }
  if (config.on_demand.permits_more()) {
    // What a target that is asked for may need is read here, and not on the
    // loop. One that is missing is complained about where it is used.
    for (const std::string_view name : modules.Names()) {
      static_cast<void>(
          contexts->Get(modules.Find(name)->settings.tls.settings));
    }
  }
  if (config.on_demand.any) {
    config.warnings.push_back(
        "on_demand.any lets whoever reaches this program's HTTP address have "
        "any public mail server probed");
  }
  config.group_reader = MakeGroupReader(modules, contexts, shard);
  for (const auto& more : {contexts->Warnings(), problems.Warnings()}) {
    config.warnings.insert(config.warnings.end(), more.begin(), more.end());
  }
  return config;
}

}  // namespace exporter::config
