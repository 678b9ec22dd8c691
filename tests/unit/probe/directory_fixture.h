// A Directory on a loop of its own, with a resolver that says what the test
// wants, and what it has told its observer.
#ifndef TESTS_UNIT_PROBE_DIRECTORY_FIXTURE_H_
#define TESTS_UNIT_PROBE_DIRECTORY_FIXTURE_H_

#include <uv.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "probe/directory.h"
#include "tests/support/catch.h"
#include "tests/support/fake_resolver.h"

namespace tests {

using Seen = std::multiset<std::string>;
using TargetPtr = std::shared_ptr<const probe::Target>;

inline std::shared_ptr<probe::Target> MakeTarget(
    const std::string& host,
    probe::Duration interval = std::chrono::minutes(1)) {
  static const auto conversation = [] {
    auto made = std::make_shared<probe::Conversation>();
    made->ehlo_name = "monitor.example.net";
    return made;
  }();
  auto target = std::make_shared<probe::Target>();
  target->host = host;
  target->name = host + ":25";
  target->literal = probe::IpAddress::Parse(host);
  target->module = "smtp";
  target->interval = interval;
  target->conversation = conversation;
  return target;
}

inline std::shared_ptr<probe::Target> MakeDomain(const std::string& domain) {
  auto target = MakeTarget(domain);
  target->is_domain = true;
  return target;
}

struct DirectoryFixture {
  DirectoryFixture() {
    uv_loop_init(&loop);
    resolver.emplace(&loop);
    directory.emplace(
        &loop,
        [this](const probe::IpAddress& to) {
          return to.is_ip6() ? ip6_route : ip4_route;
        },
        MakeObserver(),
        probe::CacheTimes{.min_ttl = std::chrono::milliseconds(1),
                          .max_ttl = std::chrono::milliseconds(5),
                          .failure = std::chrono::milliseconds(1)});
    directory->SetResolver(&*resolver);
  }
  ~DirectoryFixture() {
    directory.reset();
    resolver.reset();
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop) == 0);
  }

  // Also checks that everything is told in the order that the header promises.
  probe::Directory::Observer MakeObserver() {
    return {
        .put =
            [this](std::shared_ptr<const probe::Endpoint> endpoint) {
              ++puts;
              live[endpoint->id] = std::move(endpoint);
            },
        .removed =
            [this](probe::EndpointId id) {
              CHECK(live.erase(id) == 1);
              for (const auto& [slot, expansion] : shown) {
                for (const probe::Place& place : expansion->places) {
                  CHECK(place.endpoint->id != id);
                }
              }
            },
        .expanded =
            [this](std::size_t slot,
                   std::shared_ptr<const probe::Expansion> expansion) {
              ++told;
              if (expansion == nullptr) {
                CHECK(shown.erase(slot) == 1);
                return;
              }
              for (const probe::Place& place : expansion->places) {
                CHECK(live.contains(place.endpoint->id));
              }
              shown[slot] = std::move(expansion);
            },
        .looked_up =
            [this](probe::RecordType record, const probe::Lookup& lookup) {
              ++lookups[{record, lookup.answered}];
            },
        .reversed =
            [this](const probe::IpAddress& address, const probe::Reverse& now,
                   probe::ReverseVerdict before) {
              reversed.push_back({address.ToString(), before, VerdictOf(now)});
            },
        .taken_over =
            [this](std::size_t count, const std::vector<TargetPtr>& left_out) {
              ++taken_over;
              changed = count;
              duplicates = left_out;
            },
    };
  }

  void Run(const std::function<bool()>& done) { RunUntil(&loop, done); }
  // Until the places are these.
  void RunUntilSeen(const Seen& wanted) {
    const probe::Time end = probe::net::Now() + std::chrono::seconds(10);
    Run([&] { return SeenPlaces() == wanted || probe::net::Now() > end; });
    CHECK(SeenPlaces() == wanted);
  }
  // Until the resolver was asked `count` times more for this.
  void RunUntilAsked(probe::RecordType type, const std::string& name,
                     std::size_t count = 1) {
    const std::size_t wanted = resolver->Count(type, name) + count;
    Run([&] { return resolver->Count(type, name) >= wanted; });
  }
  // Some answers more, in which nothing may change.
  void RunLookups(probe::RecordType type, const std::string& name) {
    RunUntilAsked(type, name, 5);
  }

  // "192.0.2.1:25 ok", "none:25 dns_not_found", "mx=a.example 192.0.2.1:25
  // ok": every place of every target.
  Seen SeenPlaces() const {
    Seen seen;
    for (const auto& [slot, expansion] : shown) {
      for (const probe::Place& place : expansion->places) {
        const probe::Endpoint& endpoint = *place.endpoint;
        const auto& failure =
            place.unresolved ? place.unresolved : endpoint.unresolved;
        seen.insert(
            (place.mx.empty() ? "" : "mx=" + place.mx + " ") +
            (endpoint.address ? endpoint.ServerKey()
                              : "none:" + std::to_string(endpoint.port)) +
            " " + (failure ? std::string(Name(failure->reason)) : "ok"));
      }
    }
    return seen;
  }
  // The only target's.
  const probe::Expansion& Only() const {
    REQUIRE(shown.size() == 1);
    return *shown.begin()->second;
  }

  uv_loop_t loop{};
  bool ip4_route = true;
  bool ip6_route = true;
  std::optional<FakeResolver> resolver;
  std::map<probe::EndpointId, std::shared_ptr<const probe::Endpoint>> live;
  std::map<std::size_t, std::shared_ptr<const probe::Expansion>> shown;
  std::map<std::pair<probe::RecordType, bool>, int> lookups;
  struct Reversed {
    std::string address;
    probe::ReverseVerdict before;
    probe::ReverseVerdict now;

    friend bool operator==(const Reversed&, const Reversed&) = default;
  };
  std::vector<Reversed> reversed;
  std::vector<TargetPtr> duplicates;
  int puts = 0;
  int told = 0;
  int taken_over = 0;
  std::size_t changed = 0;  // By the list that was taken over last.
  std::optional<probe::Directory> directory;
};

}  // namespace tests

#endif  // TESTS_UNIT_PROBE_DIRECTORY_FIXTURE_H_
