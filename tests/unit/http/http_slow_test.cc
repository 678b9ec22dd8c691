// Clients that take their time, and many that do nothing.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "exporter/http/client_address.h"
#include "exporter/http/server.h"
#include "tests/support/catch.h"
#include "tests/unit/http/client.h"
#include "tests/unit/http/server_on_loop.h"

namespace exporter::http {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLarge = 64 * 1024 * 1024;

// "/large" is a body that no socket holds; any other path is "fine".
void LargeOrFine(const Request& request, const Respond& respond) {
  if (request.path != "/large") return respond({.body = "fine"});
  respond({.source = [left = kLarge](std::string& piece) mutable {
    if (left == 0) return false;
    piece.assign(32 * 1024, 'x');
    left -= piece.size();
    return true;
  }});
}

// More descriptors than the usual soft limit of 1024.
void AllowDescriptors() {
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

// Sends a byte of `bytes` now and then, over and over, until the server ends
// the connection; how long that took.
std::chrono::duration<double> Drip(Client& client, const std::string& bytes) {
  const auto start = Clock::now();
  for (std::size_t i = 0; client.Send(bytes.substr(i % bytes.size(), 1)); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (Clock::now() - start > std::chrono::seconds(60)) break;
  }
  return Clock::now() - start;
}

TEST_CASE("a request that drips has a time limit, however lively it is") {
  struct Row {
    std::string name;
    std::string start;
    std::string drip;
    Limits limits;
  };
  const Row rows[] = {
      {"head",
       "GET / HTTP/1.1\r\nHost: x\r\n",
       "a: b\r\n",
       {.head_seconds = 1}},
      {"second head",
       "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\n",
       "a: b\r\n",
       {.head_seconds = 1}},
      {"empty lines", "\r\n", "\r\n", {.head_seconds = 1}},
      {"body",
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n",
       "x",
       {.body_seconds = 1}},
      {"chunks",
       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
       "1\r\nx\r\n",
       {.body_seconds = 1}},
      {"behind a refusal",
       "GET / HTTP/3.0\r\n\r\n",
       "x",
       {.linger_seconds = 1}},
      {"behind the last answer",
       "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
       "x",
       {.linger_seconds = 1}},
  };
  for (const Row& row : rows) {
    ServerOnLoop server(&LargeOrFine, row.limits);
    std::chrono::duration<double> took{};
    server.Run([&] {
      Client client(server.address());
      client.Send(row.start);
      took = Drip(client, row.drip);
    });
    INFO(row.name);
    CHECK(took.count() > 0.8);
    CHECK(took.count() < 20);
  }
}

TEST_CASE("a reader that sips has a time limit") {
  ServerOnLoop server(&LargeOrFine, {.answer_seconds = 1});
  std::size_t read = 0;
  server.Run([&] {
    Client client(server.address(), Client::Later());
    client.SmallReceiveBuffer();
    client.Connect();
    client.Send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    while (const std::size_t some = client.Sip()) {
      read += some;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  CHECK(read > 0);
  CHECK(read < kLarge);
}

TEST_CASE("of too many slow readers the first is broken off") {
  ServerOnLoop server(&LargeOrFine, {.answers_at_once = 2});
  std::vector<bool> whole;
  server.Run([&] {
    std::vector<Client> readers;
    for (int i = 0; i < 3; ++i) {
      Client& reader = readers.emplace_back(server.address(), Client::Later());
      reader.SmallReceiveBuffer();
      reader.Connect();
      reader.Send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
      reader.Sip();  // Its answer has begun.
    }
    for (Client& reader : readers) {
      // Its head was sipped away.
      const std::size_t bytes = reader.ReadToEndOf(kLarge);
      whole.push_back(bytes >= kLarge);
    }
  });
  CHECK(whole == std::vector<bool>{false, true, true});
}

TEST_CASE("any number of idle connections lets a request in") {
  AllowDescriptors();
  Limits limits;
  limits.connections = 300;
  limits.connections_per_address = 200;
  ServerOnLoop server(&LargeOrFine, limits);
  int answered = 0;
  int kept = 0;
  std::chrono::duration<double> longest{};
  server.Run([&] {
    std::vector<Client> idle;
    for (int i = 0; i < 1000; ++i) {
      Client& client = idle.emplace_back(server.address());
      // Some have begun a request, some have had an answer.
      if (i % 3 == 0) client.Send("GET / HTTP/1.1\r\nHo");
      if (i % 3 == 1) client.Get("/");
      if (i % 100 != 0) continue;
      const auto start = Clock::now();
      answered += Client(server.address()).Get("/").body == "fine";
      longest = std::max<std::chrono::duration<double>>(longest,
                                                        Clock::now() - start);
    }
    Client(server.address()).Get("/");  // All were seen before this one.
    for (Client& client : idle) kept += !client.HasNews();
  });
  CHECK(answered == 10);
  CHECK(longest.count() < 5);
  // Those that came last, and no more than their share.
  CHECK(kept > 100);
  CHECK(kept <= 200);
}

TEST_CASE("without descriptors an idle connection gives its own") {
  ServerOnLoop server(&LargeOrFine);
  Answer answer;
  std::string idle_got = "unread";
  server.Run([&] {
    Client idle(server.address());
    idle.Get("/");
    Client client(server.address(), Client::Later());
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    // The lowest number that no descriptor has, and so none may have.
    const int lowest = dup(0);
    close(lowest);
    const rlimit none{.rlim_cur = static_cast<rlim_t>(lowest),
                      .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    client.Connect();
    answer = client.Get("/");
    setrlimit(RLIMIT_NOFILE, &before);
    idle_got = idle.ReadToEnd();
  });
  CHECK(answer.body == "fine");
  CHECK(idle_got.empty());
}

TEST_CASE("a client waits for leave to send its body") {
  ServerOnLoop server(&LargeOrFine);
  std::string leave;
  Answer answer;
  server.Run([&] {
    Client client(server.address());
    client.Send(
        "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        "Content-Length: 5\r\n\r\n");
    leave = client.ReadBytes(25);
    client.Send("hello");
    answer = client.Read();
  });
  CHECK(leave == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(answer.body == "fine");
}

TEST_CASE("HTTP/1.0 is kept alive when the client asks") {
  ServerOnLoop server(&LargeOrFine);
  std::vector<Answer> answers;
  server.Run([&] {
    Client client(server.address());
    for (int i = 0; i < 2; ++i) {
      client.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      answers.push_back(client.Read());
    }
  });
  for (const Answer& answer : answers) {
    CHECK(answer.body == "fine");
    CHECK(answer.header.find("\r\nconnection: keep-alive\r\n") !=
          std::string::npos);
  }
}

TEST_CASE("clients share a limit by address, and by /64 in IPv6") {
  const auto v4 = [](const char* text) {
    sockaddr_storage address{};
    uv_ip4_addr(text, 1, reinterpret_cast<sockaddr_in*>(&address));
    return address;
  };
  const auto v6 = [](const char* text) {
    sockaddr_storage address{};
    uv_ip6_addr(text, 1, reinterpret_cast<sockaddr_in6*>(&address));
    return address;
  };
  const auto share = [](const sockaddr_storage& address) {
    return ClientShare(reinterpret_cast<const sockaddr*>(&address));
  };
  const auto text = [](const sockaddr_storage& address) {
    return ClientAddress(reinterpret_cast<const sockaddr*>(&address));
  };
  CHECK(share(v4("192.0.2.1")) != share(v4("192.0.2.2")));
  CHECK(share(v4("192.0.2.1")) == share(v6("::ffff:192.0.2.1")));
  CHECK(share(v6("2001:db8:0:1::1")) == share(v6("2001:db8:0:1:f::9")));
  CHECK(share(v6("2001:db8:0:1::1")) != share(v6("2001:db8:0:2::1")));
  CHECK(text(v4("192.0.2.1")) == "192.0.2.1");
  CHECK(text(v6("::ffff:192.0.2.1")) == "192.0.2.1");
  CHECK(text(v6("2001:DB8::1")) == "2001:db8::1");
  sockaddr_storage local{};
  local.ss_family = AF_UNIX;
  CHECK(text(local).empty());
}

}  // namespace
}  // namespace exporter::http
