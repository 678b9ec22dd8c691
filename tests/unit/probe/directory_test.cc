#include "probe/directory.h"

#include <uv.h>

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/pki.h"

namespace {

using namespace std::chrono_literals;
using Family = probe::IpAddress::Family;
using Answer = std::expected<probe::dns::Addresses, probe::Failure>;
using probe::Reason;

// Answers when the test says so.
class FakeResolver final : public probe::dns::Resolver {
 public:
  struct Question {
    std::string name;
    Family family;
    Callback done;
  };

  void Lookup(const std::string& name, Family family, Callback done) override {
    questions.push_back({name, family, std::move(done)});
  }

  // Answers what is asked now.
  void AnswerAll(const Answer& ip4, const Answer& ip6) {
    for (Question& question : std::exchange(questions, {})) {
      question.done(question.family == Family::kIp4 ? ip4 : ip6);
    }
  }

  std::vector<Question> questions;
};

Answer Found(std::vector<std::string> texts) {
  probe::dns::Addresses answer;
  for (const std::string& text : texts) {
    answer.addresses.push_back(*probe::IpAddress::Parse(text));
  }
  answer.ttl = 60s;
  return answer;
}

Answer Failed(Reason reason) {
  return std::unexpected(probe::Failure{.phase = probe::Phase::kResolve,
                                        .reason = reason,
                                        .detail = "as the test says"});
}

const Answer kNoSuch = Failed(Reason::kNoAddress);

// A directory with its observer: what exists now, by id.
struct Fixture {
  Fixture() {
    uv_loop_init(&loop);
    directory.emplace(
        &loop,
        [this](const probe::IpAddress& to) {
          return !to.is_ip6() || ip6_route;
        },
        probe::Directory::Observer{
            .put =
                [this](std::shared_ptr<const probe::Endpoint> endpoint) {
                  ++puts;
                  live[endpoint->id] = std::move(endpoint);
                },
            .removed =
                [this](probe::EndpointId id) { CHECK(live.erase(id) == 1); }},
        probe::CacheTimes{.min_ttl = 1ms, .max_ttl = 5ms, .failure = 1ms});
    directory->SetResolver(&resolver);
  }
  ~Fixture() {
    directory.reset();
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop) == 0);
  }

  // "192.0.2.1:25 ok", "none:25 dns_not_found": every live endpoint.
  std::set<std::string> Seen() const {
    std::set<std::string> seen;
    for (const auto& [id, endpoint] : live) {
      seen.insert((endpoint->address
                       ? endpoint->ServerKey()
                       : "none:" + std::to_string(endpoint->port)) +
                  " " +
                  (endpoint->unresolved
                       ? std::string(Name(endpoint->unresolved->reason))
                       : "ok"));
    }
    return seen;
  }

  // Until the answers have become old enough to be asked for again.
  void WaitForQuestions(std::size_t count) {
    while (resolver.questions.size() < count) uv_run(&loop, UV_RUN_ONCE);
  }

  uv_loop_t loop{};
  bool ip6_route = true;
  FakeResolver resolver;
  std::map<probe::EndpointId, std::shared_ptr<const probe::Endpoint>> live;
  int puts = 0;
  std::optional<probe::Directory> directory;
};

std::shared_ptr<probe::Target> MakeTarget(const std::string& host,
                                          probe::Duration interval = 60s) {
  auto conversation = std::make_shared<probe::Conversation>();
  conversation->ehlo_name = "monitor.example.net";
  auto target = std::make_shared<probe::Target>();
  target->host = host;
  target->name = host + ":25";
  target->literal = probe::IpAddress::Parse(host);
  target->module = "smtp";
  target->interval = interval;
  target->conversation = conversation;
  return target;
}

using Seen = std::set<std::string>;

}  // namespace

TEST_CASE("an IP literal is an endpoint at once") {
  Fixture fixture;
  fixture.directory->SetTargets({MakeTarget("192.0.2.1")});
  CHECK(fixture.resolver.questions.empty());
  CHECK(fixture.Seen() == Seen{"192.0.2.1:25 ok"});
  REQUIRE(fixture.directory->entries().size() == 1);
  REQUIRE(fixture.directory->entries()[0].endpoints.size() == 1);
  CHECK(fixture.directory->entries()[0].endpoints[0]->server_name.empty());
}

