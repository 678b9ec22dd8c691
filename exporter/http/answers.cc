#include "exporter/http/answers.h"

#include <utility>

namespace exporter::http {

Response Text(int status, std::string text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"},
                      {"X-Content-Type-Options", "nosniff"}},
          .body = std::move(text)};
}

Response Json(int status, std::string json) {
  // Prometheus' http_sd takes this type and charset=utf-8 behind it, but
  // nothing else; RFC 8259 knows no charset.
  return {.status = status,
          .headers = {{"Content-Type", "application/json"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Cache-Control", "no-store"}},
          .body = std::move(json)};
}

void AddRetryAfter(std::optional<std::chrono::seconds> after,
                   Response& response) {
  if (!after) return;
  response.headers.emplace_back("Retry-After", std::to_string(after->count()));
}

Response MethodNotAllowed(std::string allow, std::string text) {
  Response response = Text(405, std::move(text));
  response.headers.emplace_back("Allow", std::move(allow));
  return response;
}

bool Reads(const Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

std::optional<Response> RefuseUnlessRead(const Request& request) {
  if (Reads(request)) return std::nullopt;
  return MethodNotAllowed("GET, HEAD", "Only GET and HEAD.\n");
}

}  // namespace exporter::http
