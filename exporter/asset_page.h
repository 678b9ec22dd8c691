// The files that are part of the program, as HTTP answers.
#ifndef EXPORTER_ASSET_PAGE_H_
#define EXPORTER_ASSET_PAGE_H_

#include <optional>

#include "exporter/http/server.h"

namespace exporter {

// The file at the request's path, 304 when the client has it; none: there is no
// such file.
std::optional<http::Response> AssetPage(const http::Request& request);

}  // namespace exporter

#endif  // EXPORTER_ASSET_PAGE_H_
