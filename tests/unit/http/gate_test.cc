// Who is let in.
#include "exporter/http/gate.h"

#include <crypt.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "exporter/http/basic_auth.h"
#include "tests/support/catch.h"
#include "tests/unit/http/client.h"
#include "tests/unit/http/server_on_loop.h"

namespace exporter::http {
namespace {

using Clock = std::chrono::steady_clock;

std::string Hash(const std::string& password,
                 const std::string& prefix = "$2y$04$") {
  crypt_data scratch{};
  const char* const made = crypt_r(
      password.c_str(), (prefix + "QOauhQNbBCuQDKes6eFzPe").c_str(), &scratch);
  REQUIRE(made != nullptr);
  return made;
}

std::string Base64(const std::string& bytes) {
  constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = bits << 8U |
             (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j])
                                   : 0U);
    }
    for (int j = 3; j >= 0; --j) {
      const bool is_there = i + static_cast<std::size_t>(3 - j) <= bytes.size();
      text += is_there ? kDigits[bits >> (6U * static_cast<unsigned>(j)) & 63U]
                       : '=';
    }
  }
  return text;
}

// The header of that user.
std::string As(const std::string& user, const std::string& password) {
  return "Authorization: Basic " + Base64(user + ":" + password) + "\r\n";
}

WebConfig Users(std::map<std::string, std::string, std::less<>> users = {
                    {"alice", Hash("secret")}}) {
  WebConfig config;
  config.users = std::move(users);
  return config;
}

// A server behind a gate whose configuration a test may change.
class Gated {
 public:
  explicit Gated(WebConfig config) {
    Set(std::move(config));
    server_.emplace([this](const Request& request, Respond respond) {
      if (gate_ == nullptr) {
        gate_ = std::make_unique<Gate>(
            server_->loop(), [this] { return current_; },
            [this](const Request&, const Respond& inside) {
              ++let_in_;
              inside({.headers = {{"X-Frame-Options", "sameorigin"}},
                      .body = "inside"});
            });
      }
      gate_->Answer(request, std::move(respond));
    });
  }
  ServerOnLoop* operator->() { return &*server_; }
  void Set(WebConfig config) {
    current_ = std::make_shared<const WebConfig>(std::move(config));
  }
  void Spoil() { current_ = nullptr; }
  int let_in() const { return let_in_; }
  void DestroyGate() { gate_.reset(); }

  int Status(const std::string& fields) {
    return Client(server_->address()).Get("/", fields).status;
  }

 private:
  std::shared_ptr<const WebConfig> current_;
  std::optional<ServerOnLoop> server_;
  std::unique_ptr<Gate> gate_;
  int let_in_ = 0;
};

TEST_CASE("without users everybody is let in") {
  Gated gated{WebConfig()};
  Answer answer;
  gated->Run([&] { answer = Client(gated->address()).Get("/"); });
  CHECK(answer.body == "inside");
}

TEST_CASE("only the right password is let in") {
  const std::string longest(kMaxPasswordBytes, 'x');
  Gated gated(Users({{"alice", Hash("secret")},
                     {"bob", Hash("other", "$2b$04$")},
                     {"eve", Hash("third", "$2a$04$")},
                     {"", Hash("nobody")},
                     {"long", Hash(longest)},
                     {"a b", Hash("p:w")}}));
  struct Row {
    std::string fields;
    int want;
  };
  const std::vector<Row> rows = {
      {As("alice", "secret"), 200},
      {As("bob", "other"), 200},
      {As("eve", "third"), 200},
      {As("", "nobody"), 200},
      {As("a b", "p:w"), 200},
      {As("long", longest), 200},
      {"", 401},
      {As("alice", "other"), 401},
      {As("alice", "Secret"), 401},
      {As("alice", ""), 401},
      {As("ALICE", "secret"), 401},
      {As("bob", "secret"), 401},
      {As("mallory", "secret"), 401},
      {As("mallory", ""), 401},
      {As("long", longest + "y"), 401},
      {As("alice", std::string("secret\0", 7)), 401},
      {As("alice", Hash("secret")), 401},
      {"Authorization: Bearer secret\r\n", 401},
      {"Authorization: Basic !!!!\r\n", 401},
      {As("alice", "secret") + As("alice", "secret"), 401},
  };
  for (int round = 0; round < 2; ++round) {  // The second from the cache.
    for (const Row& row : rows) {
      int status = 0;
      gated->Run([&] { status = gated.Status(row.fields); });
      INFO(round << " " << row.fields);
      CHECK(status == row.want);
    }
  }
  CHECK(gated.let_in() == 12);
}

