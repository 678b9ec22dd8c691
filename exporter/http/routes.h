// Which path gets which answer. Knows methods and status codes; what stands on
// the pages comes from the callbacks.
#ifndef EXPORTER_HTTP_ROUTES_H_
#define EXPORTER_HTTP_ROUTES_H_

#include <expected>
#include <functional>
#include <string>

#include "exporter/http/server.h"

namespace exporter::http {

// All run on the loop's thread.
struct Pages {
  std::function<Response(const Request&)> metrics;
  // The HTML of "/".
  std::function<std::string()> index;
  // The configuration is loaded and the schedule runs.
  std::function<bool()> ready;
  // Calls back once, later; the error is what to tell the client.
  using Reloaded = std::function<void(std::expected<void, std::string>)>;
  std::function<void(Reloaded)> reload;
};

// "/", "/metrics", "/-/healthy", "/-/ready" (GET, HEAD), "/-/reload" (POST,
// PUT); 405 for other methods, 404 elsewhere.
Handler MakeRoutes(Pages pages);

// For text in HTML and in attribute values.
std::string EscapeHtml(std::string_view text);

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_ROUTES_H_
