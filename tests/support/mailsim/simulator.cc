#include "tests/support/mailsim/simulator.h"

#include <arpa/inet.h>

#include <utility>

namespace mailsim {
namespace {

// The kernel cuts it to net.core.somaxconn; a benchmark connects in bursts.
constexpr int kBacklog = 4096;

std::uint16_t PortOf(const sockaddr_storage& address) {
  return address.ss_family == AF_INET6
             ? ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port)
             : ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

int ParseAddress(const Server& server, sockaddr_storage* address) {
  return server.ip6 ? uv_ip6_addr(server.address.c_str(), server.port,
                                  reinterpret_cast<sockaddr_in6*>(address))
                    : uv_ip4_addr(server.address.c_str(), server.port,
                                  reinterpret_cast<sockaddr_in*>(address));
}

const Behaviour& BehaviourOf(const std::vector<Behaviour>& behaviours,
                             std::uint64_t connection) {
  std::size_t turn = 0;
  while (turn + 1 < behaviours.size() &&
         connection >= behaviours[turn].connections) {
    connection -= behaviours[turn].connections;
    ++turn;
  }
  return behaviours[turn];
}

}  // namespace

Simulator::Simulator(uv_loop_t* loop, const Scenario& scenario,
                     Journal* journal)
    : loop_(loop), journal_(journal) {
  for (const Server& server : scenario.servers) {
    auto listener = std::make_unique<Listener>();
    listener->server = server;
    listener->simulator = this;
    listeners_.push_back(std::move(listener));
  }
}

Simulator::~Simulator() {
  if (journal_ == nullptr) return;
  for (const auto& [connection, owned] : connections_) {
    journal_->Write(connection->Snapshot());
  }
}

std::expected<void, std::string> Simulator::Start() {
  std::uint16_t previous_port = 0;
  for (const auto& listener : listeners_) {
    Server& server = listener->server;
    if (server.same_port_as_previous) server.port = previous_port;
    if (const int error = Listen(*listener); error != 0) {
      return std::unexpected(
          server.name + ": cannot listen on " + server.address + " port " +
          std::to_string(server.port) + ": " + uv_strerror(error));
    }
    previous_port = server.port;
  }
  return {};
}

std::vector<Server> Simulator::servers() const {
  std::vector<Server> servers;
  for (const auto& listener : listeners_) servers.push_back(listener->server);
  return servers;
}

int Simulator::Listen(Listener& listener) {
  sockaddr_storage address{};
  int error = ParseAddress(listener.server, &address);
  if (error != 0) return error;
  listener.socket =
      probe::net::MakeHandle<uv_tcp_t>(&listener, [&](uv_tcp_t* socket) {
        error = uv_tcp_init(loop_, socket);
        return error;
      });
  if (!listener.socket) return error;
  uv_tcp_t* const socket = listener.socket.get();
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  error = uv_tcp_bind(socket, raw, 0);
  if (error != 0) return error;
  if (!listener.server.refused) {
    error = uv_listen(reinterpret_cast<uv_stream_t*>(socket), kBacklog,
                      [](uv_stream_t* stream, int status) {
                        if (stream->data == nullptr || status != 0) return;
                        auto* const of = static_cast<Listener*>(stream->data);
                        of->simulator->OnClient(*of);
                      });
    if (error != 0) return error;
  }
  // Of an address in use libuv speaks here, not when it is bound.
  int length = sizeof address;
  error = uv_tcp_getsockname(socket, raw, &length);
  listener.server.port = PortOf(address);
  return error;
}

void Simulator::OnClient(Listener& listener) {
  auto owned = std::make_unique<Connection>(loop_, this);
  Connection* const connection = owned.get();
  if (!connection->Accept(
          reinterpret_cast<uv_stream_t*>(listener.socket.get()))) {
    return;
  }
  connections_.emplace(connection, std::move(owned));
  const Behaviour& behaviour =
      BehaviourOf(*listener.server.behaviours, listener.accepted);
  ++listener.accepted;
  connection->Start(listener.server, behaviour, listener.accepted);
}

void Simulator::OnFinished(Connection* connection, const Record& record) {
  if (journal_ != nullptr) journal_->Write(record);
  connections_.erase(connection);
}

}  // namespace mailsim
