#include "probe/prober.h"

#include <uv.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/scripted_server.h"
#include "tests/support/server_thread.h"

namespace {

using namespace std::chrono_literals;
using probe::Reason;
using tests::HealthyAnswer;
using tests::ScriptedServer;
using tests::ServerThread;

// Collects what a prober observes, and lets the test wait for it.
struct Results {
  std::mutex mutex;
  std::condition_variable arrived;
  std::vector<std::pair<probe::EndpointId, probe::ProbeResult>> list;
  std::map<probe::EndpointId, probe::Duration> postponed;
  std::atomic<int> started{0};
  std::atomic<int> ended{0};

  probe::Prober::Observer Observer() {
    return {
        .started = [this](probe::Duration) { ++started; },
        .ended = [this](probe::Duration) { ++ended; },
        .finished =
            [this](const probe::Endpoint& endpoint, probe::ProbeResult result) {
              const std::lock_guard lock(mutex);
              list.emplace_back(endpoint.id, std::move(result));
              arrived.notify_all();
            },
        .postponed =
            [this](probe::EndpointId id, probe::Duration interval) {
              const std::lock_guard lock(mutex);
              postponed[id] = interval;
            },
        .loop_lag = [](probe::Duration) {}};
  }
  void WaitFor(std::size_t count) {
    std::unique_lock lock(mutex);
    REQUIRE(arrived.wait_for(lock, 20s, [&] { return list.size() >= count; }));
  }
};

std::shared_ptr<probe::Endpoint> MakeEndpoint(probe::EndpointId id,
                                              std::uint16_t port,
                                              probe::Duration interval) {
  auto conversation = std::make_shared<probe::Conversation>();
  conversation->ehlo_name = "monitor.example.net";
  auto endpoint = std::make_shared<probe::Endpoint>();
  endpoint->id = id;
  endpoint->address = probe::IpAddress::Parse("127.0.0.1");
  endpoint->port = port;
  // Names apart, so that the server is one but the endpoints are several.
  endpoint->server_name = "mx" + std::to_string(id) + ".example.net";
  endpoint->conversation = conversation;
  endpoint->interval = interval;
  return endpoint;
}

// Asks once and waits for the result.
std::future<probe::ProbeResult> Ask(
    probe::Prober& prober, probe::Prober::Ticket ticket,
    std::shared_ptr<const probe::Endpoint> endpoint) {
  const auto promise = std::make_shared<std::promise<probe::ProbeResult>>();
  prober.ProbeOnce(ticket, std::move(endpoint),
                   [promise](probe::ProbeResult result) {
                     promise->set_value(std::move(result));
                   });
  return promise->get_future();
}

}  // namespace

TEST_CASE("an endpoint is probed again and again on its interval") {
  ServerThread server("220 mx ESMTP\r\n", HealthyAnswer);
  Results results;
  probe::Prober prober(10, results.Observer());
  prober.Put(MakeEndpoint(7, server.port(), 50ms));
  results.WaitFor(3);
  const std::lock_guard lock(results.mutex);
  for (const auto& [id, result] : results.list) {
    CHECK(id == 7);
    CHECK(result.success());
    CHECK(result.interval == 50ms);
  }
}

TEST_CASE("one server meets one conversation at a time") {
  ServerThread server("220 mx ESMTP\r\n", HealthyAnswer);
  Results results;
  {
    probe::Prober prober(10, results.Observer());
    for (probe::EndpointId id = 1; id <= 5; ++id) {
      prober.Put(MakeEndpoint(id, server.port(), 20ms));
    }
    results.WaitFor(25);
  }
  server.Stop();
  CHECK(server.most_open() == 1);
}

TEST_CASE("a 421 makes the interval grow, and the result says so") {
  ServerThread server(std::string("421 later\r\n") + ScriptedServer::kClose,
                      HealthyAnswer);
  Results results;
  probe::Prober prober(10, results.Observer());
  prober.Put(MakeEndpoint(1, server.port(), 40ms));
  results.WaitFor(3);
  const std::lock_guard lock(results.mutex);
  CHECK(results.list[0].second.interval >= 80ms);
  CHECK(results.list[1].second.interval >= 160ms);
  CHECK(results.list[2].second.interval >= 320ms);
}

TEST_CASE("a 421 to one conversation postpones the others of its server") {
  ServerThread server("220 mx ESMTP\r\n", [](const std::string& line) {
    return line == "EHLO unloved.example.net"
               ? std::string("421 not you\r\n") + ScriptedServer::kClose
               : HealthyAnswer(line);
  });
  Results results;
  {
    probe::Prober prober(10, results.Observer());
    auto liked = MakeEndpoint(1, server.port(), 40ms);
    auto unloved = MakeEndpoint(2, server.port(), 40ms);
    auto conversation = std::make_shared<probe::Conversation>();
    conversation->ehlo_name = "unloved.example.net";
    unloved->conversation = conversation;
    unloved->server_name = liked->server_name;
    prober.Put(liked);
    prober.Put(unloved);
    results.WaitFor(12);
  }
  int good = 0;
  int bad = 0;
  for (const auto& [id, result] : results.list) ++(id == 1 ? good : bad);
  // Neither keeps the other from being probed.
  CHECK(good >= 3);
  CHECK(bad >= 3);
  REQUIRE(results.postponed.contains(1));
  CHECK(results.postponed[1] >= probe::Duration(80ms));
}

