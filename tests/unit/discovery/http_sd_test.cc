#include "exporter/discovery/http_sd.h"

#include "exporter/build_info.h"
#include "exporter/http/server.h"
#include "tests/unit/config/scratch.h"
#include "tests/unit/discovery/stage.h"

namespace exporter::discovery {
namespace {

// A list of targets behind a URL that each case answers in its own way.
struct Web : tests::Stage {
  Web()
      : server(&loop.loop,
               [this](const http::Request& request, http::Respond respond) {
                 ++requests;
                 last = request;
                 if (silent) {
                   held = std::move(respond);
                 } else {
                   respond({.status = status,
                            .headers = {{"Content-Type", type}},
                            .body = body});
                 }
               }) {
    REQUIRE(server.Listen("127.0.0.1:0").has_value());
    config.url = "http://" + server.addresses().front() + "/mail";
    config.refresh_interval = std::chrono::milliseconds(50);
    Start();
  }

  void Configure() { discovery->Configure({}, {config}, reader); }
  Record& record() { return records[config.url]; }
  bool UntilTargets(const std::string& targets) {
    const bool came = Until([&] { return Targets() == targets; });
    CHECK(Targets() == targets);
    return came;
  }
  // Whether the next `times` reads fail.
  bool UntilBad(int times = 1) {
    const int wanted = record().bad + times;
    return Until([&] { return record().bad >= wanted; });
  }

