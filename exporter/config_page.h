// The configuration as it was read, at /config.
#ifndef EXPORTER_CONFIG_PAGE_H_
#define EXPORTER_CONFIG_PAGE_H_

#include <memory>
#include <string>

#include "exporter/http/server.h"

namespace exporter {

// `text` is Config::text. Piece by piece: 100,000 targets are many megabytes.
http::Response ConfigPage(std::shared_ptr<const std::string> text);

}  // namespace exporter

#endif  // EXPORTER_CONFIG_PAGE_H_
