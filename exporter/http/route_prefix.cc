#include "exporter/http/route_prefix.h"

#include <utility>

#include "exporter/http/answers.h"

namespace exporter::http {
namespace {

Response Redirect(const std::string& location) {
  Response response = Text(302, "Found\n");
  response.headers.emplace_back("Location", location);
  return response;
}

}  // namespace

Handler UnderPrefix(std::string prefix, std::string home, Handler pages) {
  return [prefix = std::move(prefix), home = std::move(home),
          pages = std::move(pages)](const Request& request, Respond respond) {
    const std::string& path = request.path;
    if (path == "/") return respond(Redirect(home));
    if (path == prefix) return respond(Redirect(prefix + "/"));
    if (!path.starts_with(prefix + "/")) {
      return respond(Text(404, "Not found\n"));
    }
    Request inside = request;
    inside.path.erase(0, prefix.size());
    pages(inside, std::move(respond));
  };
}

}  // namespace exporter::http
