// A simulator for one test, on a loop of its own.
#ifndef TESTS_UNIT_MAILSIM_STAGE_H_
#define TESTS_UNIT_MAILSIM_STAGE_H_

#include <unistd.h>
#include <uv.h>

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "probe/net/uv_handle.h"
#include "tests/support/catch.h"
#include "tests/support/mailsim/scenario_reader.h"
#include "tests/support/mailsim/simulator.h"
#include "tests/unit/mailsim/client.h"

namespace mailsim {

// A simulator on a loop of its own, with a journal in a temporary file.
class Stage {
 public:
  explicit Stage(const std::string& servers) {
    REQUIRE(uv_loop_init(&loop_) == 0);
    const int descriptor = mkstemp(path_);
    REQUIRE(descriptor >= 0);
    close(descriptor);
    journal_ = Journal::Open(path_);
    REQUIRE(journal_);
    const auto scenario = ParseScenario("servers:\n" + servers, "s.yaml");
    INFO((scenario ? "" : scenario.error()));
    REQUIRE(scenario);
    simulator_ = std::make_unique<Simulator>(&loop_, *scenario, journal_.get());
    const auto started = simulator_->Start();
    INFO((started ? "" : started.error()));
    REQUIRE(started);
    watchdog_ = probe::net::MakeHandle<uv_timer_t>(
        this, [&](uv_timer_t* timer) { return uv_timer_init(&loop_, timer); });
    uv_timer_start(
        watchdog_.get(),
        [](uv_timer_t* timer) {
          static_cast<Stage*>(timer->data)->late_ = true;
        },
        20000, 0);
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage() {
    simulator_.reset();
    watchdog_.reset();
    uv_run(&loop_, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop_) == 0);
    unlink(path_);
  }

  std::unique_ptr<Client> Connect(std::size_t server,
                                  std::vector<Saying> sayings,
                                  std::string until = "",
                                  const TlsClientSettings& tls = {}) {
    return std::make_unique<Client>(&loop_, simulator_->servers()[server],
                                    std::move(sayings), std::move(until), tls);
  }

  void RunUntilOver(const Client& client) {
    while (!late_ && !client.over()) uv_run(&loop_, UV_RUN_ONCE);
    REQUIRE_FALSE(late_);
  }

  // Until the client is over and every connection, too.
  void Run(const Client& client) {
    while (!late_ && !(client.over() && simulator_->open_connections() == 0)) {
      uv_run(&loop_, UV_RUN_ONCE);
    }
    REQUIRE_FALSE(late_);
  }

  // Until there are so many connections.
  void RunUntilOpen(std::size_t connections) {
    while (!late_ && simulator_->open_connections() != connections) {
      uv_run(&loop_, UV_RUN_ONCE);
    }
    REQUIRE_FALSE(late_);
  }

  void StopSimulator() { simulator_.reset(); }
  Simulator& simulator() { return *simulator_; }

  std::string Log() const {
    std::ifstream file(path_);
    return std::string((std::istreambuf_iterator<char>(file)), {});
  }

 private:
  uv_loop_t loop_;
  char path_[32] = "/tmp/mailsim_test_XXXXXX";
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Simulator> simulator_;
  probe::net::Handle<uv_timer_t> watchdog_;
  bool late_ = false;
};

inline Stage StageFor(const std::string& keys) {
  return Stage("- {name: mx, listen: '127.0.0.1:0', " + keys + "}");
}

inline bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace mailsim

#endif  // TESTS_UNIT_MAILSIM_STAGE_H_
