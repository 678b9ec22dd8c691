// A ScriptedServer for tests that wait on their own thread.
#ifndef TESTS_SUPPORT_SERVER_THREAD_H_
#define TESTS_SUPPORT_SERVER_THREAD_H_

#include <uv.h>

#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "probe/net/uv_handle.h"
#include "tests/support/catch.h"
#include "tests/support/scripted_server.h"

namespace tests {

// A server on a loop and thread of its own: a prober has its own as well.
class ServerThread {
 public:
  ServerThread(std::string greeting, ScriptedServer::Answer answer) {
    uv_loop_init(&loop_);
    server_.emplace(&loop_, std::move(greeting), std::move(answer));
    port_ = server_->port();
    stop_ = probe::net::MakeHandle<uv_async_t>(this, [this](uv_async_t* raw) {
      return uv_async_init(&loop_, raw, [](uv_async_t* handle) {
        auto* self = static_cast<ServerThread*>(handle->data);
        if (self == nullptr) return;
        self->connections_ = self->server_->connections();
        self->most_open_ = self->server_->most_open();
        self->lines_ = self->server_->lines();
        self->server_.reset();
        self->stop_.reset();
      });
    });
    thread_ = std::thread([this] { uv_run(&loop_, UV_RUN_DEFAULT); });
  }

  // What is asked about afterwards holds only then.
  void Stop() {
    if (!thread_.joinable()) return;
    uv_async_send(stop_.get());
    thread_.join();
    CHECK(uv_loop_close(&loop_) == 0);
  }
  ~ServerThread() { Stop(); }

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }
  int most_open() const { return most_open_; }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  uv_loop_t loop_{};
  std::optional<ScriptedServer> server_;
  probe::net::Handle<uv_async_t> stop_;
  std::thread thread_;
  std::uint16_t port_ = 0;
  int connections_ = 0;
  int most_open_ = 0;
  std::vector<std::string> lines_;
};

}  // namespace tests

#endif  // TESTS_SUPPORT_SERVER_THREAD_H_
