// The JSON API's paths; what stands in their answers is target_json_test's.
#include "exporter/api/api.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/exporter/watching.h"

namespace exporter::api {
namespace {

using nlohmann::json;
using tests::Watching;
using Fields = std::vector<std::pair<std::string, std::string>>;

struct Answer {
  int status = 0;
  Fields headers;
  std::string body;

  std::string Header(const std::string& name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return "";
  }
  json Json() const {
    CHECK(Header("Content-Type") == "application/json");
    CHECK(Header("X-Content-Type-Options") == "nosniff");
    return json::parse(body);
  }
};

class Asker {
 public:
  explicit Asker(Watching& watching)
      : watching_(watching),
        api_(watching.page(), watching.store(), watching.on_demand(), [&] {
          return Api::Status{.targets = watching.watcher().target_count(),
                             .endpoints = watching.watcher().endpoint_count(),
                             .notices = {"The resolver does not answer."}};
        }) {}

  Answer Get(const std::string& path, Fields arguments = {}) {
    return Ask("GET", path, std::move(arguments));
  }
  Answer Ask(const std::string& method, const std::string& path,
             Fields arguments = {}) {
    std::optional<http::Response> response;
    for (auto& [name, value] : arguments) value = watching_.Text(value);
    api_.Answer({.method = method,
                 .path = path,
                 .headers = {},
                 .arguments = std::move(arguments)},
                [&](http::Response given) { response = std::move(given); });
    watching_.RunUntil([&] { return response.has_value(); });
    Answer answer{.status = response->status,
                  .headers = std::move(response->headers),
                  .body = std::move(response->body)};
    if (!response->source) return answer;
    for (std::string piece; response->source(piece); piece.clear()) {
      answer.body += piece;
    }
    return answer;
  }

