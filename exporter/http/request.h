// What libmicrohttpd has parsed, as our Request.
#ifndef EXPORTER_HTTP_REQUEST_H_
#define EXPORTER_HTTP_REQUEST_H_

#include <microhttpd.h>

#include <cstddef>
#include <expected>

#include "exporter/http/server.h"

namespace exporter::http {

// Throws std::bad_alloc.
Request ReadRequest(MHD_Connection* connection, const char* path,
                    const char* method);

// The body's announced length: 0 when there is none, and for a chunked one,
// which announces nothing. The error is the status that refuses the request
// because two servers could see different ends of the body: 400.
std::expected<std::size_t, int> AnnouncedBodyBytes(MHD_Connection* connection);

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_REQUEST_H_
