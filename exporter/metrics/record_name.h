// Values of the label `record`.
#ifndef EXPORTER_METRICS_RECORD_NAME_H_
#define EXPORTER_METRICS_RECORD_NAME_H_

#include <string_view>

#include "probe/lookup.h"

namespace exporter::metrics {

inline std::string_view Name(probe::RecordType record) {
  switch (record) {
    case probe::RecordType::kA:
      return "a";
    case probe::RecordType::kAaaa:
      return "aaaa";
    case probe::RecordType::kMx:
      return "mx";
    case probe::RecordType::kPtr:
      return "ptr";
  }
  return "";
}

}  // namespace exporter::metrics

#endif  // EXPORTER_METRICS_RECORD_NAME_H_
