// Why a configuration, or a list of targets, was refused.
#ifndef EXPORTER_CONFIG_CONFIG_ERROR_H_
#define EXPORTER_CONFIG_CONFIG_ERROR_H_

#include <string>
#include <vector>

namespace exporter {

// One or more lines of the form
// "config.yaml:12:7: targets[3].port: 70000 is out of range (1-65535)".
struct ConfigError {
  std::vector<std::string> messages;  // Never empty, in the order of the file.
};

}  // namespace exporter

#endif  // EXPORTER_CONFIG_CONFIG_ERROR_H_
