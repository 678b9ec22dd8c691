#include "exporter/http/server.h"

#include <microhttpd.h>
#include <uv.h>

#include <cassert>
#include <cstdarg>
#include <unordered_map>

#include "exporter/http/acceptor.h"
#include "exporter/http/exchange.h"
#include "exporter/http/listen_socket.h"
#include "probe/net/uv_handle.h"

namespace exporter::http {
namespace {

// libmicrohttpd would write to stderr, raw, what clients do wrong.
void IgnoreLog(void* /*closure*/, const char* /*format*/, va_list /*list*/) {}

struct StopDaemon {
  void operator()(MHD_Daemon* daemon) const { MHD_stop_daemon(daemon); }
};

}  // namespace

struct Server::Impl {
  Impl(uv_loop_t* the_loop, Handler the_handler, const Limits& the_limits);
  ~Impl();

  std::expected<void, std::string> Start();
  bool HasRoom() const;
  // Runs libmicrohttpd, and sees to the next time it must run.
  void Run();
  void RunAgain();
  template <typename T>
  static void OnTurn(T* handle) {
    auto* self = static_cast<Impl*>(handle->data);
    if (self != nullptr) self->Run();
  }
  // Makes Run follow in the loop's next turn.
  void Wake();
  MHD_Result Access(MHD_Connection* connection, const char* path,
                    const char* method, std::size_t* body_bytes,
                    void** closure);

  static MHD_Result OnAccess(void* closure, MHD_Connection* connection,
                             const char* path, const char* method,
                             const char* version, const char* body,
                             std::size_t* body_bytes,
                             void** connection_closure);
  static void OnCompleted(void* closure, MHD_Connection* connection,
                          void** connection_closure,
                          MHD_RequestTerminationCode code);

