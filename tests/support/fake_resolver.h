// A resolver without DNS. It says what the test has told it, in a later turn of
// the loop; who asks what it was not told waits until it is.
#ifndef TESTS_SUPPORT_FAKE_RESOLVER_H_
#define TESTS_SUPPORT_FAKE_RESOLVER_H_

#include <uv.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <expected>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probe/dns/resolver.h"
#include "probe/lookup.h"
#include "probe/net/timer.h"
#include "tests/support/catch.h"

namespace tests {

using Addresses = probe::dns::Answer<probe::dns::Addresses>;
using Exchangers = probe::dns::Answer<probe::dns::Exchangers>;
using ReverseNames = probe::dns::Answer<probe::dns::ReverseNames>;

// Answers. Their TTL of 1 ms is raised to the asker's min_ttl.
inline constexpr probe::Duration kShortTtl = std::chrono::milliseconds(1);

inline Addresses Found(std::initializer_list<std::string_view> texts,
                       probe::Duration ttl = kShortTtl) {
  probe::dns::Addresses found{.addresses = {}, .ttl = ttl};
  for (const std::string_view text : texts) {
    found.addresses.push_back(probe::IpAddress::Parse(text).value());
  }
  return found;
}

inline Addresses FoundAlias(std::initializer_list<std::string_view> texts) {
  Addresses found = Found(texts);
  found->alias = true;
  return found;
}

inline Exchangers FoundMx(std::vector<probe::MxRecord> records,
                          probe::Duration ttl = kShortTtl) {
  return probe::dns::Exchangers{.records = std::move(records), .ttl = ttl};
}

inline ReverseNames FoundNames(std::vector<std::string> names,
                               probe::Duration ttl = kShortTtl) {
  return probe::dns::ReverseNames{.names = std::move(names), .ttl = ttl};
}

// Converts to any of the answers.
inline std::unexpected<probe::Failure> Failed(probe::Reason reason) {
  return std::unexpected(probe::Failure{.phase = probe::Phase::kResolve,
                                        .reason = reason,
                                        .detail = "as the test says"});
}

class FakeResolver final : public probe::dns::Resolver {
 public:
  struct Question {
    probe::RecordType type;
    std::string name;  // As asked; of a PTR question the address's text.

    friend bool operator==(const Question&, const Question&) = default;
  };

  // `loop` must outlive the resolver.
  explicit FakeResolver(uv_loop_t* loop)
      : timer_(loop, [this] { AnswerAll(); }) {}

  // What is said from now on, also to those who wait. Names are told without
  // trailing dot and answer with one too, unless that was told on its own: DNS
  // may say something else than the hosts file.
  void SetA(const std::string& name, Addresses answer) {
    Set(ip4_, name, std::move(answer));
  }
  void SetAaaa(const std::string& name, Addresses answer) {
    Set(ip6_, name, std::move(answer));
  }
  void SetHost(const std::string& name, Addresses ip4, Addresses ip6) {
    SetA(name, std::move(ip4));
    SetAaaa(name, std::move(ip6));
  }
  void SetMx(const std::string& domain, Exchangers answer) {
    Set(mx_, domain, std::move(answer));
  }
  void SetPtr(const std::string& address, ReverseNames answer) {
    Set(ptr_, address, std::move(answer));
  }
  // From now on nothing is known of a name (or address, or domain).
  void Silence(const std::string& name) {
    ip4_.erase(name);
    ip6_.erase(name);
    mx_.erase(name);
    ptr_.erase(name);
  }

  // Every question so far, in order.
  const std::vector<Question>& questions() const { return questions_; }
  std::size_t Count(probe::RecordType type, const std::string& name) const {
    return static_cast<std::size_t>(
        std::ranges::count(questions_, Question{type, name}));
  }
  // Questions without an answer now, and the most there ever were.
  std::size_t waiting() const { return waiting_; }
  std::size_t most_waiting() const { return most_waiting_; }

  void Lookup(const std::string& name, probe::IpAddress::Family family,
              Callback<probe::dns::Addresses> done) override {
    const bool ip6 = family == probe::IpAddress::Family::kIp6;
    Ask(ip6 ? probe::RecordType::kAaaa : probe::RecordType::kA, name,
        ip6 ? ip6_ : ip4_, std::move(done));
  }
  void LookupMx(const std::string& domain,
                Callback<probe::dns::Exchangers> done) override {
    Ask(probe::RecordType::kMx, domain, mx_, std::move(done));
  }
  void LookupPtr(const probe::IpAddress& address,
                 Callback<probe::dns::ReverseNames> done) override {
    Ask(probe::RecordType::kPtr, address.ToString(), ptr_, std::move(done));
  }

 private:
  template <typename Found>
  using Zone = std::map<std::string, probe::dns::Answer<Found>>;

  template <typename Found>
  void Set(Zone<Found>& zone, const std::string& name,
           probe::dns::Answer<Found> answer) {
    zone.insert_or_assign(name, std::move(answer));
    timer_.At(probe::net::Now());
  }

  template <typename Found>
  void Ask(probe::RecordType type, const std::string& name,
           const Zone<Found>& zone, Callback<Found> done) {
    questions_.push_back({type, name});
    most_waiting_ = std::max(most_waiting_, ++waiting_);
    asked_.push_back([this, &zone, key = name, done = std::move(done)] {
      auto found = zone.find(key);
      if (found == zone.end() && key.ends_with('.')) {
        found = zone.find(key.substr(0, key.size() - 1));
      }
      if (found == zone.end()) return false;
      --waiting_;
      done(found->second);
      return true;
    });
    timer_.At(probe::net::Now());
  }

  void AnswerAll() {
    for (auto& answer : std::exchange(asked_, {})) {
      if (!answer()) asked_.push_back(std::move(answer));
    }
  }

  Zone<probe::dns::Addresses> ip4_, ip6_;
  Zone<probe::dns::Exchangers> mx_;
  Zone<probe::dns::ReverseNames> ptr_;
  std::vector<Question> questions_;
  // Each says whether it could be answered.
  std::vector<std::function<bool()>> asked_;
  std::size_t waiting_ = 0;
  std::size_t most_waiting_ = 0;
  probe::net::Timer timer_;
};

// Runs the loop until `done`; fails when that takes longer than any machine
// needs.
inline void RunUntil(uv_loop_t* loop, const std::function<bool()>& done) {
  const probe::Time end = probe::net::Now() + std::chrono::seconds(30);
  // Wakes up even when nothing else would.
  probe::net::Timer tick(loop, [] {});
  while (!done()) {
    REQUIRE(probe::net::Now() < end);
    tick.At(probe::net::Now() + std::chrono::milliseconds(5));
    uv_run(loop, UV_RUN_ONCE);
  }
}

// How long until the next timer of a loop that has one.
inline probe::Duration NextTimer(uv_loop_t* loop) {
  uv_run(loop, UV_RUN_NOWAIT);
  uv_update_time(loop);
  return std::chrono::milliseconds(uv_backend_timeout(loop));
}

}  // namespace tests

#endif  // TESTS_SUPPORT_FAKE_RESOLVER_H_
