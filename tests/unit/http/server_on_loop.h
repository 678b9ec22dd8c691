// A server on a loop of the test's own thread, and clients on another.
#ifndef TESTS_UNIT_HTTP_SERVER_ON_LOOP_H_
#define TESTS_UNIT_HTTP_SERVER_ON_LOOP_H_

#include <uv.h>

#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "exporter/http/server.h"
#include "tests/support/catch.h"

namespace exporter::http {

class ServerOnLoop {
 public:
  explicit ServerOnLoop(Handler handler, const Limits& limits = Limits(),
                        const std::string& address = "127.0.0.1:0",
                        CurrentTls tls = nullptr) {
    REQUIRE(uv_loop_init(&loop_) == 0);
    REQUIRE(uv_async_init(&loop_, &async_, &OnCalls) == 0);
    async_.data = this;
    server_ = std::make_unique<Server>(&loop_, std::move(handler), limits,
                                       std::move(tls));
    const auto listening = server_->Listen(address);
    if (!listening) FAIL(listening.error());
  }
  // Whatever happened, nothing is left on the loop.
  ~ServerOnLoop() {
    server_.reset();
    uv_close(reinterpret_cast<uv_handle_t*>(&async_), nullptr);
    CHECK(uv_run(&loop_, UV_RUN_DEFAULT) == 0);
    CHECK(uv_loop_close(&loop_) == 0);
  }
  ServerOnLoop(const ServerOnLoop&) = delete;
  ServerOnLoop& operator=(const ServerOnLoop&) = delete;

  uv_loop_t* loop() { return &loop_; }
  Server& server() { return *server_; }
  std::string address() const { return server_->addresses().front(); }
  void DestroyServer() { server_.reset(); }

  // Runs the loop until `client`, which has a thread of its own, returns. What
  // it throws comes out here. Catch's macros stay on this thread.
  void Run(const std::function<void()>& client) {
    std::exception_ptr failure;
    std::thread thread([&] {
      try {
        client();
      } catch (...) {
        failure = std::current_exception();
      }
      Call([this] { uv_stop(&loop_); });
    });
    uv_run(&loop_, UV_RUN_DEFAULT);
    thread.join();
    if (failure) std::rethrow_exception(failure);
  }

  // For the client: runs `function` on the loop and waits for it.
  void Call(std::function<void()> function) {
    std::packaged_task<void()> task(std::move(function));
    auto done = task.get_future();
    {
      const std::lock_guard lock(mutex_);
      calls_.push_back(std::move(task));
    }
    uv_async_send(&async_);
    done.get();
  }

 private:
  static void OnCalls(uv_async_t* async) {
    auto* self = static_cast<ServerOnLoop*>(async->data);
    std::vector<std::packaged_task<void()>> calls;
    {
      const std::lock_guard lock(self->mutex_);
      calls.swap(self->calls_);
    }
    for (auto& call : calls) call();
  }

  uv_loop_t loop_;
  uv_async_t async_;
  std::unique_ptr<Server> server_;
  std::mutex mutex_;
  std::vector<std::packaged_task<void()>> calls_;
};

}  // namespace exporter::http

#endif  // TESTS_UNIT_HTTP_SERVER_ON_LOOP_H_
