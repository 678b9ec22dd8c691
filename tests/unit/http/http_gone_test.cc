// Clients that go away while their request waits.
#include <sys/resource.h>

#include <chrono>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "exporter/http/server.h"
#include "tests/support/catch.h"
#include "tests/unit/http/client.h"
#include "tests/unit/http/server_on_loop.h"

namespace exporter::http {
namespace {

constexpr char kWait[] = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr char kNow[] = "GET /now HTTP/1.1\r\nHost: x\r\n\r\n";

// A request to "/wait" waits and counts how often its client was reported gone;
// any other is answered "now".
class Watched {
 public:
  struct Waiting {
    Respond respond;
    std::function<void(std::function<void()>)> when_gone;
    int gone = 0;
  };

  Handler handler() {
    return [this](const Request& request, Respond respond) {
      if (request.path != "/wait") return respond({.body = "now"});
      waiting_.push_back({std::move(respond), request.when_gone});
      if (watches_) Watch(waiting_.size() - 1);
      if (waiting_.size() == wanted_) here_.set_value();
    };
  }
  void Watch(std::size_t index) {
    waiting_[index].when_gone([this, index] {
      ++waiting_[index].gone;
      if (++all_gone_ == wanted_) gone_.set_value();
    });
  }
  // For the client's thread.
  void AwaitRequests() { here_.get_future().get(); }
  // False when it takes longer than any machine needs.
  bool AwaitGone() {
    return gone_.get_future().wait_for(std::chrono::seconds(20)) ==
           std::future_status::ready;
  }

  void DoNotWatchYet() { watches_ = false; }
  void Want(std::size_t requests) { wanted_ = requests; }
  std::vector<Waiting>& waiting() { return waiting_; }

