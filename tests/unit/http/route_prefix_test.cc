#include "exporter/http/route_prefix.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"

namespace exporter::http {
namespace {

TEST_CASE("pages are below their prefix and nowhere else") {
  const Handler handler =
      UnderPrefix("/smtp", "https://proxy.example.com/smtp/",
                  [](const Request& request, const Respond& respond) {
                    respond({.body = "page " + request.path + " " +
                                     std::string(request.Argument("a"))});
                  });
  struct Row {
    std::string path;
    int status;
    std::string want;  // The body, or where it leads.
  };
  const std::vector<Row> rows = {
      {"/", 302, "https://proxy.example.com/smtp/"},
      {"/smtp", 302, "/smtp/"},
      {"/smtp/", 200, "page / b"},
      {"/smtp/metrics", 200, "page /metrics b"},
      {"/smtp/smtp/metrics", 200, "page /smtp/metrics b"},
      {"/smtp//metrics", 200, "page //metrics b"},
      {"/metrics", 404, "Not found\n"},
      {"/smtpx", 404, "Not found\n"},
      {"/SMTP/", 404, "Not found\n"},
      {"smtp/", 404, "Not found\n"},
      {"", 404, "Not found\n"},
  };
  for (const Row& row : rows) {
    INFO(row.path);
    Request request;
    request.method = "GET";
    request.path = row.path;
    request.arguments = {{"a", "b"}};
    std::optional<Response> answer;
    handler(request, [&](Response response) { answer = std::move(response); });
    REQUIRE(answer.has_value());
    CHECK(answer->status == row.status);
    std::string got = answer->body;
    for (const auto& [name, value] : answer->headers) {
      if (name == "Location") got = value;
    }
    CHECK(got == row.want);
  }
}

}  // namespace
}  // namespace exporter::http