  uv_loop_t* const loop;
  const Handler handler;
  const Limits limits;
  std::unordered_map<Exchange*, std::shared_ptr<Exchange>> exchanges;
  // Started by the first Listen.
  std::unique_ptr<MHD_Daemon, StopDaemon> daemon;
  probe::net::Handle<uv_poll_t> poll;
  // For "in some milliseconds" and for "in the loop's next turn": a timer of
  // 0 ms that is started by a timer runs in the same turn again (libuv 1.44),
  // and a fast client with a large body would have the loop for itself.
  probe::net::Handle<uv_timer_t> timer;
  probe::net::Handle<uv_idle_t> next_turn;
  bool running = false;  // Within MHD_run, which cannot be nested.
  bool awake = false;    // Run must follow, whatever MHD_get_timeout says.
  Acceptor acceptor;
};

Server::Impl::Impl(uv_loop_t* the_loop, Handler the_handler,
                   const Limits& the_limits)
    : loop(the_loop),
      handler(std::move(the_handler)),
      limits(the_limits),
      acceptor(
          the_loop, [this] { return HasRoom(); },
          [this](int fd, const sockaddr* peer, socklen_t peer_length) {
            // Closes `fd` if it refuses it, as for too many of one address.
            MHD_add_connection(daemon.get(), fd, peer, peer_length);
            RunAgain();
          }) {}

Server::Impl::~Impl() {
  assert(!running);
  running = true;  // Whoever is told that it ends cannot start it again.
  for (const auto& [key, exchange] : exchanges) exchange->Abandon();
  poll.reset();  // Before its descriptor is closed.
  daemon.reset();
}

std::expected<void, std::string> Server::Impl::Start() {
  if (daemon != nullptr) return {};
  timer = probe::net::MakeHandle<uv_timer_t>(
      this, [this](uv_timer_t* raw) { return uv_timer_init(loop, raw); });
  next_turn = probe::net::MakeHandle<uv_idle_t>(
      this, [this](uv_idle_t* raw) { return uv_idle_init(loop, raw); });
  std::unique_ptr<MHD_Daemon, StopDaemon> started(MHD_start_daemon(
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET,
      /*port=*/0, /*apc=*/nullptr, /*apc_cls=*/nullptr, &OnAccess, this,
      MHD_OPTION_EXTERNAL_LOGGER, &IgnoreLog, nullptr,
      MHD_OPTION_NOTIFY_COMPLETED, &OnCompleted, this,
      MHD_OPTION_CONNECTION_LIMIT, limits.connections,
      MHD_OPTION_PER_IP_CONNECTION_LIMIT, limits.connections_per_address,
      MHD_OPTION_CONNECTION_TIMEOUT, limits.idle_seconds,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits.header_bytes,
      MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END));
  if (started == nullptr) {
    return std::unexpected("libmicrohttpd does not start");
  }
  const auto* info =
      MHD_get_daemon_info(started.get(), MHD_DAEMON_INFO_EPOLL_FD);
  poll = probe::net::MakeHandle<uv_poll_t>(this, [&](uv_poll_t* raw) {
    return info == nullptr ? UV_ENOSYS
                           : uv_poll_init(loop, raw, info->epoll_fd);
  });
  if (poll == nullptr) {
    return std::unexpected("its epoll descriptor cannot be watched");
  }
  uv_poll_start(poll.get(), UV_READABLE,
                [](uv_poll_t* handle, int /*status*/, int /*events*/) {
                  OnTurn(handle);
                });
  daemon = std::move(started);
  return {};
}

bool Server::Impl::HasRoom() const {
  const auto* info =
      MHD_get_daemon_info(daemon.get(), MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
  return info == nullptr || info->num_connections < limits.connections;
}

void Server::Impl::Run() {
  awake = false;
  running = true;
  MHD_run(daemon.get());
  running = false;
  RunAgain();
}

void Server::Impl::RunAgain() {
  MHD_UNSIGNED_LONG_LONG milliseconds = 0;
  const bool has_timeout =
      awake || MHD_get_timeout(daemon.get(), &milliseconds) == MHD_YES;
  uv_timer_stop(timer.get());
  uv_idle_stop(next_turn.get());
  if (!has_timeout) return;
  if (milliseconds == 0) {
    uv_idle_start(next_turn.get(), OnTurn<uv_idle_t>);
  } else {
    uv_timer_start(timer.get(), OnTurn<uv_timer_t>, milliseconds, /*repeat=*/0);
  }
}

void Server::Impl::Wake() {
  awake = true;
  if (!running) RunAgain();
}

MHD_Result Server::Impl::Access(MHD_Connection* connection, const char* path,
                                const char* method, std::size_t* body_bytes,
                                void** closure) {
  if (*closure == nullptr) {
    auto exchange = std::make_shared<Exchange>(
        loop, connection, limits.body_bytes, [this] { Wake(); });
    exchanges.emplace(exchange.get(), exchange);
    *closure = exchange.get();
    return exchange->Begin();
  }
  auto* exchange = static_cast<Exchange*>(*closure);
  if (*body_bytes > 0) return exchange->TakeBody(body_bytes);
  return Exchange::Complete(exchanges.at(exchange), handler, path, method);
}

MHD_Result Server::Impl::OnAccess(void* closure, MHD_Connection* connection,
                                  const char* path, const char* method,
                                  const char* /*version*/, const char* /*body*/,
                                  std::size_t* body_bytes,
                                  void** connection_closure) {
  try {
    return static_cast<Impl*>(closure)->Access(connection, path, method,
                                               body_bytes, connection_closure);
  } catch (...) {  // Out of memory.
    return MHD_NO;
  }
}

// The request is answered, or its client gone.
void Server::Impl::OnCompleted(void* closure, MHD_Connection* /*connection*/,
                               void** connection_closure,
                               MHD_RequestTerminationCode /*code*/) {
  static_cast<Impl*>(closure)->exchanges.erase(
      static_cast<Exchange*>(*connection_closure));
  *connection_closure = nullptr;
}

Server::Server(uv_loop_s* loop, Handler handler, const Limits& limits)
    : impl_(std::make_unique<Impl>(loop, std::move(handler), limits)) {}

Server::~Server() = default;

std::expected<void, std::string> Server::Listen(const std::string& address) {
  auto socket = OpenListenSocket(impl_->loop, address);
  if (!socket) return std::unexpected(socket.error());
  if (const auto started = impl_->Start(); !started) {
    return std::unexpected("listen on " + address + ": " + started.error());
  }
  if (const auto added = impl_->acceptor.Add(*std::move(socket)); !added) {
    return std::unexpected("listen on " + address + ": " +
                           uv_strerror(added.error()));
  }
  return {};
}

std::vector<std::string> Server::addresses() const {
  return impl_->acceptor.addresses();
}

}  // namespace exporter::http