 private:
  Watching& watching_;
  Api api_;
};

std::vector<std::string> Names(const json& list) {
  std::vector<std::string> names;
  for (const json& target : list["targets"]) names.push_back(target["target"]);
  return names;
}

constexpr const char* kSome = R"(
targets:
  - {host: '127.0.0.1:%PORT', labels: {team: mail}}
  - {host: '127.0.0.1:%PORT', module: other}
  - {domain: example.net, module: away}
)";

TEST_CASE("status") {
  Watching watching(kSome);
  watching.RunUntil([&] { return watching.watcher().endpoint_count() == 3; });
  Asker asker(watching);
  const Answer answer = asker.Get("/api/v1/status");
  CHECK(answer.status == 200);
  CHECK(answer.Header("Cache-Control") == "no-store");
  const json status = answer.Json();
  CHECK(status["version"].is_string());
  CHECK(status["modules"] ==
        json::array({"away", "other", "smtp", "submission", "submissions"}));
  CHECK(status["targets"] == 3);
  CHECK(status["endpoints"] == 3);
  CHECK(status["notices"] == json::array({"The resolver does not answer."}));
  CHECK(status["on_demand"] == "configured");
  watching.Configure("on_demand: {allow: ['*.example.net']}");
  CHECK(asker.Get("/api/v1/status").Json()["on_demand"] == "listed");
  watching.Configure("on_demand: {any: true}");
  CHECK(asker.Get("/api/v1/status").Json()["on_demand"] == "any");
}

TEST_CASE("the list, whole and in part") {
  Watching watching(kSome);
  watching.RunUntilShown();
  Asker asker(watching);
  const json whole = asker.Get("/api/v1/targets").Json();
  CHECK(whole["total"] == 3);
  CHECK(whole["as_of"].is_number());
  CHECK(Names(whole).size() == 3);
  for (const json& target : whole["targets"]) {
    CHECK(target["level"].is_string());
  }
  const auto part = [&](Fields arguments) {
    const json list = asker.Get("/api/v1/targets", std::move(arguments)).Json();
    CHECK(list["total"] == 3);
    return Names(list);
  };
  CHECK(part({{"module", "away"}}) ==
        std::vector<std::string>{"example.net:1"});
  CHECK(part({{"target", "127.0.0.1:%PORT"}}).size() == 2);
  CHECK(part({{"target", "127.0.0.1:%PORT"}, {"module", "smtp"}}).size() == 1);
  CHECK(part({{"target", "127.0.0.1"}}).empty());
  CHECK(part({{"module", "nothing"}}).empty());
}

TEST_CASE("an empty list") {
  Watching watching("targets: []");
  Asker asker(watching);
  const json list = asker.Get("/api/v1/targets").Json();
  CHECK(list["total"] == 0);
  CHECK(list["targets"] == json::array());
  CHECK(asker.Get("/api/v1/sd").Json() == json::array());
}

TEST_CASE("what is new since a time") {
  Watching watching(
      "targets: [{host: '127.0.0.1:%PORT', interval: 1s},"
      " {host: '127.0.0.2:%PORT', interval: 1s, module: other}]");
  watching.RunUntilProbed();
  Asker asker(watching);
  const double now = asker.Get("/api/v1/targets").Json()["as_of"];
  const auto since = [&](double time) {
    const json list =
        asker.Get("/api/v1/targets", {{"since", std::to_string(time)}}).Json();
    CHECK(list["total"] == 2);
    return Names(list).size();
  };
  CHECK(since(0) == 2);
  // What came a moment ago may have been stored just now.
  CHECK(since(now - 30) == 2);
  CHECK(since(now + 30) == 0);
  for (const char* bad : {"x", "1x", "nan", "inf", "1e999", " 1"}) {
    CAPTURE(bad);
    const Answer answer = asker.Get("/api/v1/targets", {{"since", bad}});
    CHECK(answer.status == 400);
    CHECK(answer.Json() == json({{"error", "since: must be a Unix time"}}));
  }
}

TEST_CASE("a target without a result is always new") {
  Watching watching(kSome);
  watching.RunUntilShown();
  Asker asker(watching);
  CHECK(Names(asker.Get("/api/v1/targets", {{"since", "9999999999"}}).Json())
            .size() == 3);
}

TEST_CASE("one target by its id") {
  Watching watching(kSome);
  watching.RunUntilShown();
  Asker asker(watching);
  const json list = asker.Get("/api/v1/targets").Json();
  for (const json& summary : list["targets"]) {
    const std::string id = summary["id"];
    const Answer answer = asker.Get("/api/v1/targets/" + id);
    CHECK(answer.status == 200);
    const json whole = answer.Json();
    CHECK(whole["as_of"].is_number());
    CHECK(whole["target"]["id"] == id);
    CHECK(whole["target"]["target"] == summary["target"]);
    CHECK(whole["target"]["module"] == summary["module"]);
  }
  for (const char* id :
       {"", "0000000000000000", "ffffffffffffffff", "0", "0x00000000000000",
        "zzzzzzzzzzzzzzzz", "-000000000000001", "0000000000000000/places"}) {
    CAPTURE(id);
    const Answer answer = asker.Get("/api/v1/targets/" + std::string(id));
    CHECK(answer.status == 404);
    CHECK(answer.Json() == json({{"error", "there is no such target"}}));
  }
}

TEST_CASE("a target that has left is not found any more") {
  Watching watching(kSome);
  watching.RunUntilShown();
  Asker asker(watching);
  const std::string id =
      asker.Get("/api/v1/targets").Json()["targets"][0]["id"];
  watching.Configure("targets: [{domain: example.net, module: away}]");
  watching.RunUntil([&] { return watching.watcher().target_count() == 1; });
  CHECK(asker.Get("/api/v1/targets/" + id).status == 404);
  CHECK(asker.Get("/api/v1/targets").Json()["total"] == 1);
  // Its place may be another's.
  watching.Configure(kSome);
  watching.RunUntilShown();
  CHECK(asker.Get("/api/v1/targets/" + id).status == 200);
}

TEST_CASE("the targets as Prometheus discovers them") {
  Watching watching(kSome);
  watching.RunUntilShown();
  Asker asker(watching);
  const Answer answer = asker.Get("/api/v1/sd");
  const std::string host = watching.Text("127.0.0.1:%PORT");
  CHECK(answer.Json() ==
        json::array(
            {{{"targets", {host}},
              {"labels", {{"__param_module", "smtp"}, {"team", "mail"}}}},
             {{"targets", {host}}, {"labels", {{"__param_module", "other"}}}},
             {{"targets", {"example.net:1"}},
              {"labels",
               {{"__param_module", "away"}, {"__param_kind", "domain"}}}}}));
}

TEST_CASE("a test now") {
  Watching watching(kSome);
  Asker asker(watching);
  const Answer answer =
      asker.Get("/api/v1/probe", {{"target", "127.0.0.1:%PORT"}});
  CHECK(answer.status == 200);
  const json tested = answer.Json()["target"];
  CHECK(tested["target"] == watching.Text("127.0.0.1:%PORT"));
  CHECK_FALSE(tested.contains("id"));
  CHECK(tested["places"][0]["smtp_reachable"] == 1);
  CHECK(tested["places"][0]["transcripts"].contains("latest"));

  const Answer refused = asker.Get("/api/v1/probe", {{"target", "127.0.0.2"}});
  CHECK(refused.status == 403);
  CHECK(refused.Json() == json({{"error", "this target is not permitted"}}));
  const Answer missing = asker.Get("/api/v1/probe");
  CHECK(missing.status == 400);
  CHECK(missing.Json() == json({{"error", "Target parameter is missing"}}));
}

TEST_CASE("a refusal that passes says when to come again") {
  Watching watching("targets: ['127.0.0.1:%PORT']\non_demand: {rate: 1}");
  Asker asker(watching);
  Answer answer;
  for (int i = 0; i < 100 && answer.status != 429; ++i) {
    answer = asker.Get("/api/v1/probe", {{"target", "127.0.0.1:%PORT"}});
  }
  CHECK(answer.status == 429);
  CHECK(answer.Header("Retry-After") == "1");
  CHECK(answer.Json() == json({{"error", "too many tests are asked for"}}));
}

TEST_CASE("whatever is asked, an error is JSON") {
  Watching watching("targets: []");
  Asker asker(watching);
  for (const char* path :
       {"/api/v1/", "/api/v1/nothing", "/api/v2/status", "/api/", "/api/v1",
        "/api/v1/status/", "/api/v1/../status", "/api/v1/index.html"}) {
    CAPTURE(path);
    const Answer answer = asker.Get(path);
    CHECK(answer.status == 404);
    CHECK(answer.Json() == json({{"error", "there is no such path"}}));
  }
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get"}) {
    CAPTURE(method);
    const Answer answer = asker.Ask(method, "/api/v1/targets");
    CHECK(answer.status == 405);
    CHECK(answer.Header("Allow") == "GET, HEAD");
    CHECK(answer.Json() == json({{"error", "only GET and HEAD are allowed"}}));
  }
  CHECK(asker.Ask("HEAD", "/api/v1/status").status == 200);
}

TEST_CASE("the description is served beside what it describes") {
  Watching watching("targets: []");
  Asker asker(watching);
  const Answer answer = asker.Get("/api/v1/openapi.yaml");
  CHECK(answer.status == 200);
  CHECK(answer.Header("Content-Type") == "application/yaml");
  CHECK(answer.body.starts_with("openapi: 3.1.0\n"));
}

}  // namespace
}  // namespace exporter::api