 private:
  bool watches_ = true;
  std::size_t wanted_ = 1;
  std::size_t all_gone_ = 0;
  std::vector<Waiting> waiting_;
  std::promise<void> here_;
  std::promise<void> gone_;
};

TEST_CASE("a handler learns that the client has gone") {
  struct Row {
    std::string name;
    void (*go)(Client&);
  };
  const Row rows[] = {
      {"closed", [](Client& client) { client.Close(); }},
      {"reset", [](Client& client) { client.Reset(); }},
      {"half closed", [](Client& client) { client.EndSending(); }},
      {"closed behind another request",
       [](Client& client) {
         client.Send(kNow);
         client.Close();
       }},
      {"reset behind another request",
       [](Client& client) {
         client.Send(kNow);
         client.Reset();
       }},
      {"closed behind half a request",
       [](Client& client) {
         client.Send("GET /no");
         client.Close();
       }},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Watched watched;
    ServerOnLoop server(watched.handler());
    bool was_told = false;
    int before = -1;
    int after = -1;
    Answer next;
    server.Run([&] {
      Client client(server.address());
      client.Send(kWait);
      watched.AwaitRequests();
      server.Call([&] { before = watched.waiting()[0].gone; });
      row.go(client);
      was_told = watched.AwaitGone();
      server.Call([&] { watched.waiting()[0].respond({.body = "late"}); });
      next = Client(server.address()).Get("/now");
      server.Call([&] { after = watched.waiting()[0].gone; });
    });
    CHECK(before == 0);
    CHECK(was_told);
    CHECK(after == 1);
    CHECK(next.body == "now");
  }
}

TEST_CASE("an answer still reaches a client that only ended its sending") {
  Watched watched;
  ServerOnLoop server(watched.handler());
  Answer answer;
  server.Run([&] {
    Client client(server.address());
    client.Send(kWait);
    watched.AwaitRequests();
    client.EndSending();
    watched.AwaitGone();
    server.Call([&] { watched.waiting()[0].respond({.body = "late"}); });
    answer = client.Read();
  });
  CHECK(answer.body == "late");
}

TEST_CASE("the end may come together with the request") {
  Watched watched;
  ServerOnLoop server(watched.handler());
  bool was_told = false;
  server.Run([&] {
    Client client(server.address());
    server.Call([&] {  // The loop sees nothing before both are there.
      client.Send(kWait);
      client.Close();
    });
    was_told = watched.AwaitGone();
  });
  CHECK(was_told);
}

TEST_CASE("who asks after the client has gone is told too") {
  Watched watched;
  watched.DoNotWatchYet();
  ServerOnLoop server(watched.handler());
  bool was_told = false;
  int within_the_call = -1;
  server.Run([&] {
    Client client(server.address());
    client.Send(kWait);
    watched.AwaitRequests();
    client.Close();
    Client(server.address()).Get("/now");
    server.Call([&] {
      watched.Watch(0);
      within_the_call = watched.waiting()[0].gone;
    });
    was_told = watched.AwaitGone();
  });
  CHECK(within_the_call == 0);
  CHECK(was_told);
}

TEST_CASE("a second request on the connection is watched as the first was") {
  Watched watched;
  watched.Want(2);
  ServerOnLoop server(watched.handler());
  Answer first;
  std::vector<int> gone;
  bool waits = false;
  server.Run([&] {
    Client client(server.address());
    client.Send(kWait);
    client.Send(kWait);
    // The second is read only when the first is answered.
    Client(server.address()).Get("/now");
    server.Call([&] { waits = watched.waiting().size() == 1; });
    server.Call([&] { watched.waiting()[0].respond({.body = "first"}); });
    first = client.Read();
    watched.AwaitRequests();
    client.Close();
    while (gone.empty()) {
      server.Call([&] {
        if (watched.waiting()[1].gone == 0) return;
        gone = {watched.waiting()[0].gone, watched.waiting()[1].gone};
      });
    }
  });
  CHECK(waits);
  CHECK(first.body == "first");
  CHECK(gone == std::vector<int>{0, 1});
}

TEST_CASE("nobody is told after the answer") {
  Watched watched;
  ServerOnLoop server(watched.handler());
  Answer answer;
  int gone = -1;
  server.Run([&] {
    Client client(server.address());
    client.Send(kWait);
    watched.AwaitRequests();
    server.Call([&] {
      watched.waiting()[0].respond({.body = "an answer"});
      watched.Watch(0);
    });
    answer = client.Read();
    client.Close();
    for (int i = 0; i < 10; ++i) Client(server.address()).Get("/now");
    server.Call([&] { gone = watched.waiting()[0].gone; });
  });
  CHECK(answer.body == "an answer");
  CHECK(gone == 0);
}

// The client has closed, and the loop has not seen it yet when the answer
// comes.
TEST_CASE("nobody is told when the answer comes first by a hair") {
  Watched watched;
  ServerOnLoop server(watched.handler());
  int gone = -1;
  server.Run([&] {
    Client client(server.address());
    client.Send(kWait);
    watched.AwaitRequests();
    server.Call([&] {
      client.Close();
      watched.waiting()[0].respond({.body = "an answer"});
    });
    for (int i = 0; i < 10; ++i) Client(server.address()).Get("/now");
    server.Call([&] { gone = watched.waiting()[0].gone; });
  });
  CHECK(gone == 0);
}

TEST_CASE("a server that ends tells nobody") {
  Watched watched;
  ServerOnLoop server(watched.handler());
  server.Run([&] {
    Client client(server.address());
    client.Send(kWait);
    watched.AwaitRequests();
    server.Call([&] {
      client.Close();
      server.DestroyServer();
      watched.Watch(0);
    });
  });
  uv_run(server.loop(), UV_RUN_NOWAIT);
  CHECK(watched.waiting()[0].gone == 0);
}

TEST_CASE("what is told may throw, answer or ask again") {
  std::promise<void> here;
  std::promise<void> told;
  int times = 0;
  std::vector<Respond> kept;
  ServerOnLoop server([&](const Request& request, Respond respond) {
    if (request.path == "/now") return respond({.body = "now"});
    request.when_gone([] { FAIL("It was replaced."); });
    request.when_gone(
        [&, path = request.path, respond, when_gone = request.when_gone] {
          if (path == "/again" && times++ == 0) {
            return when_gone([&, respond] { told.set_value(); });
          }
          told.set_value();
          if (path == "/throw") throw 1;
          if (path == "/answer") respond({.body = "to nobody"});
        });
    if (request.path == "/throw") kept.push_back(std::move(respond));
    here.set_value();
  });
  for (const char* path : {"/throw", "/answer", "/drop", "/again"}) {
    here = {};
    told = {};
    bool was_told = false;
    Answer next;
    server.Run([&] {
      Client client(server.address());
      client.Send(std::string("GET ") + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
      here.get_future().get();
      client.Close();
      was_told = told.get_future().wait_for(std::chrono::seconds(20)) ==
                 std::future_status::ready;
      next = Client(server.address()).Get("/now");
    });
    INFO(path);
    CHECK(was_told);
    CHECK(next.body == "now");
  }
}

TEST_CASE("a request knows its client's address") {
  std::string seen;
  const auto handler = [&](const Request& request, const Respond& respond) {
    seen = request.client;
    respond({.body = request.client});
  };
  ServerOnLoop server(handler, Limits(), ":0");
  const std::string port = server.address().substr(server.address().rfind(':'));
  Answer v4;
  Answer v6;
  server.Run([&] {
    v4 = Client("127.0.0.1" + port).Get("/");
    v6 = Client("[::1]" + port).Get("/");
  });
  CHECK(v4.body == "127.0.0.1");
  CHECK(v6.body == "::1");
  ServerOnLoop only_v4(handler);
  only_v4.Run([&] { v4 = Client(only_v4.address()).Get("/"); });
  CHECK(v4.body == "127.0.0.1");
}

// More descriptors than the usual soft limit of 1024.
void AllowDescriptors() {
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

TEST_CASE("1,000 requests of one address wait, another is served, all go") {
  AllowDescriptors();
  Watched watched;
  watched.Want(1000);
  ServerOnLoop server(watched.handler());
  Answer now;
  bool were_told = false;
  server.Run([&] {
    std::vector<Client> clients;
    for (int i = 0; i < 1000; ++i) {
      clients.emplace_back(server.address()).Send(kWait);
    }
    watched.AwaitRequests();
    now = Client(server.address()).Get("/now");
    clients.clear();
    were_told = watched.AwaitGone();
  });
  CHECK(now.body == "now");
  CHECK(were_told);
}

}  // namespace
}  // namespace exporter::http
