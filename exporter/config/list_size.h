// How much a list of target groups asks for, told before any target is made of
// it. In YAML an alias of a few bytes may stand for a whole group, so that the
// size of the text says little.
#ifndef EXPORTER_CONFIG_LIST_SIZE_H_
#define EXPORTER_CONFIG_LIST_SIZE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "exporter/config/document.h"

namespace exporter::config {

// Of one list, shards that are not ours included. Ten times of what one daemon
// is meant for; half a gigabyte.
inline constexpr std::uint64_t kMaxListTargets = 1'000'000;
// Each target has a copy of its group's labels: so much for all copies of a
// list, which is seven labels for each of a million targets.
inline constexpr std::uint64_t kMaxListLabelBytes = 512 * 1024 * 1024;

// Why a list is too large to be read, as a sentence; "" when it is not. `root`
// is the whole document, whatever is in it; never walks through more than
// kMaxValues values.
std::string WhyTooLarge(const Value& root);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_LIST_SIZE_H_
