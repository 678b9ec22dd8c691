#include "probe/inquiry.h"

#include <uv.h>

#include <future>
#include <memory>
#include <optional>
#include <vector>

#include "probe/prober.h"
#include "tests/support/catch.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/server_thread.h"
#include "tests/unit/probe/directory_fixture.h"

namespace {

using namespace std::chrono_literals;
using probe::Inquiry;
using probe::Reason;
using tests::Failed;
using tests::Found;
using tests::FoundMx;
using tests::FoundNames;
using tests::HealthyAnswer;
using tests::MakeDomain;
using tests::MakeTarget;
using tests::ScriptedServer;
using tests::ServerThread;

// A loop with all that an inquiry needs; no address has IPv6.
struct Stage {
  Stage() {
    uv_loop_init(&loop);
    resolver.emplace(&loop);
    prober.emplace(
        10, probe::Prober::Observer{.started = [](probe::Duration) {},
                                    .ended = [](probe::Duration) {},
                                    .finished = [](const auto&, const auto&) {},
                                    .postponed = [](auto, auto) {},
                                    .loop_lag = [](probe::Duration) {}});
    conversations.emplace(
        &loop, [this](const probe::Endpoint&) -> auto& { return *prober; });
  }
  ~Stage() {
    inquiries.clear();
    prober.reset();
    conversations.reset();
    resolver.reset();
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop) == 0);
  }

  // Its answer comes to answers[index].
  std::size_t Ask(Inquiry::Question question) {
    const std::size_t index = answers.size();
    answers.emplace_back();
    inquiries.push_back(std::make_unique<Inquiry>(
        &loop, *resolver, *conversations, has_route, std::move(question),
        [this, index](Inquiry::Answer answer) {
          CHECK_FALSE(answers[index]);
          answers[index] = std::move(answer);
        }));
    return index;
  }
  const Inquiry::Answer& Wait(std::size_t index) {
    tests::RunUntil(&loop, [&] { return answers[index].has_value(); });
    return *answers[index];
  }

  uv_loop_t loop{};
  probe::plan::HasRoute has_route = [](const probe::IpAddress&) {
    return true;
  };
  std::optional<tests::FakeResolver> resolver;
  std::optional<probe::Prober> prober;
  std::optional<probe::Conversations> conversations;
  std::vector<std::unique_ptr<Inquiry>> inquiries;
  std::vector<std::optional<Inquiry::Answer>> answers;
};

std::shared_ptr<probe::Target> TargetAt(const std::string& host,
                                        std::uint16_t port) {
  auto target = MakeTarget(host);
  target->port = port;
  return target;
}

Reason ReasonOf(const probe::ProbeResult& result) {
  REQUIRE(result.failure);
  return result.failure->reason;
}

}  // namespace

TEST_CASE("an inquiry probes each address of a host once") {
  ServerThread server("220 mx ESMTP\r\n", HealthyAnswer);
  Stage stage;
  stage.resolver->SetHost("mx.example.net", Found({"127.0.0.1", "127.0.0.2"}),
                          Failed(Reason::kNoAddress));
  stage.resolver->SetPtr("127.0.0.1", FoundNames({"mx.example.net"}));
  stage.resolver->SetPtr("127.0.0.2", Failed(Reason::kDnsNotFound));
  const auto& answer = stage.Wait(stage.Ask(
      {.target = TargetAt("mx.example.net", server.port()), .limit = 20s}));
  REQUIRE(answer.expansion->places.size() == 2);
  REQUIRE(answer.results.size() == 2);
  CHECK(answer.results[0]->success());
  // The test's server listens on the first address alone.
  CHECK(ReasonOf(*answer.results[1]) == Reason::kRefused);
  CHECK(answer.expansion->places[0].reverse->match == true);
  CHECK(answer.expansion->places[1].reverse->match == false);
}

