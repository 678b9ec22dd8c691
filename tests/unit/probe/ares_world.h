// A loop, a DNS server on it, and a resolver that asks this server. A watchdog
// ends a test that waits in vain.
#ifndef TESTS_UNIT_PROBE_ARES_WORLD_H_
#define TESTS_UNIT_PROBE_ARES_WORLD_H_

#include <uv.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "probe/dns/ares_resolver.h"
#include "probe/net/timer.h"
#include "tests/support/catch.h"
#include "tests/support/dns_server.h"

namespace test {

inline const DnsAnswer kNotFound{.code = 3};

struct AresWorld {
  using Resolver = probe::dns::AresResolver;
  template <typename Found>
  using Answer = probe::dns::Answer<Found>;

  explicit AresWorld(DnsServer::Answer answer, bool ip6 = false)
      : AresWorld(std::move(answer), probe::dns::AresOptions{}, ip6) {}
  AresWorld(DnsServer::Answer answer, probe::dns::AresOptions options,
            bool ip6 = false) {
    std::signal(SIGPIPE, SIG_IGN);
    // The machine's own search domains are none of this test's business.
    setenv("LOCALDOMAIN", "corp.test lab.test", /*overwrite=*/1);
    uv_loop_init(&loop);
    server = std::make_unique<DnsServer>(&loop, std::move(answer), ip6);
    if (options.servers.empty()) options.servers = {server->where()};
    auto made = Resolver::Create(&loop, options);
    REQUIRE(made.has_value());
    resolver = std::move(*made);
    watchdog = std::make_unique<probe::net::Timer>(&loop, [this] {
      timed_out = true;
      uv_stop(&loop);
    });
  }
  ~AresWorld() {
    resolver.reset();
    server.reset();
    watchdog.reset();
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop) == 0);
  }
  AresWorld(const AresWorld&) = delete;
  AresWorld& operator=(const AresWorld&) = delete;

  void RunUntil(const std::function<bool()>& done) {
    watchdog->At(probe::net::Now() + std::chrono::seconds(20));
    while (!done() && !timed_out) uv_run(&loop, UV_RUN_ONCE);
    watchdog->Stop();
    REQUIRE_FALSE(timed_out);
  }
  // `start` starts a lookup with the callback it is given.
  template <typename Found, typename Start>
  Answer<Found> Wait(Start start) {
    std::optional<Answer<Found>> answer;
    start([&](Answer<Found> got) {
      REQUIRE_FALSE(answer.has_value());
      answer = std::move(got);
    });
    CHECK_FALSE(answer.has_value());  // Never inside the call.
    RunUntil([&] { return answer.has_value(); });
    return *answer;
  }
  Answer<probe::dns::Addresses> Ask(const std::string& name,
                                    probe::IpAddress::Family family) {
    return Wait<probe::dns::Addresses>(
        [&](auto done) { resolver->Lookup(name, family, std::move(done)); });
  }
  Answer<probe::dns::Exchangers> AskMx(const std::string& domain) {
    return Wait<probe::dns::Exchangers>(
        [&](auto done) { resolver->LookupMx(domain, std::move(done)); });
  }
  Answer<probe::dns::ReverseNames> AskPtr(const std::string& address) {
    return Wait<probe::dns::ReverseNames>([&](auto done) {
      resolver->LookupPtr(*probe::IpAddress::Parse(address), std::move(done));
    });
  }
  // The names asked for, in this order.
  std::vector<std::string> Asked() const {
    std::vector<std::string> names;
    for (const DnsQuestion& question : server->questions()) {
      names.push_back(question.name);
    }
    return names;
  }

  uv_loop_t loop;
  std::unique_ptr<DnsServer> server;
  std::unique_ptr<Resolver> resolver;
  std::unique_ptr<probe::net::Timer> watchdog;
  bool timed_out = false;
};

inline std::string Text(const probe::Failure& failure) {
  CHECK(failure.phase == probe::Phase::kResolve);
  std::string text = std::string(Name(failure.reason)) + " " + failure.detail;
  // c-ares 1.18 forgets which code it was.
  for (const std::string code : {"SERVFAIL", "NOTIMP", "REFUSED"}) {
    if (!text.ends_with(": " + code)) continue;
    text.replace(text.size() - code.size(), code.size(),
                 "no DNS server gave a usable answer");
  }
  return text;
}

}  // namespace test

#endif  // TESTS_UNIT_PROBE_ARES_WORLD_H_