TEST_CASE("a name becomes an endpoint for each of its addresses") {
  Fixture fixture;
  fixture.directory->SetTargets({MakeTarget("MX1.Example.com.")});
  REQUIRE(fixture.resolver.questions.size() == 2);
  CHECK(fixture.resolver.questions[0].name == "mx1.example.com.");
  CHECK(fixture.live.empty());
  fixture.resolver.AnswerAll(Found({"192.0.2.1", "192.0.2.2"}),
                             Found({"2001:db8::1"}));
  CHECK(fixture.Seen() ==
        Seen{"192.0.2.1:25 ok", "192.0.2.2:25 ok", "[2001:db8::1]:25 ok"});
  CHECK(fixture.live.begin()->second->server_name == "mx1.example.com");
  CHECK(fixture.directory->entries()[0].endpoints.size() == 3);
}

TEST_CASE("DNS decides what the first answer makes of a name") {
  struct Case {
    const char* name;
    Answer ip4;
    Answer ip6;
    Seen want;
  };
  const Case cases[] = {
      {"only IPv4", Found({"192.0.2.1"}), kNoSuch, {"192.0.2.1:25 ok"}},
      {"IPv6 unknown",
       Found({"192.0.2.1"}),
       Failed(Reason::kDnsTimeout),
       {"192.0.2.1:25 ok"}},
      {"no such name",
       Failed(Reason::kDnsNotFound),
       Failed(Reason::kDnsNotFound),
       {"none:25 dns_not_found"}},
      {"no address", kNoSuch, kNoSuch, {"none:25 no_address"}},
      {"a time-out leaves it open",
       kNoSuch,
       Failed(Reason::kDnsTimeout),
       {"none:25 dns_timeout"}},
      {"SERVFAIL",
       Failed(Reason::kDnsFailure),
       Failed(Reason::kDnsFailure),
       {"none:25 dns_failure"}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    Fixture fixture;
    fixture.directory->SetTargets({MakeTarget("mx.example.com")});
    fixture.resolver.AnswerAll(one.ip4, one.ip6);
    CHECK(fixture.Seen() == one.want);
  }
}

TEST_CASE("without an IPv6 route, IPv6 addresses are left out, not down") {
  Fixture fixture;
  fixture.ip6_route = false;
  fixture.directory->SetTargets(
      {MakeTarget("both.example.com"), MakeTarget("six.example.com")});
  for (auto& question : std::exchange(fixture.resolver.questions, {})) {
    const bool both = question.name == "both.example.com";
    question.done(question.family == Family::kIp6 ? Found({"2001:db8::1"})
                  : both                          ? Found({"192.0.2.1"})
                                                  : kNoSuch);
  }
  CHECK(fixture.Seen() == Seen{"192.0.2.1:25 ok", "none:25 no_address"});
}

TEST_CASE("later answers change the endpoints, and only what changed") {
  struct Case {
    const char* name;
    Answer ip4;
    Answer ip6;
    Seen want;
  };
  const Case cases[] = {
      {"the same in another order",
       Found({"192.0.2.2", "192.0.2.1"}),
       Found({"2001:db8::1"}),
       {"192.0.2.1:25 ok", "192.0.2.2:25 ok", "[2001:db8::1]:25 ok"}},
      {"one address less",
       Found({"192.0.2.2"}),
       Found({"2001:db8::1"}),
       {"192.0.2.2:25 ok", "[2001:db8::1]:25 ok"}},
      {"IPv6 withdrawn",
       Found({"192.0.2.1", "192.0.2.2"}),
       kNoSuch,
       {"192.0.2.1:25 ok", "192.0.2.2:25 ok"}},
      {"IPv6 not answered",
       Found({"192.0.2.1", "192.0.2.2"}),
       Failed(Reason::kDnsFailure),
       {"192.0.2.1:25 ok", "192.0.2.2:25 ok", "[2001:db8::1]:25 ok"}},
      {"the name is gone",
       Failed(Reason::kDnsNotFound),
       Failed(Reason::kDnsNotFound),
       {"192.0.2.1:25 dns_not_found", "192.0.2.2:25 dns_not_found",
        "[2001:db8::1]:25 dns_not_found"}},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    Fixture fixture;
    // The interval is shorter than the answers' life: nothing is kept longer
    // than it is listed.
    fixture.directory->SetTargets({MakeTarget("mx.example.com", 1us)});
    fixture.resolver.AnswerAll(Found({"192.0.2.1", "192.0.2.2"}),
                               Found({"2001:db8::1"}));
    const auto before = fixture.live;
    fixture.WaitForQuestions(2);
    fixture.resolver.AnswerAll(one.ip4, one.ip6);
    CHECK(fixture.Seen() == one.want);
    for (const auto& [id, endpoint] : fixture.live) CHECK(before.contains(id));
  }
}

TEST_CASE("a name that comes back is probed again under its old ids") {
  Fixture fixture;
  fixture.directory->SetTargets({MakeTarget("mx.example.com")});
  fixture.resolver.AnswerAll(Found({"192.0.2.1"}), kNoSuch);
  const probe::EndpointId id = fixture.live.begin()->first;
  fixture.WaitForQuestions(2);
  fixture.resolver.AnswerAll(Failed(Reason::kDnsFailure),
                             Failed(Reason::kDnsFailure));
  CHECK(fixture.Seen() == Seen{"192.0.2.1:25 dns_failure"});
  fixture.WaitForQuestions(2);
  fixture.resolver.AnswerAll(Found({"192.0.2.1"}), kNoSuch);
  CHECK(fixture.Seen() == Seen{"192.0.2.1:25 ok"});
  CHECK(fixture.live.begin()->first == id);
}

TEST_CASE("a pool behind one name is probed although its answers rotate") {
  Fixture fixture;
  fixture.directory->SetTargets({MakeTarget("mx.example.com", 60s)});
  std::set<probe::EndpointId> first;
  for (int turn = 0; turn < 12; ++turn) {
    fixture.WaitForQuestions(2);
    fixture.resolver.AnswerAll(
        Found({"192.0.2." + std::to_string(turn % 4 + 1)}), kNoSuch);
    if (turn == 3) {
      for (const auto& [id, endpoint] : fixture.live) first.insert(id);
    }
  }
  CHECK(fixture.Seen() == Seen{"192.0.2.1:25 ok", "192.0.2.2:25 ok",
                               "192.0.2.3:25 ok", "192.0.2.4:25 ok"});
  for (const auto& [id, endpoint] : fixture.live) CHECK(first.contains(id));
}

TEST_CASE("what did not change is not told again") {
  Fixture fixture;
  fixture.directory->SetTargets({MakeTarget("192.0.2.1")});
  CHECK(fixture.puts == 1);
  fixture.directory->SetTargets({MakeTarget("192.0.2.1")});
  CHECK(fixture.puts == 1);
}

TEST_CASE("a name that resolves at last loses its placeholder") {
  Fixture fixture;
  fixture.directory->SetTargets({MakeTarget("mx.example.com")});
  fixture.resolver.AnswerAll(Failed(Reason::kDnsNotFound),
                             Failed(Reason::kDnsNotFound));
  const std::uint64_t generation = fixture.directory->generation();
  fixture.WaitForQuestions(2);
  fixture.resolver.AnswerAll(Found({"192.0.2.1"}), kNoSuch);
  CHECK(fixture.Seen() == Seen{"192.0.2.1:25 ok"});
  CHECK(fixture.directory->generation() != generation);
}

TEST_CASE("a reload keeps the endpoints that old and new targets share") {
  Fixture fixture;
  fixture.directory->SetTargets(
      {MakeTarget("192.0.2.1"), MakeTarget("192.0.2.2")});
  const auto before = fixture.live;
  fixture.directory->SetTargets(
      {MakeTarget("192.0.2.3"), MakeTarget("192.0.2.2", 30s)});
  CHECK(fixture.Seen() == Seen{"192.0.2.2:25 ok", "192.0.2.3:25 ok"});
  int kept = 0;
  for (const auto& [id, endpoint] : fixture.live) {
    if (!before.contains(id)) continue;
    ++kept;
    CHECK(endpoint->ServerKey() == "192.0.2.2:25");
    CHECK(endpoint->interval == probe::Duration(30s));
  }
  CHECK(kept == 1);
  fixture.directory->SetTargets({});
  CHECK(fixture.live.empty());
  CHECK(fixture.directory->endpoint_count() == 0);
}

TEST_CASE("targets that agree share one endpoint, at the shortest interval") {
  Fixture fixture;
  auto slow = MakeTarget("192.0.2.1", 300s);
  auto fast = MakeTarget("192.0.2.1", 30s);
  fast->module = "strict";
  fixture.directory->SetTargets({slow, fast});
  REQUIRE(fixture.live.size() == 1);
  CHECK(fixture.live.begin()->second->interval == probe::Duration(30s));
  CHECK(fixture.directory->entries()[0].endpoints[0]->id ==
        fixture.directory->entries()[1].endpoints[0]->id);
  fixture.directory->SetTargets({slow});
  REQUIRE(fixture.live.size() == 1);
  CHECK(fixture.live.begin()->second->interval == probe::Duration(300s));

  auto other = MakeTarget("192.0.2.1", 300s);
  auto conversation = std::make_shared<probe::Conversation>();
  conversation->ehlo_name = "other.example.net";
  other->conversation = conversation;
  fixture.directory->SetTargets({slow, other});
  CHECK(fixture.live.size() == 2);
}

TEST_CASE("a thousand names ask only so many questions at once") {
  Fixture fixture;
  std::vector<std::shared_ptr<const probe::Target>> targets;
  for (int i = 0; i < 1000; ++i) {
    targets.push_back(MakeTarget("mx" + std::to_string(i) + ".example.com"));
  }
  fixture.directory->SetTargets(targets);
  CHECK(fixture.resolver.questions.size() == 2 * probe::kMaxLookups);
  std::size_t asked = 0;
  while (fixture.live.size() < 1000) {
    asked += fixture.resolver.questions.size();
    CHECK(fixture.resolver.questions.size() <= 2 * probe::kMaxLookups);
    fixture.resolver.AnswerAll(Found({"192.0.2.1"}), kNoSuch);
    REQUIRE(asked < 100000);
  }
}

TEST_CASE("a new resolver is asked what the old one has not answered") {
  Fixture fixture;
  fixture.directory->SetTargets({MakeTarget("mx.example.com")});
  const auto late = std::exchange(fixture.resolver.questions, {});
  FakeResolver fresh;
  fixture.directory->SetResolver(&fresh);
  CHECK(fresh.questions.size() == 2);
  for (const auto& question : late) question.done(Found({"192.0.2.66"}));
  CHECK(fixture.live.empty());
  fresh.AnswerAll(Found({"192.0.2.1"}), kNoSuch);
  CHECK(fixture.Seen() == Seen{"192.0.2.1:25 ok"});
  fixture.directory->SetResolver(&fixture.resolver);
}

TEST_CASE("each certificate type is an endpoint beside the main one") {
  Fixture fixture;
  const auto target = MakeTarget("192.0.2.1");
  for (const auto type :
       {probe::tls::KeyType::kEcdsa, probe::tls::KeyType::kRsa}) {
    auto further = std::make_shared<probe::Conversation>(*target->conversation);
    further->tls.mode = probe::TlsMode::kOpportunistic;
    further->tls.key_type = type;
    target->certificate_conversations.push_back(further);
  }
  fixture.directory->SetTargets({target});
  const auto& endpoints = fixture.directory->entries()[0].endpoints;
  REQUIRE(endpoints.size() == 3);
  CHECK(endpoints[0]->conversation->tls.key_type == probe::tls::KeyType::kAny);
  CHECK(endpoints[1]->conversation->tls.key_type ==
        probe::tls::KeyType::kEcdsa);
  CHECK(endpoints[2]->conversation->tls.key_type == probe::tls::KeyType::kRsa);
  // One server: they are never talked to at once.
  CHECK(endpoints[1]->ServerKey() == endpoints[0]->ServerKey());
}

TEST_CASE("a renewed client certificate reaches the endpoints that are there") {
  const auto with_client = [](std::string_view identity) {
    auto target = MakeTarget("192.0.2.1");
    auto conversation =
        std::make_shared<probe::Conversation>(*target->conversation);
    conversation->tls.mode = probe::TlsMode::kRequired;
    conversation->tls.cert_file = "client.crt";
    const tests::Identity& shown = tests::TestPki().Get(identity);
    conversation->tls.context =
        *probe::tls::Context::Create({.roots = probe::tls::Roots::None(),
                                      .certificate = shown.chain,
                                      .key = shown.key});
    target->conversation = conversation;
    return target;
  };
  Fixture fixture;
  fixture.directory->SetTargets({with_client("client")});
  REQUIRE(fixture.live.size() == 1);
  const probe::EndpointId id = fixture.live.begin()->first;
  const auto before = fixture.live.at(id)->conversation;

  fixture.directory->SetTargets({with_client("client")});
  CHECK(fixture.puts == 1);  // Read again, and nothing new in it.

  fixture.directory->SetTargets({with_client("good")});
  CHECK(fixture.puts == 2);
  REQUIRE(fixture.live.size() == 1);
  CHECK(fixture.live.begin()->first == id);
  CHECK(fixture.live.at(id)->conversation->tls.context->digest() !=
        before->tls.context->digest());
}