TEST_CASE("an inquiry walks the exchangers of a domain") {
  ServerThread server("220 mx ESMTP\r\n", HealthyAnswer);
  Stage stage;
  stage.resolver->SetMx("example.net", FoundMx({{10, "mx1.example.net"},
                                                {20, "mx2.example.net"}}));
  stage.resolver->SetHost("mx1.example.net", Found({"127.0.0.1"}),
                          Failed(Reason::kNoAddress));
  stage.resolver->SetHost("mx2.example.net", Failed(Reason::kDnsNotFound),
                          Failed(Reason::kDnsNotFound));
  stage.resolver->SetPtr("127.0.0.1", Failed(Reason::kDnsNotFound));
  auto target = MakeDomain("example.net");
  target->port = server.port();
  const auto& answer = stage.Wait(stage.Ask({.target = target, .limit = 20s}));
  REQUIRE(answer.results.size() == 2);
  CHECK(answer.expansion->mail->hosts.size() == 2);
  CHECK(answer.expansion->places[0].mx == "mx1.example.net");
  CHECK(answer.results[0]->success());
  CHECK(ReasonOf(*answer.results[1]) == Reason::kDnsNotFound);
}

TEST_CASE("a domain that takes no mail has nothing to probe") {
  Stage stage;
  stage.resolver->SetMx("example.net", FoundMx({{0, ""}}));
  const auto& answer = stage.Wait(
      stage.Ask({.target = MakeDomain("example.net"), .limit = 20s}));
  CHECK(answer.expansion->mail->null_mx);
  CHECK(answer.results.empty());
}

TEST_CASE("only places that are permitted are connected to") {
  ServerThread server("220 mx ESMTP\r\n", HealthyAnswer);
  Stage stage;
  stage.resolver->SetHost("mx.example.net", Found({"127.0.0.1", "127.0.0.2"}),
                          Failed(Reason::kNoAddress));
  stage.resolver->SetPtr("127.0.0.2", Failed(Reason::kDnsNotFound));
  const auto& answer =
      stage.Wait(stage.Ask({.target = TargetAt("mx.example.net", server.port()),
                            .limit = 20s,
                            .permits = [](const probe::IpAddress& address) {
                              return address.ToString() != "127.0.0.1";
                            }}));
  REQUIRE(answer.results.size() == 1);
  CHECK(answer.expansion->places[0].endpoint->address->ToString() ==
        "127.0.0.2");
  server.Stop();
  CHECK(server.connections() == 0);
}

TEST_CASE("what is not permitted looks like what is not there") {
  ServerThread server("220 mx ESMTP\r\n", HealthyAnswer);
  Stage stage;
  stage.resolver->SetHost("inside.example.net", Found({"127.0.0.1"}),
                          Failed(Reason::kNoAddress));
  stage.resolver->SetHost("nowhere.example.net", Failed(Reason::kDnsNotFound),
                          Failed(Reason::kDnsNotFound));
  // Whether this host has a route to it would tell that it is there.
  stage.resolver->SetHost("far.example.net", Found({"192.0.2.1"}),
                          Failed(Reason::kNoAddress));
  stage.has_route = [](const probe::IpAddress& address) {
    return address.ToString() == "127.0.0.1";
  };
  std::vector<probe::Failure> failures;
  for (const char* name :
       {"inside.example.net", "nowhere.example.net", "far.example.net"}) {
    CAPTURE(name);
    const auto& answer = stage.Wait(
        stage.Ask({.target = TargetAt(name, server.port()),
                   .limit = 20s,
                   .permits = [](const probe::IpAddress&) { return false; }}));
    CHECK_FALSE(answer.expansion->no_ip4_route);
    REQUIRE(answer.results.size() == 1);
    CHECK_FALSE(answer.expansion->places[0].endpoint->address);
    failures.push_back(answer.results[0]->failure.value());
    CHECK(failures.back() == failures.front());
  }
  CHECK(failures.front().phase == probe::Phase::kResolve);
  CHECK(failures.front().reason == Reason::kNoAddress);
  server.Stop();
  CHECK(server.connections() == 0);
}