TEST_CASE("who is not let in is told how to come in") {
  Gated gated(Users());
  Answer answer;
  gated->Run([&] { answer = Client(gated->address()).Get("/"); });
  CHECK(answer.status == 401);
  CHECK(answer.body == "Unauthorized\n");
  CHECK(answer.header.find("\r\nwww-authenticate: basic\r\n") !=
        std::string::npos);
}

TEST_CASE("first the configuration, then the rate, headers, the password") {
  WebConfig config = Users();
  config.headers = {{"X-Content-Type-Options", "nosniff"},
                    {"Strict-Transport-Security", "max-age=1"},
                    {"x-frame-OPTIONS", "deny"}};
  config.rate_limit = WebRateLimit{std::chrono::hours(1), 3};
  Gated gated(config);
  std::vector<Answer> answers;
  gated->Run([&] {
    Client client(gated->address());
    const std::string alice = As("alice", "secret");
    answers.push_back(client.Get("/"));         // 401.
    answers.push_back(client.Get("/", alice));  // 200.
    gated->Call([&] { gated.Spoil(); });
    answers.push_back(client.Get("/", alice));  // 500, and not counted.
    gated->Call([&] { gated.Set(config); });
    answers.push_back(client.Get("/", alice));  // 200.
    answers.push_back(client.Get("/", alice));  // 429.
    answers.push_back(client.Get("/"));         // 429.
  });
  std::vector<int> statuses;
  for (const Answer& answer : answers) statuses.push_back(answer.status);
  CHECK(statuses == std::vector<int>{401, 200, 500, 200, 429, 429});
  for (const Answer& answer : answers) {
    const bool has_header = answer.header.find(
                                "strict-transport-security: "
                                "max-age=1\r\n") != std::string::npos;
    CHECK(has_header == (answer.status == 200 || answer.status == 401));
  }
  // What the page says itself stays.
  CHECK(answers[1].header.find("x-frame-options: sameorigin\r\n") !=
        std::string::npos);
  CHECK(answers[1].header.find("deny") == std::string::npos);
  CHECK(answers[0].header.find("x-frame-options: deny\r\n") !=
        std::string::npos);
  CHECK(answers[4].body == "Too Many Requests\n");
  CHECK(answers[2].body == "Internal Server Error\n");
}

TEST_CASE("a rate that changes counts anew") {
  WebConfig config;
  config.rate_limit = WebRateLimit{std::chrono::hours(1), 1};
  Gated gated(config);
  std::vector<int> statuses;
  gated->Run([&] {
    statuses.push_back(gated.Status(""));
    statuses.push_back(gated.Status(""));
    config.rate_limit->burst = 2;
    gated->Call([&] { gated.Set(config); });
    statuses.push_back(gated.Status(""));
    statuses.push_back(gated.Status(""));
    statuses.push_back(gated.Status(""));
    config.rate_limit.reset();
    gated->Call([&] { gated.Set(config); });
    statuses.push_back(gated.Status(""));
  });
  CHECK(statuses == std::vector<int>{200, 429, 200, 200, 429, 200});
}

TEST_CASE("what was right yesterday is not remembered") {
  Gated gated(Users());
  std::vector<int> statuses;
  gated->Run([&] {
    const auto ask = [&](const std::string& password) {
      statuses.push_back(gated.Status(As("alice", password)));
    };
    ask("secret");
    gated->Call([&] { gated.Set(Users({{"alice", Hash("changed")}})); });
    ask("secret");
    ask("changed");
    gated->Call([&] { gated.Set(Users({{"bob", Hash("changed")}})); });
    ask("changed");
    gated->Call([&] { gated.Set(Users({{"alice", Hash("secret")}})); });
    ask("secret");
    ask("changed");
  });
  CHECK(statuses == std::vector<int>{200, 401, 200, 401, 200, 401});
}

