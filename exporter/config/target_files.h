// The `target_files:` list.
#ifndef EXPORTER_CONFIG_TARGET_FILES_H_
#define EXPORTER_CONFIG_TARGET_FILES_H_

#include <string>
#include <vector>

#include "exporter/config/field.h"

namespace exporter::config {

// `file` as seen from the folder of the configuration, as an absolute name
// without detours, so that one file has one name. "" is the current folder.
std::string CompleteName(const std::string& folder, const std::string& file);

// The name of a file that need not be there yet; refuses what cannot be one.
void ReadCompleteName(const Field& field, const std::string& folder,
                      std::string& file);

// Complete names. They follow Prometheus' rule for file_sd: a name ends in
// .json, .yml or .yaml, and one '*' may stand in its last part.
void ReadTargetFiles(const Field& field, const std::string& folder,
                     std::vector<std::string>& files);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_TARGET_FILES_H_
