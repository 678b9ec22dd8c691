// Answers that come later, or never.
#include <sys/resource.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exporter/http/server.h"
#include "tests/support/catch.h"
#include "tests/unit/http/client.h"
#include "tests/unit/http/server_on_loop.h"

namespace exporter::http {
namespace {

// Keeps what it is given for "/wait...", and answers "now" to the rest.
struct Waiting {
  Handler handler() {
    return [this](const Request& request, Respond respond) {
      if (!request.path.starts_with("/wait")) return respond({.body = "now"});
      responds.push_back(std::move(respond));
      if (responds.size() == wanted) all_here.set_value();
    };
  }
  void Await() { all_here.get_future().get(); }

  std::size_t wanted = 1;
  std::promise<void> all_here;
  std::vector<Respond> responds;
};

constexpr char kWait[] = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_CASE("an answer may come later") {
  Waiting waiting;
  ServerOnLoop server(waiting.handler());
  Answer now;
  Answer later;
  Answer next;
  server.Run([&] {
    Client client(server.address());
    client.Send(kWait);
    waiting.Await();
    now = Client(server.address()).Get("/");
    server.Call([&] {
      waiting.responds[0]({.body = "later"});
      waiting.responds[0]({.body = "again"});
      const Respond copy = waiting.responds[0];
      waiting.responds.clear();
      copy({.body = "and again"});
    });
    later = client.Read();
    next = client.Get("/");
  });
  CHECK(now.body == "now");
  CHECK(later.body == "later");
  CHECK(next.body == "now");
}

TEST_CASE("an answer may come from another request's handler") {
  std::vector<Respond> responds;
  std::promise<void> here;
  ServerOnLoop server([&](const Request& request, Respond respond) {
    if (request.path == "/wait") {
      responds.push_back(std::move(respond));
      return here.set_value();
    }
    responds.front()({.body = "set free"});
    respond({.body = "freed it"});
  });
  Answer waited;
  Answer freed;
  server.Run([&] {
    Client client(server.address());
    client.Send(kWait);
    here.get_future().get();
    freed = Client(server.address()).Get("/");
    waited = client.Read();
  });
  CHECK(waited.body == "set free");
  CHECK(freed.body == "freed it");
}

TEST_CASE("a dropped answer is a 500") {
  Waiting waiting;
  ServerOnLoop server(waiting.handler());
  Answer dropped;
  Answer next;
  SECTION("within the handler") {
    ServerOnLoop forgetful([](const Request&, Respond) {});
    forgetful.Run([&] { dropped = Client(forgetful.address()).Get("/"); });
    CHECK(dropped.status == 500);
  }
  SECTION("later") {
    server.Run([&] {
      Client client(server.address());
      client.Send(kWait);
      waiting.Await();
      server.Call([&] { waiting.responds.clear(); });
      dropped = client.Read();
      next = client.Get("/");
    });
    CHECK(dropped.status == 500);
    CHECK(next.body == "now");
  }
}

TEST_CASE("the client may be gone before the answer") {
  for (const bool by_reset : {false, true}) {
    Waiting waiting;
    ServerOnLoop server(waiting.handler());
    Answer next;
    server.Run([&] {
      Client client(server.address());
      client.Send(kWait);
      waiting.Await();
      by_reset ? client.Reset() : client.Close();
      server.Call(
          [&] { waiting.responds[0]({.body = std::string(1'000'000, 'x')}); });
      next = Client(server.address()).Get("/");
    });
    CHECK(next.body == "now");
  }
}

TEST_CASE("the server may be gone before the answer") {
  Waiting waiting;
  std::string rest = "unread";
  {
    ServerOnLoop server(waiting.handler());
    server.Run([&] {
      Client client(server.address());
      client.Send(kWait);
      waiting.Await();
      server.Call([&] {
        server.DestroyServer();
        waiting.responds[0]({.body = "too late"});
      });
      rest = client.ReadToEnd();
    });
  }
  CHECK(rest.empty());
  waiting.responds[0]({.body = "even later"});
  waiting.responds.clear();
}

TEST_CASE("a body on its way is destroyed with the server") {
  auto alive = std::make_shared<int>(0);
  const std::weak_ptr<int> seen = alive;
  ServerOnLoop server([&](const Request&, Respond respond) {
    respond({.source = [kept = std::exchange(alive, nullptr)](std::string& to) {
      to.assign(64 * 1024, 'x');
      return true;
    }});
  });
  std::string start;
  server.Run([&] {
    Client client(server.address());
    client.Send(kWait);
    while (!client.HasNews()) {
    }
    server.Call([&] { server.DestroyServer(); });
    start = client.ReadToEnd();
  });
  CHECK(start.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(seen.expired());
}

// More descriptors than the usual soft limit of 1024.
void AllowDescriptors() {
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

TEST_CASE("500 requests wait at once") {
  AllowDescriptors();
  Waiting waiting;
  waiting.wanted = 500;
  ServerOnLoop server(waiting.handler(),
                      {.connections = 1000, .connections_per_address = 1000});
  Answer now;
  int answered = 0;
  server.Run([&] {
    std::vector<Client> clients;
    for (std::size_t i = 0; i < waiting.wanted; ++i) {
      clients.emplace_back(server.address()).Send(kWait);
    }
    waiting.Await();
    now = Client(server.address()).Get("/");
    server.Call([&] {
      for (const Respond& respond : waiting.responds) {
        respond({.body = "later"});
      }
    });
    for (Client& client : clients) {
      if (client.Read().body == "later") ++answered;
    }
  });
  CHECK(now.body == "now");
  CHECK(answered == 500);
}

TEST_CASE("500 requests wait when the server ends") {
  AllowDescriptors();
  Waiting waiting;
  waiting.wanted = 500;
  ServerOnLoop server(waiting.handler(),
                      {.connections = 1000, .connections_per_address = 1000});
  int closed = 0;
  server.Run([&] {
    std::vector<Client> clients;
    for (std::size_t i = 0; i < waiting.wanted; ++i) {
      clients.emplace_back(server.address()).Send(kWait);
    }
    waiting.Await();
    server.Call([&] { server.DestroyServer(); });
    for (Client& client : clients) closed += client.ReadToEnd().empty();
  });
  CHECK(closed == 500);
}

}  // namespace
}  // namespace exporter::http
