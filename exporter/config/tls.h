// The `tls:` block of modules and targets: what a level hands down to the next.
// A target changes its module's block key by key.
#ifndef EXPORTER_CONFIG_TLS_H_
#define EXPORTER_CONFIG_TLS_H_

#include <string_view>
#include <vector>

#include "exporter/config/field.h"
#include "exporter/config/tls_contexts.h"
#include "probe/target.h"

namespace exporter::config {

struct TlsBlock {
  TlsBlock() { settings.mode = probe::TlsMode::kOpportunistic; }

  // Without a context, which a target gets once it is complete.
  probe::TlsSettings settings;
  std::vector<probe::tls::KeyType> certificate_types;
};

// A block with a mistake changes nothing but the mode.
void ReadTls(const Field& field, TlsContexts& contexts, TlsBlock& block);

void ReadTlsVersion(const Field& field, probe::tls::Version& version);

// As in the configuration: "required".
std::string_view ModeName(probe::TlsMode mode);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_TLS_H_
