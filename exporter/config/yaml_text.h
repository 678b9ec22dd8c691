// A tree of the configuration as YAML text for people: what was read, with
// aliases resolved, without comments and without secrets.
#ifndef EXPORTER_CONFIG_YAML_TEXT_H_
#define EXPORTER_CONFIG_YAML_TEXT_H_

#include <cstddef>
#include <string>

#include "exporter/config/document.h"

namespace exporter::config {

// In the place of a secret.
inline constexpr const char* kRedacted = "<secret>";

// The values of keys that hold secrets (password, credentials, key, ...), and
// the user in a URL, are shown as kRedacted whatever they are. `root` is of a
// document that was accepted, and so no deeper than the configuration's shape;
// beyond `most_bytes` a comment says that the rest is missing.
std::string YamlText(const Value& root, std::size_t most_bytes);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_YAML_TEXT_H_
