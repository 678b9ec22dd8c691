// All servers of a scenario on one loop: listens, and gives every client a
// connection that plays its server's behaviour.
#ifndef TESTS_SUPPORT_MAILSIM_SIMULATOR_H_
#define TESTS_SUPPORT_MAILSIM_SIMULATOR_H_

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "probe/net/uv_handle.h"
#include "tests/support/mailsim/connection.h"
#include "tests/support/mailsim/journal.h"
#include "tests/support/mailsim/scenario.h"

namespace mailsim {

class Simulator final : public Connection::Owner {
 public:
  // Servers in the order of the scenario; `loop` must outlive the simulator,
  // `journal` too (it may be null). Destroying the simulator ends every
  // connection; the loop must run once more to free the handles.
  Simulator(uv_loop_t* loop, const Scenario& scenario, Journal* journal);
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  // Listens everywhere, or says where it cannot.
  std::expected<void, std::string> Start();
  // The servers, with the ports that they have.
  std::vector<Server> servers() const;
  std::size_t open_connections() const { return connections_.size(); }

 private:
  struct Listener {
    Server server;
    Simulator* simulator = nullptr;
    probe::net::Handle<uv_tcp_t> socket;
    std::uint64_t accepted = 0;
  };

  // libuv's code.
  int Listen(Listener& listener);
  void OnClient(Listener& listener);
  void OnFinished(Connection* connection, const Record& record) override;

  uv_loop_t* const loop_;
  Journal* const journal_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unordered_map<Connection*, std::unique_ptr<Connection>> connections_;
};

}  // namespace mailsim

#endif  // TESTS_SUPPORT_MAILSIM_SIMULATOR_H_
