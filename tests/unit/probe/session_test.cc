#include "probe/session.h"

#include <uv.h>

#include <memory>
#include <optional>
#include <string>

#include "tests/support/catch.h"
#include "tests/support/checked_loop.h"
#include "tests/support/scripted_server.h"

namespace {

using namespace std::chrono_literals;
using probe::Phase;
using probe::Reason;
using tests::HealthyAnswer;
using tests::ScriptedServer;

using Loop = tests::CheckedLoop;

std::shared_ptr<probe::Endpoint> MakeEndpoint(std::uint16_t port) {
  auto conversation = std::make_shared<probe::Conversation>();
  conversation->ehlo_name = "monitor.example.net";
  conversation->timeouts.greeting = 200ms;
  conversation->timeouts.ehlo = 200ms;
  conversation->timeouts.quit = 200ms;
  auto endpoint = std::make_shared<probe::Endpoint>();
  endpoint->id = 1;
  endpoint->address = probe::IpAddress::Parse("127.0.0.1");
  endpoint->port = port;
  endpoint->conversation = conversation;
  endpoint->interval = 60s;
  return endpoint;
}

// Runs one session to its end and hands out its result.
probe::ProbeResult Probe(uv_loop_t* loop,
                         std::shared_ptr<const probe::Endpoint> endpoint) {
  std::optional<probe::ProbeResult> result;
  std::unique_ptr<probe::Session> session;
  session = std::make_unique<probe::Session>(
      loop, std::move(endpoint), [&](probe::ProbeResult ended) {
        REQUIRE_FALSE(result.has_value());
        result = std::move(ended);
        session.reset();
      });
  while (!result) uv_run(loop, UV_RUN_ONCE);
  return std::move(*result);
}

}  // namespace

TEST_CASE("a healthy server is greeted, asked and left with QUIT") {
  Loop loop;
  ScriptedServer server(&loop.loop, "220 mx.example.net ESMTP\r\n",
                        HealthyAnswer);
  const probe::ProbeResult result =
      Probe(&loop.loop, MakeEndpoint(server.port()));
  CHECK(result.success());
  CHECK(result.reachable);
  CHECK(result.quit_ok);
  REQUIRE(result.banner);
  CHECK(result.banner->hostname == "mx.example.net");
  REQUIRE(result.clear);
  CHECK(result.clear->starttls);
  CHECK(result.clear->size_limit == 1000.0);
  CHECK(result.finished.wall.time_since_epoch().count() > 0);
  CHECK(server.lines() ==
        std::vector<std::string>{"EHLO monitor.example.net", "QUIT"});
}

TEST_CASE("a session tells the ways of failing apart") {
  struct Case {
    const char* name;
    const char* greeting;
    ScriptedServer::Answer answer;
    Phase phase;
    Reason reason;
  };
  const Case cases[] = {
      {"silence", "", HealthyAnswer, Phase::kGreeting, Reason::kTimeout},
      {"close at once", "\x04", HealthyAnswer, Phase::kGreeting,
       Reason::kClosed},
      {"421 and close", "421 busy\r\n\x04", HealthyAnswer, Phase::kGreeting,
       Reason::kServiceClosing},
      {"no answer to EHLO", "220 a\r\n",
       [](const std::string&) { return std::string(); }, Phase::kEhlo,
       Reason::kTimeout},
      {"two replies at once", "220 a\r\n250 b\r\n", HealthyAnswer,
       Phase::kGreeting, Reason::kDesync},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    Loop loop;
    ScriptedServer server(&loop.loop, one.greeting, one.answer);
    const probe::ProbeResult result =
        Probe(&loop.loop, MakeEndpoint(server.port()));
    REQUIRE(result.failure);
    CHECK(result.failure->phase == one.phase);
    CHECK(result.failure->reason == one.reason);
    CHECK_FALSE(result.failure->detail.empty());
    CHECK_FALSE(result.clear);
  }
}

TEST_CASE("a port where nobody listens is refused") {
  Loop loop;
  std::uint16_t port = 0;
  {
    const ScriptedServer gone(&loop.loop, "", HealthyAnswer);
    port = gone.port();
  }
  uv_run(&loop.loop, UV_RUN_NOWAIT);
  const probe::ProbeResult result = Probe(&loop.loop, MakeEndpoint(port));
  REQUIRE(result.failure);
  CHECK(result.failure->phase == Phase::kConnect);
  CHECK(result.failure->reason == Reason::kRefused);
}

TEST_CASE("a QUIT that is not answered is no failure") {
  Loop loop;
  ScriptedServer server(&loop.loop, "220 a\r\n", [](const std::string& line) {
    return line == "QUIT" ? std::string() : HealthyAnswer(line);
  });
  const probe::ProbeResult result =
      Probe(&loop.loop, MakeEndpoint(server.port()));
  CHECK(result.success());
  CHECK_FALSE(result.quit_ok);
}

TEST_CASE("a session that is shut down still says QUIT") {
  Loop loop;
  std::unique_ptr<probe::Session> session;
  ScriptedServer server(&loop.loop, "220 a\r\n", [&](const std::string& line) {
    if (line.starts_with("EHLO")) session->Shutdown();
    return HealthyAnswer(line);
  });
  std::optional<probe::ProbeResult> result;
  session = std::make_unique<probe::Session>(
      &loop.loop, MakeEndpoint(server.port()), [&](probe::ProbeResult ended) {
        result = std::move(ended);
        session.reset();
      });
  while (!result) uv_run(&loop.loop, UV_RUN_ONCE);
  REQUIRE(result->failure);
  CHECK(result->failure->reason == Reason::kShutdown);
  CHECK(server.lines().back() == "QUIT");
}

TEST_CASE("a session may be destroyed at any moment") {
  for (int turns = 0; turns < 8; ++turns) {
    CAPTURE(turns);
    Loop loop;
    ScriptedServer server(&loop.loop, "220 a\r\n", HealthyAnswer);
    auto session = std::make_unique<probe::Session>(
        &loop.loop, MakeEndpoint(server.port()), [](probe::ProbeResult) {});
    for (int i = 0; i < turns; ++i) uv_run(&loop.loop, UV_RUN_NOWAIT);
    session.reset();
  }
}
