// Clients that do not behave, and limits.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "exporter/http/server.h"
#include "tests/support/catch.h"
#include "tests/unit/http/client.h"
#include "tests/unit/http/server_on_loop.h"

namespace exporter::http {
namespace {

using Clock = std::chrono::steady_clock;

void Fine(const Request&, Respond respond) { respond({.body = "fine"}); }

TEST_CASE("requests whose end is in doubt are refused and end the connection") {
  const std::string post = "POST / HTTP/1.1\r\nHost: x\r\n";
  const std::string smuggled = "\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::vector<std::string> heads = {
      "Content-Length: abc\r\n",
      "Content-Length: -1\r\n",
      "Content-Length: +5\r\n",
      "Content-Length: 0x5\r\n",
      "Content-Length: 5 5\r\n",
      "Content-Length: 0, 0\r\n",
      "Content-Length:\r\n",
      "Content-Length: 99999999999999999999\r\n",
      "Content-Length: 0\r\nContent-Length: 40\r\n",
      "Content-Length: 40\r\nContent-Length: 0\r\n",
      "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
      "Transfer-Encoding: identity\r\n",
      "Transfer-Encoding: xchunked\r\n",
      "Transfer-Encoding: gzip, chunked\r\n",
      "Transfer-Encoding: chunked, chunked\r\n",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
      "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
      "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
      "Transfer-Encoding: chunked\r\n\r\n0x1\r\n",
      "Transfer-Encoding: chunked\r\n\r\n1\r\nab",
      "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
  };
  std::multiset<std::string> asked;
  ServerOnLoop server([&](const Request& request, Respond respond) {
    asked.insert(request.path);
    respond({.body = "fine"});
  });
  std::vector<std::string> answers;
  server.Run([&] {
    for (const std::string& head : heads) {
      Client client(server.address());
      client.Send(post + head + smuggled);
      answers.push_back(client.ReadToEnd());
    }
  });
  for (std::size_t i = 0; i < heads.size(); ++i) {
    INFO(heads[i] << answers[i]);
    CHECK(answers[i].starts_with("HTTP/1.1 4"));
    CHECK(answers[i].find("fine") == std::string::npos);
  }
  CHECK(asked.empty());
}

TEST_CASE("a request that is too long is refused") {
  struct Row {
    std::string name;
    std::string status;
    std::string request;
  };
  const std::vector<Row> rows = {
      {"one field", "431 ",
       "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'x') +
           "\r\n\r\n"},
      {"the path", "414 ",
       "GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"the method", "414 ", std::string(20'000, 'X') + " / HTTP/1.1\r\n\r\n"},
      {"no end", "414 ", std::string(1'000'000, 'x')},
      {"many fields", "431 ",
       "GET / HTTP/1.1\r\nHost: x\r\n" +
           [] {
             std::string fields;
             for (int i = 0; i < 10'000; ++i) fields += "a:\r\n";
             return fields;
           }() +
           "\r\n"},
      {"many arguments", "414 ",
       "GET /?" +
           [] {
             std::string arguments;
             for (int i = 0; i < 5'000; ++i) arguments += "a&";
             return arguments;
           }() +
           " HTTP/1.1\r\nHost: x\r\n\r\n"},
  };
  for (const Row& row : rows) {
    ServerOnLoop server(&Fine);
    std::string answer;
    Answer next;
    server.Run([&] {
      Client client(server.address());
      client.Send(row.request);
      answer = client.ReadToEnd();
      next = Client(server.address()).Get("/");
    });
    INFO(row.name << ": " << answer.substr(0, 100));
    CHECK(answer.starts_with("HTTP/1.1 " + row.status));
    CHECK(next.body == "fine");
  }
}

TEST_CASE("a header of the allowed length is accepted") {
  ServerOnLoop server(&Fine);
  Answer answer;
  server.Run([&] {
    answer = Client(server.address())
                 .Get("/", "Cookie: " + std::string(8'000, 'x') + "\r\n");
  });
  CHECK(answer.status == 200);
}

TEST_CASE("a body without end is cut off") {
  ServerOnLoop server(&Fine);
  bool cut = false;
  Answer next;
  server.Run([&] {
    Client client(server.address());
    client.Send(
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
    for (int i = 0; i < 1000 && !cut; ++i) cut = !client.Send(chunk);
    next = Client(server.address()).Get("/");
  });
  CHECK(cut);
  CHECK(next.body == "fine");
}

TEST_CASE("bytes that are no HTTP break nothing") {
  std::mt19937 random(20240611);
  std::vector<std::string> streams = {
      std::string(100, '\0'),
      "\r\n\r\n\r\n\r\n",
      "\n",
      "GET\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n: z\r\n\r\n",
      "GET /%00%ff%zz%?%=%00&%00 HTTP/1.1\r\nHost: x\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  // A TLS ClientHello.
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "EHLO mail.example.com\r\n",
  };
  for (int i = 0; i < 200; ++i) {
    std::string stream = i % 2 == 0 ? "GET /" : "";
    while (stream.size() < 1 + random() % 600) {
      // Often one that means something in HTTP.
      stream += random() % 3 == 0 ? "\r\n :/%?&=;,"[random() % 11]
                                  : static_cast<char>(random());
    }
    streams.push_back(stream + (i % 4 < 2 ? "\r\n\r\n" : ""));
  }
  ServerOnLoop server(&Fine);
  int ended = 0;
  Answer next;
  server.Run([&] {
    std::vector<Client> clients;
    for (const std::string& stream : streams) {
      Client& client = clients.emplace_back(server.address());
      client.Send(stream);
      client.EndSending();
    }
    for (Client& client : clients) {
      client.ReadToEnd();
      ++ended;
    }
    next = Client(server.address()).Get("/");
  });
  CHECK(ended == static_cast<int>(streams.size()));
  CHECK(next.body == "fine");
}

TEST_CASE("an idle connection is closed") {
  const std::vector<std::string> before = {
      "",                                   // Says nothing.
      "GET / HTT",                          // Half a request.
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",  // Kept alive.
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
  };
  ServerOnLoop server(&Fine, {.head_seconds = 1, .body_seconds = 1});
  std::chrono::duration<double> took{};
  server.Run([&] {
    std::vector<Client> clients;
    for (const std::string& bytes : before) {
      clients.emplace_back(server.address()).Send(bytes);
    }
    const auto start = Clock::now();
    for (Client& client : clients) client.ReadToEnd();
    took = Clock::now() - start;
  });
  CHECK(took.count() > 0.5);
  CHECK(took.count() < 15);
}

TEST_CASE("a waiting request is not idle") {
  std::vector<Respond> waiting;
  ServerOnLoop server(
      [&](const Request&, Respond respond) {
        waiting.push_back(std::move(respond));
      },
      {.head_seconds = 1});
  Answer answer;
  server.Run([&] {
    Client client(server.address());
    client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    Client(server.address()).ReadToEnd();  // Idle, and closed for it.
    Client(server.address()).ReadToEnd();
    server.Call([&] { waiting.front()({.body = "late"}); });
    answer = client.Read();
  });
  CHECK(answer.body == "late");
}

// Keeps "/wait" waiting and answers the rest.
struct Patient {
  Handler handler() {
    return [this](const Request& request, Respond respond) {
      if (request.path != "/wait") return respond({.body = "fine"});
      waiting.push_back(std::move(respond));
      if (waiting.size() == wanted) all_here.set_value();
    };
  }

  std::size_t wanted = 1;
  std::promise<void> all_here;
  std::vector<Respond> waiting;
};

TEST_CASE("the number of connections is limited over all listeners") {
  Patient patient;
  patient.wanted = 2;
  ServerOnLoop server(patient.handler(), {.connections = 3});
  REQUIRE(server.server().Listen("127.0.0.1:0"));
  const std::vector<std::string> addresses = server.server().addresses();
  bool fourth_waits = false;
  Answer fourth_answer;
  Answer waited;
  server.Run([&] {
    Client first(addresses[0]);
    Client second(addresses[1]);
    Client third(addresses[1]);
    first.Send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    second.Send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    third.Send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    patient.all_here.get_future().get();
    while (patient.waiting.size() < 3) server.Call([] {});
    Client fourth(addresses[0]);
    fourth.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    // Long enough for it to be let in, if it were.
    for (int i = 0; i < 100; ++i) server.Call([] {});
    fourth_waits = !fourth.HasNews();
    server.Call([&] { patient.waiting[0]({.body = "waited"}); });
    waited = first.Read();
    fourth_answer = fourth.Read();
  });
  CHECK(fourth_waits);
  CHECK(waited.body == "waited");
  CHECK(fourth_answer.body == "fine");
}

TEST_CASE("an address may have its share, and not by being idle") {
  Patient patient;
  patient.wanted = 2;
  ServerOnLoop server(patient.handler(), {.connections_per_address = 2});
  std::string refused = "unread";
  Answer waited;
  Answer after;
  server.Run([&] {
    Client first(server.address());
    Client second(server.address());
    first.Send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    second.Send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    patient.all_here.get_future().get();
    refused = Client(server.address()).ReadToEnd();
    server.Call([&] { patient.waiting[1]({.body = "waited"}); });
    waited = second.Read();
    after = Client(server.address()).Get("/");
    second.ReadToEnd();  // It was idle, and had to go.
  });
  CHECK(refused.empty());
  CHECK(waited.body == "waited");
  CHECK(after.body == "fine");
}

// The lowest number that no descriptor has, and so none may have from now on.
void ForbidNewDescriptors(rlimit* before) {
  getrlimit(RLIMIT_NOFILE, before);
  const int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
  close(lowest);
  const rlimit none{.rlim_cur = static_cast<rlim_t>(lowest),
                    .rlim_max = before->rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
}

TEST_CASE("without descriptors the loop does not spin") {
  ServerOnLoop server(&Fine);
  uv_check_t turns_counter;
  int turns = 0;
  turns_counter.data = &turns;
  uv_check_init(server.loop(), &turns_counter);
  uv_check_start(&turns_counter,
                 [](uv_check_t* check) { ++*static_cast<int*>(check->data); });
  int turns_without = 0;
  Answer answer;
  server.Run([&] {
    Client client(server.address(), Client::Later());
    rlimit before{};
    server.Call([&] {
      ForbidNewDescriptors(&before);
      turns = 0;
    });
    client.Connect();
    client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    // Time enough for thousands of turns.
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    server.Call([&] {
      turns_without = turns;
      setrlimit(RLIMIT_NOFILE, &before);
    });
    answer = client.Read();
  });
  uv_close(reinterpret_cast<uv_handle_t*>(&turns_counter), nullptr);
  uv_run(server.loop(), UV_RUN_NOWAIT);
  CHECK(turns_without >= 2);  // It tried.
  CHECK(turns_without < 50);
  CHECK(answer.body == "fine");
}

}  // namespace
}  // namespace exporter::http
