#include <expected>
#include <optional>
#include <string>

#include "exporter/http/routes.h"
#include "tests/support/catch.h"

namespace {

using exporter::http::Handler;
using exporter::http::Pages;
using exporter::http::Request;
using exporter::http::Response;

// What the handler answered; none when it has not yet.
std::optional<Response> Ask(const Handler& handler, const char* method,
                            const char* path) {
  std::optional<Response> answer;
  handler(
      Request{.method = method, .path = path, .headers = {}, .arguments = {}},
      [&](Response response) { answer = std::move(response); });
  return answer;
}

Pages MakePages(bool ready, std::expected<void, std::string> reloaded) {
  Pages pages;
  pages.metrics = [](const Request&) {
    Response response;
    response.body = "the metrics";
    return response;
  };
  pages.probe = [](const Request&, const exporter::http::Respond& respond) {
    respond({.body = "the probe"});
  };
  pages.api = [](const Request& request,
                 const exporter::http::Respond& respond) {
    respond({.body = request.method + " the API"});
  };
  pages.other = [](const Request& request) -> std::optional<Response> {
    if (request.path != "/") return std::nullopt;
    return Response{.body = "the index"};
  };
  pages.config = [] { return Response{.body = "the configuration"}; };
  pages.ready = [ready] { return ready; };
  pages.reload = [reloaded](const Pages::Reloaded& done) { done(reloaded); };
  return pages;
}

}  // namespace

TEST_CASE("each path and method has its answer") {
  const Handler up = exporter::http::MakeRoutes(MakePages(true, {}));
  const Handler down = exporter::http::MakeRoutes(
      MakePages(false, std::unexpected("smtp.yml:1:1: bad")));
  struct Case {
    const Handler* handler;
    const char* method;
    const char* path;
    int status;
    const char* body;
  };
  const Case cases[] = {
      {&up, "GET", "/", 200, "the index"},
      {&up, "HEAD", "/", 200, "the index"},
      {&up, "POST", "/", 405, "Only GET and HEAD.\n"},
      {&up, "GET", "/metrics", 200, "the metrics"},
      {&up, "DELETE", "/metrics", 405, "Only GET and HEAD.\n"},
      {&up, "GET", "/metrics/", 404, "Not found\n"},
      {&up, "GET", "/config", 200, "the configuration"},
      {&up, "POST", "/config", 405, "Only GET and HEAD.\n"},
      {&up, "GET", "/-/healthy", 200, "Healthy\n"},
      {&down, "GET", "/-/healthy", 200, "Healthy\n"},
      {&up, "GET", "/-/ready", 200, "Ready\n"},
      {&down, "GET", "/-/ready", 503, "Not ready\n"},
      {&up, "POST", "/-/reload", 200, "Reloaded.\n"},
      {&up, "PUT", "/-/reload", 200, "Reloaded.\n"},
      {&up, "GET", "/-/reload", 405,
       "This endpoint requires a POST request.\n"},
      {&down, "POST", "/-/reload", 500,
       "failed to reload config: smtp.yml:1:1: bad\n"},
      {&up, "GET", "/probe", 200, "the probe"},
      {&up, "POST", "/probe", 405, "Only GET and HEAD.\n"},
      {&up, "GET", "/probe/", 404, "Not found\n"},
      {&up, "GET", "/api/v1/status", 200, "GET the API"},
      {&up, "POST", "/api/v1/status", 200, "POST the API"},
      {&up, "POST", "/nowhere", 404, "Not found\n"},
      {&up, "GET", "", 404, "Not found\n"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.method, one.path);
    const std::optional<Response> answer =
        Ask(*one.handler, one.method, one.path);
    REQUIRE(answer);
    CHECK(answer->status == one.status);
    CHECK(answer->body == one.body);
  }
}

TEST_CASE("a reload is answered when it has happened") {
  Pages pages = MakePages(true, {});
  Pages::Reloaded later;
  pages.reload = [&](Pages::Reloaded done) { later = std::move(done); };
  const Handler handler = exporter::http::MakeRoutes(std::move(pages));
  std::optional<Response> answer;
  handler(Request{.method = "POST",
                  .path = "/-/reload",
                  .headers = {},
                  .arguments = {}},
          [&](Response response) { answer = std::move(response); });
  CHECK_FALSE(answer);
  later({});
  REQUIRE(answer);
  CHECK(answer->status == 200);
}
