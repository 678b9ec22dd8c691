// Since 1.28 c-ares wants ares_query_dnsrec, which 1.18 does not have.
#define CARES_NO_DEPRECATED

#include "probe/dns/ares_channel.h"

#include <ares.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <utility>

#include "probe/dns/message.h"
#include "probe/dns/server_list.h"

namespace probe::dns {
namespace {

constexpr int kClassIn = 1;

// ares_library_init is not thread-safe and wants to be called before all else.
int InitLibrary() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  return status;
}

}  // namespace

AresChannel::AresChannel(uv_loop_t* loop)
    : loop_(loop), timer_(loop, [this] {
        // Sees to the timeouts of all questions.
        Process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      }) {}

AresChannel::~AresChannel() {
  // Closes the sockets through OnSocketState and answers all questions with
  // ARES_EDESTRUCTION.
  if (dns_ != nullptr) ares_destroy(dns_);
}

std::expected<std::unique_ptr<AresChannel>, std::string> AresChannel::Create(
    uv_loop_t* loop, const AresOptions& options) {
  const auto servers = ServerList(options.servers);
  if (!servers) return std::unexpected(servers.error());
  int status = InitLibrary();
  if (status != ARES_SUCCESS) {
    return std::unexpected("cannot initialize c-ares: " +
                           std::string(ares_strerror(status)));
  }
  std::unique_ptr<AresChannel> channel(new AresChannel(loop));
  status = channel->Init(options, *servers);
  if (status != ARES_SUCCESS) {
    return std::unexpected("cannot set up DNS: " +
                           std::string(ares_strerror(status)));
  }
  return channel;
}

int AresChannel::Init(const AresOptions& options, const std::string& servers) {
  ares_options ares{};
  const auto timeout =
      std::chrono::ceil<std::chrono::milliseconds>(options.timeout).count();
  ares.timeout = static_cast<int>(
      std::clamp<std::int64_t>(timeout, 1, std::numeric_limits<int>::max()));
  ares.tries = std::max(options.tries, 1);
  ares.sock_state_cb = OnSocketState;
  ares.sock_state_cb_data = this;
  int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
  if (options.edns) {
    ares.flags = ARES_FLAG_EDNS;
    mask |= ARES_OPT_FLAGS;
  }
#ifdef ARES_OPT_QUERY_CACHE
  // Since 1.31 c-ares keeps answers, also negative ones. Who asks us keeps
  // them already, and asks again in order to see what is true now.
  ares.qcache_max_ttl = 0;
  mask |= ARES_OPT_QUERY_CACHE;
#endif
  const int status = ares_init_options(&dns_, &ares, mask);
  if (status != ARES_SUCCESS) return status;
  if (servers.empty()) return status;
  return ares_set_servers_ports_csv(dns_, servers.c_str());
}

void AresChannel::Process(int readable, int writable) {
  ares_process_fd(dns_, readable, writable);
  SetTimer();
}

void AresChannel::SetTimer() {
  timeval wait{};
  if (ares_timeout(dns_, nullptr, &wait) == nullptr) {
    timer_.Stop();
  } else {
    timer_.At(net::Now() + std::chrono::seconds(wait.tv_sec) +
              std::chrono::microseconds(wait.tv_usec));
  }
}

void AresChannel::Query(const std::string& name, RecordType type, Done done) {
  auto question = std::make_unique<Question>(Question{this, std::move(done)});
  // OnAnswer frees the question.
  ares_query(dns_, name.c_str(), kClassIn, CodeOf(type), OnAnswer,
             question.release());
  SetTimer();
}

void AresChannel::OnAnswer(void* question, int status, int /*timeouts*/,
                           unsigned char* message, int size) {
  const std::unique_ptr<Question> owned(static_cast<Question*>(question));
  if (status == ARES_EDESTRUCTION) return;
  std::span<const std::uint8_t> bytes;
  if (status == ARES_SUCCESS && message != nullptr && size > 0) {
    bytes = {message, static_cast<std::size_t>(size)};
  }
  owned->done(status, bytes);
}

// Neither readable nor writable: c-ares is about to close the socket, and the
// poll handle has to let go of the descriptor first.
void AresChannel::OnSocketState(void* channel, int socket, int readable,
                                int writable) {
  auto* self = static_cast<AresChannel*>(channel);
  if (readable == 0 && writable == 0) {
    self->sockets_.erase(socket);
    return;
  }
  net::Handle<uv_poll_t>& poll = self->sockets_[socket];
  if (poll == nullptr) {
    poll = net::MakeHandle<uv_poll_t>(self, [&](uv_poll_t* raw) {
      return uv_poll_init(self->loop_, raw, socket);
    });
  }
  // Without it the question ends by its timeout.
  if (poll == nullptr) return;
  uv_poll_start(
      poll.get(),
      (readable != 0 ? UV_READABLE : 0) | (writable != 0 ? UV_WRITABLE : 0),
      OnPoll);
}

void AresChannel::OnPoll(uv_poll_t* handle, int status, int events) {
  auto* self = static_cast<AresChannel*>(handle->data);
  uv_os_fd_t socket = -1;
  if (self == nullptr ||
      uv_fileno(reinterpret_cast<uv_handle_t*>(handle), &socket) != 0) {
    return;
  }
  // On an error let c-ares read it from the socket.
  if (status != 0) events = UV_READABLE | UV_WRITABLE;
  self->Process((events & UV_READABLE) != 0 ? socket : ARES_SOCKET_BAD,
                (events & UV_WRITABLE) != 0 ? socket : ARES_SOCKET_BAD);
}

}  // namespace probe::dns
