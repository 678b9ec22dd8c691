// What names a target in the API's addresses: the same in every process as long
// as the target has its name and module.
#ifndef EXPORTER_TARGET_ID_H_
#define EXPORTER_TARGET_ID_H_

#include <cstdint>

#include "probe/stable_hash.h"
#include "probe/target.h"

namespace exporter {

using TargetId = std::uint64_t;

inline TargetId IdOf(const probe::Target& target) {
  return probe::StableHash(probe::Identity(target));
}

}  // namespace exporter

#endif  // EXPORTER_TARGET_ID_H_
