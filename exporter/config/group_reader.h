// Makes the reader of target groups that a configuration brings along.
#ifndef EXPORTER_CONFIG_GROUP_READER_H_
#define EXPORTER_CONFIG_GROUP_READER_H_

#include <memory>

#include "exporter/config/modules.h"
#include "exporter/config/shard.h"
#include "exporter/config/target_groups.h"
#include "exporter/config/tls_contexts.h"

namespace exporter::config {

// `contexts` are those of the configuration: its targets and those of all
// groups share what they have in common, and files are read again by a reload
// only.
std::shared_ptr<const GroupReader> MakeGroupReader(
    Modules modules, std::shared_ptr<TlsContexts> contexts, const Shard& shard);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_GROUP_READER_H_
