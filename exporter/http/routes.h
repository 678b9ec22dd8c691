// Which path gets which answer. Knows methods and status codes; what stands on
// the pages comes from the callbacks.
#ifndef EXPORTER_HTTP_ROUTES_H_
#define EXPORTER_HTTP_ROUTES_H_

#include <expected>
#include <functional>
#include <optional>
#include <string>

#include "exporter/http/server.h"

namespace exporter::http {

// All run on the loop's thread. GET and HEAD only, unless said otherwise.
struct Pages {
  std::function<Response(const Request&)> metrics;
  // /probe; may answer later.
  Handler probe;
  // Whatever begins with /api/; sees to methods itself, may answer later.
  Handler api;
  // /config.
  std::function<Response()> config;
  // The configuration is loaded and the schedule runs.
  std::function<bool()> ready;
  // Calls back once, later; the error is what to tell the client.
  using Reloaded = std::function<void(std::expected<void, std::string>)>;
  std::function<void(Reloaded)> reload;
  // Any other path, the web page's; none: 404.
  std::function<std::optional<Response>(const Request&)> other;
};

// "/metrics", "/probe", "/config", "/api/...", "/-/healthy", "/-/ready",
// "/-/reload" (POST and PUT), and what `other` knows; 405 for other methods,
// 404 elsewhere.
Handler MakeRoutes(Pages pages);

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_ROUTES_H_
