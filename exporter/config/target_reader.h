// Turns the items of `targets:`, and what target groups make of theirs, into
// probe::Targets.
#ifndef EXPORTER_CONFIG_TARGET_READER_H_
#define EXPORTER_CONFIG_TARGET_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "exporter/config/expect.h"
#include "exporter/config/field.h"
#include "exporter/config/host_name.h"
#include "exporter/config/map_reader.h"
#include "exporter/config/modules.h"
#include "exporter/config/shard.h"
#include "exporter/config/tls_contexts.h"
#include "probe/target.h"

namespace exporter::config {

class TargetReader {
 public:
  // What becomes of a target with the identity of an earlier one.
  enum class Duplicates { kRefuse, kKeep };

  // Both must outlive the reader.
  TargetReader(const Modules& modules, TlsContexts& contexts,
               const Shard& shard, Duplicates duplicates)
      : modules_(modules),
        contexts_(contexts),
        shard_(shard),
        duplicates_(duplicates) {}
  TargetReader(const TargetReader&) = delete;
  TargetReader& operator=(const TargetReader&) = delete;

  // A map or a shorthand; null when it is not good, and then complained about,
  // or when it is another shard's.
  std::shared_ptr<const probe::Target> Read(const Field& field);

  // Whether a target was given the EHLO name made up from this host's name.
  bool used_own_name() const { return used_own_name_; }

 private:
  struct Seen {
    std::string path;
    std::uint32_t line = 0;
    bool is_domain = false;
  };

  // `text` becomes what the target is called where it was written.
  bool ReadEndpoint(const Field& field, MapReader& map, probe::Target& target,
                    std::string& text);
  const Module* ChooseModule(MapReader& map, std::optional<std::uint16_t> port,
                             probe::Target& target);
  void ReadOverrides(MapReader& map, Settings& settings, probe::Target& target);
  void Complete(const Field& field, Settings settings, probe::Target& target);
  void Converse(const Field& field, Settings settings, probe::Target& target);
  std::shared_ptr<const probe::Conversation> Intern(
      const Field& field, probe::Conversation conversation);
  void RefuseDuplicate(const Field& field, const probe::Target& target);

  const Modules& modules_;
  TlsContexts& contexts_;
  const Shard shard_;
  ExpectReader expect_reader_;
  bool used_own_name_ = false;
  // By fingerprint: equal conversations are one, so that many targets stay
  // small. Within one load, equal file names are equal files.
  std::unordered_map<std::string, std::shared_ptr<const probe::Conversation>>
      conversations_;
  const Duplicates duplicates_;
  std::unordered_map<std::string, Seen> seen_;  // By identity.
};

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_TARGET_READER_H_
