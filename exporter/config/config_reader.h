// A document's meaning: defaults, modules, targets and where more of them come
// from, in this order.
#ifndef EXPORTER_CONFIG_CONFIG_READER_H_
#define EXPORTER_CONFIG_CONFIG_READER_H_

#include <string>

#include "exporter/config/config.h"
#include "exporter/config/document.h"
#include "exporter/config/problems.h"
#include "exporter/config/shard.h"

namespace exporter::config {

// What it returns is of use only when it found no problems. Files are relative
// to `folder`; "" is the current one.
Config ReadConfig(const Value& root, const std::string& folder,
                  const Shard& shard, Problems& problems);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_CONFIG_READER_H_