TEST_CASE("no more than some places are probed at one asking") {
  // On another address: nobody listens where the domain points.
  ServerThread server("220 mx ESMTP\r\n", HealthyAnswer);
  Stage stage;
  std::vector<probe::MxRecord> hosts;
  for (int i = 10; i < 30; ++i) {
    const std::string name = "mx" + std::to_string(i) + ".example.net";
    hosts.push_back({static_cast<std::uint16_t>(i), name});
    tests::Addresses found = Found({});
    for (int j = 1; j <= 20; ++j) {
      const std::string text =
          "127.0." + std::to_string(i) + "." + std::to_string(j);
      found->addresses.push_back(*probe::IpAddress::Parse(text));
      stage.resolver->SetPtr(text, Failed(Reason::kDnsNotFound));
    }
    stage.resolver->SetHost(name, found, Failed(Reason::kNoAddress));
  }
  stage.resolver->SetMx("example.net", FoundMx(hosts));
  auto target = MakeDomain("example.net");
  target->port = server.port();
  const auto& answer = stage.Wait(stage.Ask({.target = target, .limit = 20s}));
  REQUIRE(answer.results.size() == probe::kMaxInquiryPlaces);
  // Of those that senders try first.
  CHECK(answer.expansion->places[0].mx == "mx10.example.net");
  CHECK(answer.expansion->places[39].mx == "mx11.example.net");
  for (std::size_t i = 0; i < answer.results.size(); ++i) {
    CHECK(ReasonOf(*answer.results[i]) == Reason::kRefused);
    CHECK(answer.expansion->places[i].quirks.Has(
        probe::smtp::Quirk::kTooManyPlaces));
  }
}

TEST_CASE("a name without an answer is a time-out of DNS") {
  Stage stage;
  const auto& answer = stage.Wait(
      stage.Ask({.target = MakeTarget("mx.example.net"), .limit = 50ms}));
  REQUIRE(answer.results.size() == 1);
  CHECK(ReasonOf(*answer.results[0]) == Reason::kDnsTimeout);
  CHECK(answer.results[0]->failure->phase == probe::Phase::kResolve);
  CHECK(answer.took >= 50ms);
}

TEST_CASE("a silent server's time-out names its phase") {
  ServerThread server("", HealthyAnswer);
  Stage stage;
  stage.resolver->SetPtr("127.0.0.1", Failed(Reason::kDnsNotFound));
  const auto& answer = stage.Wait(stage.Ask(
      {.target = TargetAt("127.0.0.1", server.port()), .limit = 300ms}));
  REQUIRE(answer.results.size() == 1);
  CHECK(ReasonOf(*answer.results[0]) == Reason::kTimeout);
  CHECK(answer.results[0]->failure->phase == probe::Phase::kGreeting);
}

TEST_CASE("those who ask at once share one conversation") {
  ServerThread server("220 mx ESMTP\r\n", HealthyAnswer);
  Stage stage;
  stage.resolver->SetPtr("127.0.0.1", Failed(Reason::kDnsNotFound));
  std::vector<std::size_t> asked;
  for (int i = 0; i < 50; ++i) {
    asked.push_back(stage.Ask(
        {.target = TargetAt("127.0.0.1", server.port()), .limit = 20s}));
  }
  for (const std::size_t index : asked) {
    CHECK(stage.Wait(index).results[0]->success());
  }
  CHECK(stage.conversations->running() == 0);
  // And whoever comes right behind them.
  CHECK(stage
            .Wait(stage.Ask(
                {.target = TargetAt("127.0.0.1", server.port()), .limit = 20s}))
            .results[0]
            ->success());
  server.Stop();
  CHECK(server.connections() == 1);
}

TEST_CASE("who has more time does not share another's time-out") {
  std::promise<void> go_on;
  std::shared_future<void> gate = go_on.get_future().share();
  ServerThread server("220 mx ESMTP\r\n", [gate](const std::string& line) {
    gate.wait();
    return HealthyAnswer(line);
  });
  Stage stage;
  stage.resolver->SetPtr("127.0.0.1", Failed(Reason::kDnsNotFound));
  const std::size_t hasty = stage.Ask(
      {.target = TargetAt("127.0.0.1", server.port()), .limit = 100ms});
  const std::size_t patient =
      stage.Ask({.target = TargetAt("127.0.0.1", server.port()), .limit = 20s});
  CHECK(ReasonOf(*stage.Wait(hasty).results[0]) == Reason::kTimeout);
  CHECK_FALSE(stage.answers[patient]);
  go_on.set_value();
  CHECK(stage.Wait(patient).results[0]->success());
}

