// Reads the `on_demand:` block.
#ifndef EXPORTER_CONFIG_ON_DEMAND_READER_H_
#define EXPORTER_CONFIG_ON_DEMAND_READER_H_

#include "exporter/config/field.h"
#include "exporter/config/on_demand.h"

namespace exporter::config {

void ReadOnDemand(const Field& field, OnDemandConfig& on_demand);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_ON_DEMAND_READER_H_
