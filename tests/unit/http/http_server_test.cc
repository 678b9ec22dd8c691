// Requests and answers of clients that behave.
#include <stdexcept>
#include <string>
#include <vector>

#include "exporter/http/server.h"
#include "tests/support/catch.h"
#include "tests/unit/http/client.h"
#include "tests/unit/http/server_on_loop.h"

namespace exporter::http {
namespace {

// Answers what it was asked.
void Echo(const Request& request, Respond respond) {
  if (request.path == "/missing") {
    return respond({.status = 404, .body = "no such page\n"});
  }
  std::string body = request.method + " " + request.path;
  for (const auto& [name, value] : request.arguments) {
    body += " " + name + "=" + value;
  }
  respond({.headers = {{"Content-Type", "text/plain"}}, .body = body});
}

TEST_CASE("a request is read and answered") {
  struct Row {
    std::string name;
    std::string request;
    int status;
    std::string body;
  };
  const std::string post = "POST /-/reload HTTP/1.1\r\nHost: x\r\n";
  const std::vector<Row> rows = {
      {"GET", "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200, "GET /metrics"},
      {"not found", "GET /missing HTTP/1.1\r\nHost: x\r\n\r\n", 404,
       "no such page\n"},
      {"HTTP/1.0", "GET /old HTTP/1.0\r\n\r\n", 200, "GET /old"},
      {"arguments in order, decoded",
       "GET /probe?b=x%3A25&a=1+2&a=&c HTTP/1.1\r\nHost: x\r\n\r\n", 200,
       "GET /probe b=x:25 a=1 2 a= c="},
      {"path decoded", "GET /a%20b HTTP/1.1\r\nHost: x\r\n\r\n", 200,
       "GET /a b"},
      {"unknown method", "BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n", 200,
       "BREW /pot"},
      {"lower-case method is another", "get / HTTP/1.1\r\nHost: x\r\n\r\n", 200,
       "get /"},
      {"POST without body", post + "Content-Length: 0\r\n\r\n", 200,
       "POST /-/reload"},
      {"POST with body", post + "Content-Length: 5\r\n\r\nhello", 200,
       "POST /-/reload"},
      {"POST in chunks",
       post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200,
       "POST /-/reload"},
      {"largest body",
       post + "Content-Length: 65536\r\n\r\n" + std::string(65536, 'x'), 200,
       "POST /-/reload"},
      {"body too large",
       post + "Content-Length: 65537\r\n\r\n" + std::string(65537, 'x'), 413,
       "The request's body is too large.\n"},
      {"chunks too large",
       post + "Transfer-Encoding: chunked\r\n\r\n10001\r\n" +
           std::string(65537, 'x') + "\r\n0\r\n\r\n",
       413, "The request's body is too large.\n"},
      {"body announced absurdly", post + "Content-Length: 99999999999\r\n\r\n",
       413, "The request's body is too large.\n"},
  };
  for (const Row& row : rows) {
    ServerOnLoop server(&Echo);
    Answer answer;
    server.Run([&] {
      Client client(server.address());
      client.Send(row.request);
      answer = client.Read();
    });
    INFO(row.name);
    CHECK(answer.status == row.status);
    CHECK(answer.body == row.body);
    CHECK(answer.whole);
  }
}

TEST_CASE("HEAD gets the header only") {
  ServerOnLoop server([](const Request& request, Respond respond) {
    if (request.path == "/whole") return respond({.body = "12345"});
    respond({.source = [](std::string&) -> bool {
      throw std::logic_error("nobody reads the body");
    }});
  });
  Answer whole;
  Answer streamed;
  std::vector<Answer> after;
  server.Run([&] {
    Client client(server.address());
    client.Send("HEAD /whole HTTP/1.1\r\nHost: x\r\n\r\n");
    whole = client.Read(/*to_head=*/true);
    after.push_back(client.Get("/whole"));
    client.Send("HEAD /streamed HTTP/1.1\r\nHost: x\r\n\r\n");
    streamed = client.Read(/*to_head=*/true);
    after.push_back(client.Get("/whole"));
    client.Send("HEAD /streamed HTTP/1.0\r\n\r\n");
    client.Read(/*to_head=*/true);
    client.ReadToEnd();
  });
  CHECK(whole.status == 200);
  CHECK(whole.header.find("content-length: 5\r\n") != std::string::npos);
  CHECK(streamed.status == 200);
  CHECK(after[0].body == "12345");
  CHECK(after[1].body == "12345");
}

TEST_CASE("header fields go both ways") {
  std::string seen;
  ServerOnLoop server([&](const Request& request, Respond respond) {
    seen = std::string(request.Header("accept")) + "|" +
           std::string(request.Header("x-none")) + "|" +
           std::string(request.Argument("target")) + "|" +
           std::string(request.Argument("none"));
    respond({.status = 503,
             .headers = {{"Retry-After", "7"},
                         {"X-Evil", "a\r\nSet-Cookie: b"},
                         {"Bad Name", "c"}},
             .body = "later"});
  });
  Answer answer;
  server.Run([&] {
    answer =
        Client(server.address())
            .Get("/?target=mx1", "ACCEPT: text/plain\r\nAccept: a;q=0.5\r\n");
  });
  CHECK(seen == "text/plain, a;q=0.5||mx1|");
  CHECK(answer.status == 503);
  CHECK(answer.header.find("\r\nretry-after: 7\r\n") != std::string::npos);
  CHECK(answer.header.find("set-cookie") == std::string::npos);
}

TEST_CASE("a status that is no final one becomes 500") {
  for (const int status : {0, 100, 101, 199, 600, -1, 100000}) {
    ServerOnLoop server(
        [&](const Request&, Respond respond) { respond({.status = status}); });
    Answer answer;
    server.Run([&] { answer = Client(server.address()).Get("/"); });
    INFO(status);
    CHECK(answer.status == 500);
  }
}

TEST_CASE("a handler that throws answers 500, and the server goes on") {
  ServerOnLoop server([](const Request& request, Respond respond) {
    if (request.path == "/throw") throw std::runtime_error("a bug");
    respond({.body = "fine"});
  });
  Answer thrown;
  Answer fine;
  server.Run([&] {
    Client client(server.address());
    thrown = client.Get("/throw");
    fine = client.Get("/");
  });
  CHECK(thrown.status == 500);
  CHECK(fine.body == "fine");
}

TEST_CASE("connections are kept alive, unless the client asks otherwise") {
  ServerOnLoop server(&Echo);
  std::vector<std::string> bodies;
  std::string old;
  std::string closed;
  server.Run([&] {
    Client kept(server.address());
    // Three at once: answered in order.
    kept.Send(
        "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
        "GET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < 3; ++i) bodies.push_back(kept.Read().body);
    Client client(server.address());
    client.Send("GET /4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    closed = client.ReadToEnd();
    Client ancient(server.address());
    ancient.Send("GET /5 HTTP/1.0\r\n\r\n");
    old = ancient.ReadToEnd();
  });
  CHECK(bodies == std::vector<std::string>{"GET /1", "GET /2", "GET /3"});
  CHECK(closed.ends_with("\r\n\r\nGET /4"));
  CHECK(old.ends_with("\r\n\r\nGET /5"));
}

TEST_CASE("one server has several listeners") {
  ServerOnLoop server(&Echo);
  REQUIRE(server.server().Listen("127.0.0.1:0"));
  REQUIRE(server.server().Listen("[::1]:0"));
  const std::vector<std::string> addresses = server.server().addresses();
  REQUIRE(addresses.size() == 3);
  CHECK(addresses[0] != addresses[1]);
  CHECK(addresses[2].starts_with("[::1]:"));
  std::vector<int> statuses;
  server.Run([&] {
    for (const std::string& address : addresses) {
      statuses.push_back(Client(address).Get("/").status);
    }
  });
  CHECK(statuses == std::vector<int>{200, 200, 200});
}

TEST_CASE("all addresses means IPv6 and IPv4") {
  ServerOnLoop server(&Echo, Limits(), ":0");
  const std::string address = server.address();
  REQUIRE(address.starts_with("[::]:"));
  std::vector<int> statuses;
  server.Run([&] {
    const std::string port = address.substr(address.rfind(':'));
    statuses.push_back(Client("127.0.0.1" + port).Get("/").status);
    statuses.push_back(Client("[::1]" + port).Get("/").status);
  });
  CHECK(statuses == std::vector<int>{200, 200});
}

TEST_CASE("a server that cannot listen says why and goes on") {
  ServerOnLoop server(&Echo);
  const auto taken = server.server().Listen(server.address());
  REQUIRE_FALSE(taken.has_value());
  CHECK(taken.error() ==
        "listen on " + server.address() + ": address already in use");
  CHECK(server.server().addresses().size() == 1);
  int status = 0;
  server.Run([&] { status = Client(server.address()).Get("/").status; });
  CHECK(status == 200);
}

TEST_CASE("a server that never listens leaves nothing behind") {
  uv_loop_t loop;
  REQUIRE(uv_loop_init(&loop) == 0);
  {
    Server server(&loop, &Echo);
    CHECK(server.addresses().empty());
    CHECK_FALSE(server.Listen("nonsense").has_value());
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  CHECK(uv_loop_close(&loop) == 0);
}

}  // namespace
}  // namespace exporter::http
