#include "exporter/http/routes.h"

#include <string_view>
#include <utility>

namespace exporter::http {
namespace {

Response Text(int status, std::string body) {
  Response response;
  response.status = status;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"},
                      {"X-Content-Type-Options", "nosniff"}};
  response.body = std::move(body);
  return response;
}

Response MethodNotAllowed(std::string allow, std::string text) {
  Response response = Text(405, std::move(text));
  response.headers.emplace_back("Allow", std::move(allow));
  return response;
}

Response Html(std::string body) {
  Response response;
  response.headers = {
      {"Content-Type", "text/html; charset=utf-8"},
      {"X-Content-Type-Options", "nosniff"},
      {"Content-Security-Policy",
       "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"},
  };
  response.body = std::move(body);
  return response;
}

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

Response Read(const Pages& pages, const Request& request) {
  if (request.path == "/metrics") return pages.metrics(request);
  if (request.path == "/-/healthy") return Text(200, "Healthy\n");
  if (request.path == "/-/ready") {
    return pages.ready() ? Text(200, "Ready\n") : Text(503, "Not ready\n");
  }
  if (request.path == "/") return Html(pages.index());
  return Text(404, "Not found\n");
}

}  // namespace

Handler MakeRoutes(Pages pages) {
  return [pages = std::move(pages)](const Request& request, Respond respond) {
    if (request.path == "/-/reload") {
      return Reload(pages, request, std::move(respond));
    }
    const bool reads = request.method == "GET" || request.method == "HEAD";
    const bool known = request.path == "/" || request.path == "/metrics" ||
                       request.path == "/-/healthy" ||
                       request.path == "/-/ready";
    if (known && !reads) {
      return respond(MethodNotAllowed("GET, HEAD", "Only GET and HEAD.\n"));
    }
    respond(Read(pages, request));
  };
}

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace exporter::http
