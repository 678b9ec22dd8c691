#include "exporter/http/acceptor.h"

#include <cerrno>
#include <cstdint>
#include <utility>

namespace exporter::http {
namespace {

// How long clients wait in the backlog when there is no room for them, or no
// descriptor: short for a person, long for a processor.
constexpr std::uint64_t kPauseMilliseconds = 100;

// Connections taken in one turn, so that a flood of them leaves the loop time
// for those it has.
constexpr int kAcceptsPerTurn = 64;

// accept(2): these concern the one connection that was about to be accepted.
bool IsOfConnection(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

}  // namespace

Acceptor::Acceptor(uv_loop_t* loop, Sink& sink)
    : loop_(loop),
      sink_(sink),
      pause_(probe::net::MakeHandle<uv_timer_t>(
          this,
          [loop](uv_timer_t* timer) { return uv_timer_init(loop, timer); })) {}

std::expected<void, int> Acceptor::Add(ListenSocket socket) {
  int error = 0;
  auto poll = probe::net::MakeHandle<uv_poll_t>(this, [&](uv_poll_t* raw) {
    return error = uv_poll_init(loop_, raw, socket.fd.get());
  });
  if (poll == nullptr) return std::unexpected(error);
  error = uv_poll_start(poll.get(), UV_READABLE, &OnReadable);
  if (error != 0) return std::unexpected(error);
  listeners_.push_back({std::move(socket), std::move(poll)});
  return {};
}

std::vector<std::string> Acceptor::addresses() const {
  std::vector<std::string> addresses;
  for (const Listener& listener : listeners_) {
    addresses.push_back(listener.socket.address);
  }
  return addresses;
}

void Acceptor::OnReadable(uv_poll_t* poll, int status, int /*events*/) {
  auto* self = static_cast<Acceptor*>(poll->data);
  if (self == nullptr) return;
  uv_os_fd_t fd = -1;
  if (status < 0 || uv_fileno(reinterpret_cast<uv_handle_t*>(poll), &fd) != 0) {
    return self->Pause();
  }
  self->AcceptSome(fd);
}

void Acceptor::AcceptSome(int fd) {
  int left = kAcceptsPerTurn;
  while (left-- > 0) {
    if (!sink_.HasRoom()) return Pause();
    sockaddr_storage peer{};
    auto* const address = reinterpret_cast<sockaddr*>(&peer);
    socklen_t length = sizeof(peer);
    const int connection =
        accept4(fd, address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection >= 0) {
      sink_.OnAccepted(Descriptor(connection), address);
    } else if (errno == EAGAIN) {
      return;
    } else if (IsOfConnection(errno)) {
      continue;
    } else if (errno != EMFILE || !sink_.FreeDescriptor()) {
      return Pause();  // ENFILE, ENOBUFS, ENOMEM: others have them too.
    } else {
      // EMFILE is said even when nobody waits; so one is freed for one that
      // does, and the next turn shows whether there are more.
      left = 1;
    }
  }
}

void Acceptor::Resume() {
  for (const Listener& listener : listeners_) {
    uv_poll_start(listener.poll.get(), UV_READABLE, &OnReadable);
  }
}

void Acceptor::Pause() {
  for (const Listener& listener : listeners_) uv_poll_stop(listener.poll.get());
  const auto resume = [](uv_timer_t* timer) {
    auto* self = static_cast<Acceptor*>(timer->data);
    if (self != nullptr) self->Resume();
  };
  uv_timer_start(pause_.get(), resume, kPauseMilliseconds, /*repeat=*/0);
}

}  // namespace exporter::http