TEST_CASE("an unresolved endpoint fails without a connection") {
  Results results;
  probe::Prober prober(10, results.Observer());
  auto endpoint = MakeEndpoint(1, 25, 20ms);
  endpoint->address.reset();
  endpoint->unresolved = probe::Failure{.phase = probe::Phase::kResolve,
                                        .reason = Reason::kDnsNotFound,
                                        .detail = "no such name"};
  endpoint->resolve_duration = 3ms;
  prober.Put(endpoint);
  results.WaitFor(1);
  const std::lock_guard lock(results.mutex);
  const probe::ProbeResult& result = results.list[0].second;
  REQUIRE(result.failure);
  CHECK(*result.failure == *endpoint->unresolved);
  CHECK(result.phase_durations[0] == probe::Duration(3ms));
  CHECK_FALSE(result.phase_durations[1]);
  // A failure is never without evidence.
  REQUIRE(result.transcript.size() == 1);
  CHECK(result.transcript[0].text == "no such name");
  CHECK(result.transcript[0].at == result.duration);
}

TEST_CASE("a removed endpoint is left alone") {
  ServerThread server("220 mx ESMTP\r\n", HealthyAnswer);
  Results results;
  {
    probe::Prober prober(10, results.Observer());
    prober.Put(MakeEndpoint(1, server.port(), 30ms));
    results.WaitFor(1);
    prober.Remove(1);
    prober.Put(MakeEndpoint(2, server.port(), 30ms));
    results.WaitFor(6);
  }
  int late = 0;
  for (std::size_t i = 2; i < results.list.size(); ++i) {
    if (results.list[i].first == 1) ++late;
  }
  CHECK(late == 0);
}

TEST_CASE("stopping lets a conversation end with QUIT and reports no verdict") {
  std::promise<void> asked;
  std::promise<void> go_on;
  ServerThread server("220 mx ESMTP\r\n", [&](const std::string& line) {
    if (line.starts_with("EHLO")) {
      asked.set_value();
      go_on.get_future().wait();
    }
    return HealthyAnswer(line);
  });
  Results results;
  {
    probe::Prober prober(10, results.Observer());
    prober.Put(MakeEndpoint(1, server.port(), 1ms));
    asked.get_future().wait();
    std::promise<void> stopped;
    prober.Stop([&] { stopped.set_value(); });
    // The order reached the loop when what was posted behind it is gone: only
    // then may the answer come, or the probe is over before it is stopped.
    std::promise<void> stopping;
    std::shared_ptr<probe::Endpoint> last(
        new probe::Endpoint(*MakeEndpoint(2, server.port(), 1h)),
        [&](const probe::Endpoint* endpoint) {
          delete endpoint;
          stopping.set_value();
        });
    prober.Put(std::move(last));
    prober.Remove(2);
    stopping.get_future().wait();
    go_on.set_value();
    CHECK(stopped.get_future().wait_for(5s) == std::future_status::ready);
  }
  server.Stop();
  CHECK(server.lines().back() == "QUIT");
  CHECK(results.list.empty());
  CHECK(results.started == 1);
  CHECK(results.ended == 1);
}

TEST_CASE("what is asked for is probed at once, and no scheduled result") {
  ServerThread server("220 mx ESMTP\r\n", HealthyAnswer);
  Results results;
  probe::Prober prober(10, results.Observer());
  const probe::ProbeResult result =
      Ask(prober, 1, MakeEndpoint(1, server.port(), 1h)).get();
  CHECK(result.success());
  CHECK(results.started == 1);
  CHECK(results.ended == 1);
  CHECK(results.list.empty());
}

TEST_CASE("what is asked for waits for the server's other conversations") {
  ServerThread server("220 mx ESMTP\r\n", HealthyAnswer);
  Results results;
  {
    probe::Prober prober(10, results.Observer());
    prober.Put(MakeEndpoint(1, server.port(), 20ms));
    std::vector<std::future<probe::ProbeResult>> asked;
    for (probe::Prober::Ticket ticket = 1; ticket <= 15; ++ticket) {
      asked.push_back(Ask(prober, ticket, MakeEndpoint(9, server.port(), 1h)));
    }
    for (auto& result : asked) CHECK(result.get().success());
    results.WaitFor(2);
  }
  server.Stop();
  CHECK(server.most_open() == 1);
}

