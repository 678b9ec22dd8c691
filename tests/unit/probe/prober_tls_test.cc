// Two probers on threads of their own share one tls::Context, which is replaced
// while they use it, as a reload does.
#include <uv.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "probe/prober.h"
#include "tests/support/catch.h"
#include "tests/support/pki.h"
#include "tests/support/scripted_server.h"
#include "tests/support/tls_connection.h"
#include "tests/support/tls_peer.h"

namespace {

using namespace std::chrono_literals;
using tests::ScriptedServer;
using tests::TestPki;

// A server with implicit TLS on a loop and thread of its own.
class TlsServerThread {
 public:
  TlsServerThread() {
    tests::TlsPeerSettings settings;
    settings.identities = {TestPki().Get("good")};
    context_ = std::make_unique<tests::TlsPeerContext>(settings);
    uv_loop_init(&loop_);
    server_.emplace(&loop_, "220 mx.example.com\r\n",
                    [](const std::string& line) -> std::string {
                      if (line != "QUIT") return "250 mx\r\n";
                      return std::string("221 bye\r\n") +
                             ScriptedServer::kClose;
                    });
    server_->UseTls(context_.get(), /*implicit=*/true);
    port_ = server_->port();
    stop_ = probe::net::MakeHandle<uv_async_t>(this, [this](uv_async_t* raw) {
      return uv_async_init(&loop_, raw, [](uv_async_t* handle) {
        auto* self = static_cast<TlsServerThread*>(handle->data);
        if (self == nullptr) return;
        self->server_.reset();
        self->stop_.reset();
      });
    });
    thread_ = std::thread([this] { uv_run(&loop_, UV_RUN_DEFAULT); });
  }
  ~TlsServerThread() {
    uv_async_send(stop_.get());
    thread_.join();
    CHECK(uv_loop_close(&loop_) == 0);
  }
  TlsServerThread(const TlsServerThread&) = delete;
  TlsServerThread& operator=(const TlsServerThread&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  std::unique_ptr<tests::TlsPeerContext> context_;
  uv_loop_t loop_{};
  std::optional<ScriptedServer> server_;
  probe::net::Handle<uv_async_t> stop_;
  std::thread thread_;
  std::uint16_t port_ = 0;
};

std::shared_ptr<const probe::Endpoint> MakeEndpoint(
    probe::EndpointId id, std::uint16_t port,
    std::shared_ptr<const probe::tls::Context> context) {
  auto conversation = std::make_shared<probe::Conversation>();
  conversation->ehlo_name = "monitor.example.net";
  conversation->tls.mode = probe::TlsMode::kImplicit;
  conversation->tls.verify = true;
  conversation->tls.context = std::move(context);
  auto endpoint = std::make_shared<probe::Endpoint>();
  endpoint->id = id;
  endpoint->address = probe::IpAddress::Parse("127.0.0.1");
  endpoint->port = port;
  endpoint->server_name = "mx.example.com";
  endpoint->conversation = std::move(conversation);
  endpoint->interval = 10ms;
  return endpoint;
}

}  // namespace

TEST_CASE("threads share a context, and a new one takes its place") {
  constexpr int kRounds = 5;
  constexpr int kProbesEach = 4;
  TlsServerThread server;
  std::mutex mutex;
  std::condition_variable arrived;
  std::vector<int> finished(2);
  std::vector<std::string> failures;
  {
    std::vector<std::unique_ptr<probe::Prober>> probers;
    for (std::size_t i = 0; i < finished.size(); ++i) {
      probers.push_back(std::make_unique<probe::Prober>(
          4, probe::Prober::Observer{
                 .started = [](probe::Duration) {},
                 .ended = [](probe::Duration) {},
                 .finished =
                     [&, i](const probe::Endpoint&,
                            const probe::ProbeResult& result) {
                       const std::lock_guard lock(mutex);
                       ++finished[i];
                       if (result.failure) {
                         failures.push_back(result.failure->detail);
                       }
                       arrived.notify_all();
                     },
                 .postponed = [](probe::EndpointId, probe::Duration) {},
                 .loop_lag = [](probe::Duration) {},
             }));
    }
    for (int round = 0; round < kRounds; ++round) {
      auto context = tests::TlsContext();
      for (std::size_t i = 0; i < probers.size(); ++i) {
        probers[i]->Put(MakeEndpoint(i + 1, server.port(), context));
      }
      // From here on only the probers hold it.
      context.reset();
      std::unique_lock lock(mutex);
      const std::vector<int> before = finished;
      const bool all = arrived.wait_for(lock, 30s, [&] {
        return finished[0] >= before[0] + kProbesEach &&
               finished[1] >= before[1] + kProbesEach;
      });
      REQUIRE(all);
    }
  }
  CHECK(failures == std::vector<std::string>{});
}
