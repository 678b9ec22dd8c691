// A target's settings as they came out, for people.
#ifndef EXPORTER_CONFIG_TARGET_TEXT_H_
#define EXPORTER_CONFIG_TARGET_TEXT_H_

#include <string>

#include "probe/target.h"

namespace exporter {

// YAML, with the keys of the configuration and without secrets: of files only
// that they are set.
std::string TargetText(const probe::Target& target);

}  // namespace exporter

#endif  // EXPORTER_CONFIG_TARGET_TEXT_H_
