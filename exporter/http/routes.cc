#include "exporter/http/routes.h"

#include <string_view>
#include <utility>

#include "exporter/http/answers.h"

namespace exporter::http {
namespace {

void Reload(const Pages& pages, const Request& request, Respond respond) {
  if (request.method != "POST" && request.method != "PUT") {
    return respond(MethodNotAllowed(
        "POST, PUT", "This endpoint requires a POST request.\n"));
  }
  pages.reload([respond = std::move(respond)](
                   std::expected<void, std::string> outcome) {
    respond(outcome ? Text(200, "Reloaded.\n")
                    : Text(500, "failed to reload config: " + outcome.error() +
                                    "\n"));
  });
}

std::optional<Response> Read(const Pages& pages, const Request& request) {
  if (request.path == "/metrics") return pages.metrics(request);
  if (request.path == "/config") return pages.config();
  if (request.path == "/-/healthy") return Text(200, "Healthy\n");
  if (request.path == "/-/ready") {
    return pages.ready() ? Text(200, "Ready\n") : Text(503, "Not ready\n");
  }
  return pages.other(request);
}

}  // namespace

Handler MakeRoutes(Pages pages) {
  return [pages = std::move(pages)](const Request& request, Respond respond) {
    if (request.path == "/-/reload") {
      return Reload(pages, request, std::move(respond));
    }
    if (request.path.starts_with("/api/")) {
      return pages.api(request, std::move(respond));
    }
    auto refused = RefuseUnlessRead(request);
    if (request.path == "/probe") {
      return refused ? respond(std::move(*refused))
                     : pages.probe(request, std::move(respond));
    }
    // A path that is not there is not there for any method.
    auto found = Read(pages, request);
    if (!found) return respond(Text(404, "Not found\n"));
    respond(std::move(refused ? *refused : *found));
  };
}

}  // namespace exporter::http
