#include "exporter/http/server.h"

#include <uv.h>

#include "exporter/http/acceptor.h"
#include "exporter/http/clients.h"
#include "exporter/http/connection.h"
#include "exporter/http/listen_socket.h"

namespace exporter::http {

// Members are in the order of their making: connections refer to the service.
struct Server::Impl final : Acceptor::Sink {
  Impl(uv_loop_t* loop, Handler handler, const Limits& limits, CurrentTls tls)
      : pace(loop),
        service{loop, std::move(handler), limits, std::move(tls), &pace},
        clients(service),
        acceptor(loop, *this) {}

  bool HasRoom() override { return clients.HasRoom(); }
  bool FreeDescriptor() override { return clients.EndOne(); }
  void OnAccepted(Descriptor fd, const sockaddr* peer) override {
    try {
      clients.Add(std::move(fd), peer);
    } catch (...) {  // Out of memory; `fd` is closed.
      clients.EndOne();
    }
  }

  HandshakePace pace;
  const Connection::Service service;
  Clients clients;
  Acceptor acceptor;
};

Server::Server(uv_loop_s* loop, Handler handler, const Limits& limits,
               CurrentTls tls)
    : impl_(std::make_unique<Impl>(loop, std::move(handler), limits,
                                   std::move(tls))) {}

Server::~Server() = default;

std::expected<void, std::string> Server::Listen(const std::string& address) {
  auto socket = OpenListenSocket(impl_->service.loop, address);
  if (!socket) return std::unexpected(socket.error());
  std::vector<ListenSocket> sockets;
  sockets.push_back(*std::move(socket));
  return Listen(std::move(sockets));
}

std::expected<void, std::string> Server::Listen(
    std::vector<ListenSocket> sockets) {
  for (ListenSocket& socket : sockets) {
    const std::string intention = "listen on " + socket.address + ": ";
    const auto added = impl_->acceptor.Add(std::move(socket));
    if (!added) return std::unexpected(intention + uv_strerror(added.error()));
  }
  return {};
}

std::vector<std::string> Server::addresses() const {
  return impl_->acceptor.addresses();
}

}  // namespace exporter::http
