#include "exporter/discovery/http_fetch.h"

#include <netinet/in.h>

#include <optional>

#include "exporter/http/server.h"
#include "tests/support/catch.h"
#include "tests/unit/discovery/stage.h"

namespace exporter::discovery {
namespace {

using Outcome = std::expected<HttpAnswer, std::string>;

// A server and a fetcher on one loop.
struct Web {
  explicit Web(http::Handler handler)
      : server(&loop.loop, std::move(handler)), fetcher(&loop.loop) {
    REQUIRE(server.Listen("127.0.0.1:0").has_value());
    url = "http://" + server.addresses().front();
  }

  Outcome Get(HttpRequest request) {
    std::optional<Outcome> outcome;
    auto fetch = fetcher.Start(
        request, [&](Outcome came) { outcome = std::move(came); });
    REQUIRE(fetch != nullptr);
    CHECK_FALSE(outcome.has_value());
    REQUIRE(tests::RunUntil(&loop.loop, [&] { return outcome.has_value(); }));
    return *std::move(outcome);
  }

  tests::CheckedLoop loop;
  http::Server server;
  HttpFetcher fetcher;
  std::string url;
};

// Accepts nobody: the kernel shakes hands, and then there is silence.
struct SilentServer {
  explicit SilentServer(uv_loop_t* loop)
      : handle(probe::net::MakeHandle<uv_tcp_t>(
            this, [loop](uv_tcp_t* raw) { return uv_tcp_init(loop, raw); })) {
    sockaddr_in address{};
    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_bind(handle.get(), reinterpret_cast<sockaddr*>(&address), 0);
    uv_listen(reinterpret_cast<uv_stream_t*>(handle.get()), 8,
              [](uv_stream_t*, int) {});
    int size = sizeof(address);
    uv_tcp_getsockname(handle.get(), reinterpret_cast<sockaddr*>(&address),
                       &size);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }

  probe::net::Handle<uv_tcp_t> handle;
  std::string url;
};

TEST_CASE("an answer has status, type and body") {
  Web web([](const http::Request& request, http::Respond respond) {
    respond({.status = request.path == "/none" ? 404 : 200,
             .headers = {{"Content-Type", "text/odd; x=y"}},
             .body = "[" + std::string(request.Header("x-one")) + "," +
                     std::string(request.Header("accept")) + "," +
                     std::string(request.Header("authorization")) + "]"});
  });
  const Outcome plain = web.Get(
      {.url = web.url, .headers = {"X-One: 1", "Accept: application/json"}});
  REQUIRE(plain.has_value());
  CHECK(plain->status == 200);
  CHECK(plain->content_type == "text/odd; x=y");
  CHECK(plain->body == "[1,application/json,]");
  CHECK(web.Get({.url = web.url + "/none"})->status == 404);
  CHECK(web.Get({.url = web.url,
                 .basic_auth = {{.username = "me", .password = "it:is"}}})
            ->body == "[,*/*,Basic bWU6aXQ6aXM=]");
}

TEST_CASE("an answer may be as large as the limit") {
  Web web([](const http::Request&, http::Respond respond) {
    respond({.body = std::string(100'000, 'x')});
  });
  CHECK(web.Get({.url = web.url, .most_bytes = 100'000})->body.size() ==
        100'000);
  CHECK(web.Get({.url = web.url, .most_bytes = 99'999}).error() ==
        "the answer is larger than 99999 bytes");
}

TEST_CASE("redirects are followed, within reason") {
  int requests = 0;
  std::string elsewhere;
  std::string authorization;
  Web web([&](const http::Request& request, http::Respond respond) {
    ++requests;
    authorization = request.Header("authorization");
    if (request.path == "/end") return respond({.body = "here"});
    if (request.path == "/file") {
      return respond(
          {.status = 302, .headers = {{"Location", "file:///etc/passwd"}}});
    }
    if (request.path == "/elsewhere") {
      return respond({.status = 302, .headers = {{"Location", elsewhere}}});
    }
    respond({.status = 302,
             .headers = {
                 {"Location", request.path == "/loop" ? "/loop" : "/end"}}});
  });
  elsewhere = "http://localhost" + web.url.substr(web.url.rfind(':')) + "/end";
  const std::vector<std::string> token = {"Authorization: Bearer secret"};

  CHECK(web.Get({.url = web.url, .headers = token})->body == "here");
  CHECK(authorization == "Bearer secret");
  CHECK(web.Get({.url = web.url + "/elsewhere", .headers = token})->body ==
        "here");
  CHECK(authorization == "");  // Another host.
  CHECK(web.Get({.url = web.url + "/elsewhere",
                 .basic_auth = {{.username = "me", .password = "secret"}}})
            ->body == "here");
  CHECK(authorization == "");

  requests = 0;
  CHECK(web.Get({.url = web.url + "/loop"}).error() ==
        "Number of redirects hit maximum amount");
  CHECK(requests == 1 + kMaxRedirects);
  CHECK(web.Get({.url = web.url + "/file"}).error() == "Unsupported protocol");
}

TEST_CASE("a request that cannot be made says why") {
  Web web([](const http::Request&, http::Respond) {});
  SilentServer silent(&web.loop.loop);
  const std::string port = web.url.substr(web.url.rfind(':'));
  struct Case {
    std::string url;
    std::string error;
  };
  const Case cases[] = {
      {silent.url, "Timeout was reached"},
      {"http://127.0.0.1:1", "Couldn't connect to server: Connection refused"},
      {"ftp://127.0.0.1" + port, "Unsupported protocol"},
      {"http://[::1", "URL using bad/illegal format or missing URL"},
  };
  for (const Case& one : cases) {
    INFO(one.url);
    const Outcome outcome =
        web.Get({.url = one.url, .timeout = std::chrono::milliseconds(100)});
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error() == one.error);
  }
}

TEST_CASE("a fetch may be ended before its answer") {
  bool asked = false;
  Web web([&](const http::Request&, http::Respond respond) {
    asked = true;
    respond({.body = "late"});
  });
  bool called = false;
  const auto done = [&](const Outcome&) { called = true; };
  // Before the loop has turned, and with a request under way.
  web.fetcher.Start({.url = web.url}, done).reset();
  SilentServer silent(&web.loop.loop);
  auto fetch = web.fetcher.Start({.url = silent.url}, done);
  CHECK(web.Get({.url = web.url})->body == "late");
  fetch.reset();
  CHECK(web.Get({.url = web.url})->body == "late");
  CHECK(asked);
  CHECK_FALSE(called);
}

TEST_CASE("a fetch may be destroyed by its own answer, and end another") {
  Web web([](const http::Request&, http::Respond respond) {
    respond({.body = "here"});
  });
  HttpFetcher::FetchPtr one;
  HttpFetcher::FetchPtr two;
  int answers = 0;
  const auto done = [&](const Outcome&) {
    ++answers;
    one = nullptr;
    two = nullptr;
  };
  one = web.fetcher.Start({.url = web.url}, done);
  two = web.fetcher.Start({.url = web.url}, done);
  REQUIRE(tests::RunUntil(&web.loop.loop, [&] { return answers > 0; }));
  CHECK(web.Get({.url = web.url})->body == "here");
  CHECK(answers == 1);
}

}  // namespace
}  // namespace exporter::discovery