// CVE-2022-46146: what an unknown user's guess came to was taken for a known
// one's.
TEST_CASE("no guess of an unknown user opens the door for anybody") {
  const std::string hash = Hash("secret");
  Gated gated(Users({{"alice", hash}}));
  // What an unknown user is compared with, as an attacker may know it.
  const std::string nobody = hash.substr(0, 7) + std::string(53, '.');
  int inside = 0;
  gated->Run([&] {
    for (int round = 0; round < 2; ++round) {
      for (const std::string& user :
           {std::string("mallory"), "alice" + hash, "alice:" + hash,
            "alice" + nobody, std::string("alice\0", 6), std::string("alic")}) {
        for (const std::string& password :
             {std::string("fakepassword"), std::string("secret"), nobody,
              std::string()}) {
          inside += gated.Status(As(user, password)) == 200;
        }
      }
      inside += gated.Status(As("alice", "fakepassword")) == 200;
      inside += gated.Status(As("alice", nobody)) == 200;
    }
  });
  CHECK(inside == 0);
}

TEST_CASE("an unknown user takes as long as a known one") {
  Gated gated(Users({{"alice", Hash("secret", "$2y$10$")}}));
  std::chrono::duration<double> known{};
  std::chrono::duration<double> unknown{};
  gated->Run([&] {
    for (int i = 0; i < 5; ++i) {
      const std::string password = "guess " + std::to_string(i);
      const auto start = Clock::now();
      gated.Status(As("alice", password));
      const auto middle = Clock::now();
      gated.Status(As("mallory", password));
      known += middle - start;
      unknown += Clock::now() - middle;
    }
  });
  CHECK(known.count() > 0.1);
  CHECK(unknown > known / 3);
  CHECK(known > unknown / 3);
}

TEST_CASE("passwords are checked one at a time, and nobody else waits") {
  Gated gated(Users({{"alice", Hash("secret", "$2y$12$")}}));
  std::vector<int> statuses;
  std::chrono::duration<double> longest{};
  int busy = 0;
  std::string retry;
  gated->Run([&] {
    std::vector<Client> clients;
    for (int i = 0; i < 9; ++i) {
      clients.emplace_back(gated->address())
          .Send("GET / HTTP/1.1\r\nHost: x\r\n" +
                As("alice", "guess " + std::to_string(i)) + "\r\n");
    }
    for (int i = 0; i < 20; ++i) {
      const auto start = Clock::now();
      gated.Status("");
      longest = std::max<std::chrono::duration<double>>(longest,
                                                        Clock::now() - start);
    }
    // One is at work and eight wait, all of one address.
    const Answer refused =
        Client(gated->address()).Get("/", As("alice", "one too many"));
    busy = refused.status;
    retry = refused.header;
    for (Client& client : clients) statuses.push_back(client.Read().status);
  });
  CHECK(longest.count() < 0.5);
  CHECK(busy == 503);
  CHECK(retry.find("\r\nretry-after: 1\r\n") != std::string::npos);
  CHECK(statuses == std::vector<int>(9, 401));
}

TEST_CASE("nobody's password is checked for a client that has gone") {
  Gated gated(Users({{"alice", Hash("secret", "$2y$11$")}}));
  std::chrono::duration<double> took{};
  int status = 0;
  gated->Run([&] {
    for (int i = 0; i < 8; ++i) {
      Client client(gated->address());
      client.Send("GET / HTTP/1.1\r\nHost: x\r\n" +
                  As("alice", "guess " + std::to_string(i)) + "\r\n");
      gated.Status("");  // It is in the queue now.
      client.Close();
    }
    gated.Status("");
    const auto start = Clock::now();
    status = gated.Status(As("alice", "secret"));
    took = Clock::now() - start;
  });
  CHECK(status == 200);
  // One check may be under way, and one is our own; nine would take a second.
  INFO(took.count());
  CHECK(took.count() < 0.9);
}

TEST_CASE("a server may end while a password is checked") {
  Gated gated(Users({{"alice", Hash("secret", "$2y$11$")}}));
  std::string rest = "unread";
  gated->Run([&] {
    Client client(gated->address());
    client.Send("GET / HTTP/1.1\r\nHost: x\r\n" + As("alice", "secret") +
                "\r\n");
    gated.Status("");
    gated->Call([&] {
      gated->DestroyServer();
      gated.DestroyGate();
    });
    rest = client.ReadToEnd();
  });
  CHECK(rest.empty());
  CHECK(gated.let_in() == 0);
}

}  // namespace
}  // namespace exporter::http
