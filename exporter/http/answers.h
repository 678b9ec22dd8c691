// Responses that several pages give.
#ifndef EXPORTER_HTTP_ANSWERS_H_
#define EXPORTER_HTTP_ANSWERS_H_

#include <chrono>
#include <optional>
#include <string>

#include "exporter/http/server.h"

namespace exporter::http {

Response Text(int status, std::string text);

// The value is JSON text.
Response Json(int status, std::string json);

// A header that tells a client when to come back, if there is such a time.
void AddRetryAfter(std::optional<std::chrono::seconds> after,
                   Response& response);

Response MethodNotAllowed(std::string allow, std::string text);

// Whether the request changes nothing: GET or HEAD.
bool Reads(const Request& request);

// 405 unless the request only reads; none: it does.
std::optional<Response> RefuseUnlessRead(const Request& request);

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_ANSWERS_H_
