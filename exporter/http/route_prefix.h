// All pages below a path of their own, as behind a reverse proxy that passes
// the path on.
#ifndef EXPORTER_HTTP_ROUTE_PREFIX_H_
#define EXPORTER_HTTP_ROUTE_PREFIX_H_

#include <string>

#include "exporter/http/server.h"

namespace exporter::http {

// `prefix` begins with a slash and does not end with one; `pages` sees paths
// without it. "/" leads to `home`, the prefix alone to the prefix with a slash,
// and nothing else is there.
Handler UnderPrefix(std::string prefix, std::string home, Handler pages);

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_ROUTE_PREFIX_H_