TEST_CASE("an inquiry that is given up ends its conversation") {
  ServerThread server("220 mx ESMTP\r\n", HealthyAnswer);
  {
    Stage stage;
    stage.resolver->SetPtr("127.0.0.1", Failed(Reason::kDnsNotFound));
    stage.Ask({.target = TargetAt("127.0.0.1", server.port()), .limit = 20s});
    tests::RunUntil(&stage.loop,
                    [&] { return stage.conversations->running() == 1; });
    stage.inquiries.clear();
    CHECK(stage.conversations->running() == 0);
    CHECK_FALSE(stage.answers[0]);
  }
}

TEST_CASE("an inquiry outlives a change of resolvers") {
  ServerThread server("220 mx ESMTP\r\n", HealthyAnswer);
  Stage stage;
  const std::size_t index = stage.Ask(
      {.target = TargetAt("mx.example.net", server.port()), .limit = 20s});
  tests::FakeResolver other(&stage.loop);
  other.SetHost("mx.example.net", Found({"127.0.0.1"}),
                Failed(Reason::kNoAddress));
  other.SetPtr("127.0.0.1", Failed(Reason::kDnsNotFound));
  stage.inquiries[index]->SetResolver(other);
  CHECK(stage.Wait(index).results[0]->success());
  stage.inquiries.clear();
}

TEST_CASE("who had no turn at a busy server says nothing about it") {
  // One conversation is held, and the server does not greet.
  ServerThread server("", HealthyAnswer);
  Stage stage;
  stage.resolver->SetPtr("127.0.0.1", Failed(Reason::kDnsNotFound));
  const std::size_t first =
      stage.Ask({.target = TargetAt("127.0.0.1", server.port()), .limit = 20s});
  tests::RunUntil(&stage.loop,
                  [&] { return stage.conversations->running() == 1; });
  auto other = TargetAt("127.0.0.1", server.port());
  auto conversation =
      std::make_shared<probe::Conversation>(*other->conversation);
  conversation->ehlo_name = "another.example.net";
  other->conversation = conversation;
  const auto& answer = stage.Wait(stage.Ask({.target = other, .limit = 100ms}));
  CHECK(ReasonOf(*answer.results[0]) == Reason::kBackoff);
  CHECK_FALSE(stage.answers[first]);
}

TEST_CASE("conversations with other patience in a phase are not shared") {
  ServerThread server("", HealthyAnswer);
  Stage stage;
  stage.resolver->SetPtr("127.0.0.1", Failed(Reason::kDnsNotFound));
  std::vector<std::size_t> asked;
  for (const probe::Duration greeting : {100ms, 200ms}) {
    auto target = TargetAt("127.0.0.1", server.port());
    auto conversation =
        std::make_shared<probe::Conversation>(*target->conversation);
    conversation->timeouts.greeting = greeting;
    target->conversation = conversation;
    asked.push_back(stage.Ask({.target = target, .limit = 20s}));
  }
  for (const std::size_t index : asked) {
    CHECK(ReasonOf(*stage.Wait(index).results[0]) == Reason::kTimeout);
  }
  server.Stop();
  CHECK(server.connections() == 2);
}

TEST_CASE("an inquiry that is kept says its answer once") {
  Stage stage;
  stage.resolver->SetHost("mx.example.net", Failed(Reason::kDnsNotFound),
                          Failed(Reason::kDnsNotFound));
  const std::size_t index =
      stage.Ask({.target = MakeTarget("mx.example.net"), .limit = 20s});
  CHECK(ReasonOf(*stage.Wait(index).results[0]) == Reason::kDnsNotFound);
  // A later lookup finds nobody who waits.
  tests::FakeResolver other(&stage.loop);
  stage.inquiries[index]->SetResolver(other);
  other.SetHost("mx.example.net", Found({"127.0.0.1"}),
                Failed(Reason::kNoAddress));
  tests::RunUntil(&stage.loop, [&] { return other.waiting() == 0; });
  stage.inquiries.clear();
}