TEST_CASE("a server that nobody watches is left alone as well") {
  ServerThread server(std::string("421 later\r\n") + ScriptedServer::kClose,
                      HealthyAnswer);
  Results results;
  {
    probe::Prober prober(10, results.Observer());
    const auto ask = [&](probe::Prober::Ticket ticket) {
      const probe::ProbeResult result =
          Ask(prober, ticket, MakeEndpoint(9, server.port(), 1h)).get();
      REQUIRE(result.failure);
      return result.failure->reason;
    };
    CHECK(ask(1) == Reason::kServiceClosing);
    CHECK(ask(2) == Reason::kBackoff);
    CHECK(ask(3) == Reason::kBackoff);
  }
  server.Stop();
  CHECK(server.connections() == 1);
}

TEST_CASE("a server that asked to be left alone is not asked again") {
  ServerThread server(std::string("421 later\r\n") + ScriptedServer::kClose,
                      HealthyAnswer);
  Results results;
  {
    probe::Prober prober(10, results.Observer());
    prober.Put(MakeEndpoint(1, server.port(), 1h));
    // The first hears 421, and those that wait behind it hear of that.
    std::vector<std::future<probe::ProbeResult>> asked;
    for (probe::Prober::Ticket ticket = 1; ticket <= 3; ++ticket) {
      asked.push_back(Ask(prober, ticket, MakeEndpoint(9, server.port(), 1h)));
    }
    CHECK(asked[0].get().failure->reason == Reason::kServiceClosing);
    for (std::size_t i = 1; i < asked.size(); ++i) {
      const probe::ProbeResult result = asked[i].get();
      REQUIRE(result.failure);
      CHECK(result.failure->reason == Reason::kBackoff);
      CHECK(result.failure->detail.starts_with("the server asked to be left"));
    }
    const probe::ProbeResult late =
        Ask(prober, 4, MakeEndpoint(9, server.port(), 1h)).get();
    REQUIRE(late.failure);
    CHECK(late.failure->reason == Reason::kBackoff);
  }
  server.Stop();
  CHECK(server.connections() == 1);
}

TEST_CASE("what nobody waits for any more ends with QUIT, or never begins") {
  std::promise<void> asked;
  std::promise<void> go_on;
  ServerThread server("220 mx ESMTP\r\n", [&](const std::string& line) {
    if (line.starts_with("EHLO")) {
      asked.set_value();
      go_on.get_future().wait();
    }
    return HealthyAnswer(line);
  });
  Results results;
  {
    probe::Prober prober(10, results.Observer());
    auto running = Ask(prober, 1, MakeEndpoint(1, server.port(), 1h));
    auto waiting = Ask(prober, 2, MakeEndpoint(1, server.port(), 1h));
    asked.get_future().wait();
    prober.Cancel(1);
    prober.Cancel(2);
    // The orders reached the loop when what was posted behind them is done.
    auto unresolved = MakeEndpoint(3, 25, 1h);
    unresolved->address.reset();
    CHECK(Ask(prober, 3, unresolved).get().failure->reason ==
          Reason::kNoAddress);
    std::promise<void> stopped;
    prober.Stop([&] { stopped.set_value(); });
    go_on.set_value();
    stopped.get_future().wait();
    // Both were dropped without a word.
    CHECK_THROWS_AS(running.get(), std::future_error);
    CHECK_THROWS_AS(waiting.get(), std::future_error);
  }
  server.Stop();
  CHECK(server.connections() == 1);
  CHECK(server.lines().back() == "QUIT");
}

TEST_CASE("stopping answers those who wait") {
  ServerThread server("", HealthyAnswer);  // Never greets.
  Results results;
  probe::Prober prober(10, results.Observer());
  auto running = Ask(prober, 1, MakeEndpoint(1, server.port(), 1h));
  auto waiting = Ask(prober, 2, MakeEndpoint(1, server.port(), 1h));
  std::promise<void> stopped;
  prober.Stop([&] { stopped.set_value(); });
  CHECK(running.get().failure->reason == Reason::kShutdown);
  CHECK(waiting.get().failure->reason == Reason::kShutdown);
  auto late = Ask(prober, 3, MakeEndpoint(1, server.port(), 1h));
  CHECK(late.get().failure->reason == Reason::kShutdown);
  stopped.get_future().wait();
}

TEST_CASE("a task runs on the loop's thread, and after Stop, too") {
  Results results;
  probe::Prober prober(10, results.Observer());
  const auto thread = [&prober] {
    std::promise<std::thread::id> ran;
    prober.Run([&] { ran.set_value(std::this_thread::get_id()); });
    return ran.get_future().get();
  };
  const std::thread::id first = thread();
  CHECK(first != std::this_thread::get_id());
  CHECK(thread() == first);
  std::promise<void> stopped;
  prober.Stop([&] { stopped.set_value(); });
  stopped.get_future().wait();
  CHECK(thread() == first);
}
