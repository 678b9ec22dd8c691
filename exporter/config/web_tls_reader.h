// The `tls_server_config:` block of the web configuration.
#ifndef EXPORTER_CONFIG_WEB_TLS_READER_H_
#define EXPORTER_CONFIG_WEB_TLS_READER_H_

#include <string>

#include "exporter/config/field.h"
#include "exporter/config/web_config.h"

namespace exporter::config {

// Fills in `tls` and the names of files and what is odd.
void ReadWebTls(const Field& field, const std::string& folder,
                WebConfig& config);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_WEB_TLS_READER_H_
