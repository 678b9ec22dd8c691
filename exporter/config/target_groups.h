// Target lists in the form of Prometheus' file_sd and http_sd:
// [{targets: [...], labels: {...}}, ...], in JSON or YAML. Strict, as
// Prometheus is: what is not well-formed as a whole is refused as a whole.
//
// A group's labels become user labels of its targets. `__module`, `__interval`
// and `__smtp_<key>` set the key of the target (`__smtp_timeout`,
// `__smtp_tls_mode`, `__smtp_expect_starttls`, ...; lists with commas between
// their items); `__smtp_domain: "true"` makes the targets domains. The rest of
// `__*` is dropped. A target may be listed several times: the list has the
// first one as often, and whoever joins the lists takes it once.
#ifndef EXPORTER_CONFIG_TARGET_GROUPS_H_
#define EXPORTER_CONFIG_TARGET_GROUPS_H_

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/config/config_error.h"
#include "exporter/config/target_list.h"
#include "probe/target.h"

namespace exporter {

enum class GroupFormat { kJson, kYaml };

// A target that somebody names, and that stands in no list.
struct NamedTarget {
  std::string text;  // "mx1.example.com:587"
  bool is_domain = false;
  // Keys of a target and their values, lists with commas between their items:
  // "module", "tls.server_name", "expect.starttls", ...; those that labels of
  // a group may set.
  std::vector<std::pair<std::string, std::string>> settings;
};

// Reads target groups with the defaults and modules of one configuration.
// Immutable; any thread, several at once.
class GroupReader {
 public:
  virtual ~GroupReader() = default;

  // All targets of the groups, without those that belong to other shards.
  // `name` stands where the file name stands in messages. A text over
  // kMaxConfigBytes is refused, and a list that asks for too much
  // (config/list_size.h).
  virtual std::expected<TargetList, ConfigError> Read(
      std::string_view text, const std::string& name,
      GroupFormat format) const = 0;

  // One target, whatever the shard. The error has a sentence for each mistake,
  // "module: there is no module "x""; `show_key`, if given, tells what stands
  // there for a key ("host" is the target itself).
  virtual std::expected<std::shared_ptr<const probe::Target>, ConfigError>
  ReadOne(const NamedTarget& named,
          std::string (*show_key)(const std::string& key) = nullptr) const = 0;
  // In the order of their names.
  virtual std::vector<std::string> ModuleNames() const = 0;
};

}  // namespace exporter

#endif  // EXPORTER_CONFIG_TARGET_GROUPS_H_