  tests::Scratch scratch;
  std::shared_ptr<const tests::LineReader> reader =
      std::make_shared<const tests::LineReader>();
  HttpSdConfig config;
  int status = 200;
  std::string type = "application/json";
  std::string body = "a\nend";
  bool silent = false;
  http::Respond held;
  int requests = 0;
  http::Request last;
  http::Server server;
};

TEST_CASE("the content type is the one that Prometheus takes") {
  struct Case {
    const char* type;
    bool json;
  };
  const Case cases[] = {
      {"application/json", true},
      {"Application/JSON", true},
      {"application/json;charset=utf-8", true},
      {"application/json; \t charset=UTF-8", true},
      {"application/json; charset=\"utf-8\"", true},
      {"APPLICATION/JSON; CHARSET=\"UTF-8\"", true},
      {"", false},
      {"application/jsonx", false},
      {"application/json;", false},
      {"application/json; ", false},
      {"application/json ;charset=utf-8", false},
      {"application/json; charset=utf-8 ", false},
      {"application/json; charset=latin1", false},
      {"application/json; charset=\"utf-8", false},
      {"application/json; charset=utf-8\"", false},
      {"application/json; charset=utf-8; x=y", false},
      {"text/json", false},
      {"text/plain", false},
      {" application/json", false},
  };
  for (const Case& one : cases) {
    INFO(one.type);
    CHECK(IsJson(one.type) == one.json);
  }
}

TEST_CASE("a URL is asked at once and again and again") {
  Web web;
  web.Configure();
  CHECK_FALSE(web.discovery->settled());
  REQUIRE(web.UntilTargets("a:25 |"));
  CHECK(web.discovery->settled());
  CHECK(web.last.method == "GET");
  CHECK(web.last.path == "/mail");
  CHECK(web.last.Header("accept") == "application/json");
  CHECK(web.last.Header("user-agent") ==
        "smtp_prober/" + std::string(GetBuildInfo().version));
  CHECK(web.last.Header("x-prometheus-refresh-interval-seconds") == "0.05");
  CHECK(web.last.Header("authorization") == "");
  CHECK(web.reader->json);
  CHECK_FALSE(web.reader->yaml);

  REQUIRE(web.Until([&] { return web.record().good > 2; }));
  CHECK(web.changes == 1);  // Always the same list.
  web.body = "b\na\nend";
  REQUIRE(web.UntilTargets("b:25 a:25 |"));
  web.body = "end";
  REQUIRE(web.UntilTargets("|"));
  CHECK(web.record().bad == 0);
}

TEST_CASE("a bad answer keeps the last good list") {
  struct Case {
    const char* name;
    std::function<void(Web& web)> spoil;
  };
  const Case cases[] = {
      {"500", [](Web& web) { web.status = 500; }},
      {"204", [](Web& web) { web.status = 204; }},
      {"not JSON", [](Web& web) { web.type = "text/plain"; }},
      {"not well-formed", [](Web& web) { web.body = "!no\nend"; }},
      {"silence", [](Web& web) { web.silent = true; }},
  };
  for (const Case& one : cases) {
    INFO(one.name);
    Web web;
    web.Configure();
    REQUIRE(web.UntilTargets("a:25 |"));
    one.spoil(web);
    REQUIRE(web.UntilBad(/*times=*/2));
    CHECK(web.Targets() == "a:25 |");
    CHECK(web.record().targets == 1);
    CHECK(web.changes == 1);
    web.status = 200;
    web.type = "application/json";
    web.silent = false;
    web.body = "b\nend";
    CHECK(web.UntilTargets("b:25 |"));
  }
}

TEST_CASE("a source that was never good is settled and empty") {
  Web web;
  web.status = 503;
  web.Configure();
  REQUIRE(web.UntilSettled());
  CHECK(web.Targets() == "|");
  CHECK(web.UntilBad());
}

TEST_CASE("secrets are read for each request") {
  Web web;
  const std::string file = web.scratch.Write("secret", "one\n");
  web.config.authorization = {.credentials_file = file};
  web.Configure();
  REQUIRE(web.UntilTargets("a:25 |"));
  CHECK(web.last.Header("authorization") == "Bearer one");
  web.scratch.Write("secret", "two\n");
  CHECK(web.Until(
      [&] { return web.last.Header("authorization") == "Bearer two"; }));

  // Without its secret, nothing is asked.
  web.scratch.Write("secret", "two\r\nX-Evil: yes\n");
  REQUIRE(web.UntilBad());
  const int requests = web.requests;
  REQUIRE(web.UntilBad(/*times=*/2));
  CHECK(web.requests == requests);
  CHECK(web.Targets() == "a:25 |");

  web.config.authorization = std::nullopt;
  web.config.basic_auth = {{.username = "me", .password_file = file}};
  web.scratch.Write("secret", "secret");
  web.Configure();
  CHECK(web.Until([&] {
    return web.last.Header("authorization") == "Basic bWU6c2VjcmV0";
  }));
}

TEST_CASE("a new configuration asks at once and drops older answers") {
  Web web;
  web.config.refresh_interval = std::chrono::hours(1);
  web.Configure();
  REQUIRE(web.UntilTargets("a:25 |"));
  web.silent = true;
  web.Configure();
  REQUIRE(web.Until([&] { return web.requests == 2; }));
  web.silent = false;
  web.reader = std::make_shared<const tests::LineReader>(26);
  web.Configure();
  CHECK(web.Targets() == "a:25 |");
  CHECK(web.discovery->settled());
  web.held(
      {.headers = {{"Content-Type", "application/json"}}, .body = "old\nend"});
  REQUIRE(web.UntilTargets("a:26 |"));
  CHECK(web.Until([&] { return web.record().good == 2; }));

  web.discovery->Configure({}, {}, web.reader);
  CHECK(web.Targets().empty());
  CHECK(web.Until([&] { return web.forgotten.contains(web.config.url); }));
}

TEST_CASE("a discovery may be destroyed at any point of a request") {
  // Turns of the loop until then: with its secret, the request or the answer
  // on the way.
  for (int turns = 0; turns < 12; ++turns) {
    INFO(turns);
    Web web;
    web.config.authorization = {.credentials_file =
                                    web.scratch.Write("secret", "one")};
    web.Configure();
    for (int i = 0; i < turns; ++i) uv_run(&web.loop.loop, UV_RUN_ONCE);
    web.discovery = nullptr;
    const int changes = web.changes;
    for (int i = 0; i < 3; ++i) uv_run(&web.loop.loop, UV_RUN_NOWAIT);
    CHECK(web.changes == changes);
  }
}

}  // namespace
}  // namespace exporter::discovery
