#include "probe/dns/ares_resolver.h"

#include <ares.h>
#include <uv.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "probe/dns/server_list.h"
#include "probe/net/socket_address.h"
#include "probe/net/timer.h"
#include "probe/net/uv_handle.h"

namespace probe::dns {
namespace {

// Entries of the hosts file have no TTL; nor may a TTL of 0 mean a lookup per
// probe. As long as an edit of the file may take to be noticed.
constexpr Duration kTtlOfNone = std::chrono::minutes(1);
// What resolvers cap at (unbound, BIND): a day. A TTL comes from a stranger and
// must not decide that a name is never asked for again.
constexpr Duration kMaxTtl = std::chrono::hours(24);
// RFC 1035 2.3.4, and room for an escaped or dotted form.
constexpr std::size_t kMaxName = 255;

// RFC 2181 8: a TTL with the high bit set counts as 0.
Duration TtlOf(int seconds) {
  if (seconds <= 0) return kTtlOfNone;
  return std::min<Duration>(std::chrono::seconds(seconds), kMaxTtl);
}

Reason ReasonOf(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_EBADNAME:
      return Reason::kDnsNotFound;
    case ARES_ENODATA:
      return Reason::kNoAddress;
    case ARES_ETIMEOUT:
      return Reason::kDnsTimeout;
    case ARES_ENOMEM:
      return Reason::kInternal;
    default:
      return Reason::kDnsFailure;
  }
}

std::string_view TextOf(int status, IpAddress::Family family) {
  switch (status) {
    case ARES_ENOTFOUND:
      return "NXDOMAIN";
    case ARES_ENODATA:
      return family == IpAddress::Family::kIp6 ? "no AAAA record"
                                               : "no A record";
    case ARES_ETIMEOUT:
      return "no answer from the DNS servers in time";
    case ARES_ESERVFAIL:
      return "SERVFAIL";
    case ARES_EREFUSED:
      return "REFUSED";
    case ARES_ENOTIMP:
      return "NOTIMP";
    case ARES_EFORMERR:
      return "FORMERR";
    case ARES_EBADRESP:
      return "malformed DNS answer";
    // What c-ares 1.18 says as well when all servers answered SERVFAIL, NOTIMP
    // or REFUSED; newer ones keep the code.
    case ARES_ECONNREFUSED:
      return "no DNS server gave a usable answer";
    case ARES_EBADNAME:
      return "not a valid domain name";
    default:
      return ares_strerror(status);
  }
}

Failure FailureOf(const std::string& name, int status,
                  IpAddress::Family family) {
  std::string shown = name.substr(0, kMaxName);
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c <= ' ' || c > '~'; },
      '?');
  return {.phase = Phase::kResolve,
          .reason = ReasonOf(status),
          .detail = shown + ": " + std::string(TextOf(status, family))};
}

// Only what was asked for: a response may hold records of the other family,
// and c-ares adds an IPv4 literal to the answer of an IPv6 question.
Addresses AddressesIn(const ares_addrinfo& found, IpAddress::Family family) {
  Addresses result{.addresses = {}, .ttl = kMaxTtl};
  for (const ares_addrinfo_node* node = found.nodes; node != nullptr;
       node = node->ai_next) {
    const auto address = net::SocketAddress::AddressOf(node->ai_addr);
    if (!address || address->family() != family) continue;
    result.ttl = std::min(result.ttl, TtlOf(node->ai_ttl));
    result.addresses.push_back(*address);
  }
  for (const ares_addrinfo_cname* alias = found.cnames; alias != nullptr;
       alias = alias->next) {
    result.ttl = std::min(result.ttl, TtlOf(alias->ttl));
  }
  std::sort(result.addresses.begin(), result.addresses.end());
  result.addresses.erase(
      std::unique(result.addresses.begin(), result.addresses.end()),
      result.addresses.end());
  return result;
}

using Answer = std::expected<Addresses, Failure>;

Answer AnswerOf(const std::string& name, IpAddress::Family family, int status,
                const ares_addrinfo* found) {
  if (status == ARES_SUCCESS && found != nullptr) {
    Addresses addresses = AddressesIn(*found, family);
    if (!addresses.addresses.empty()) return addresses;
    status = ARES_ENODATA;
  }
  return std::unexpected(FailureOf(name, status, family));
}

// ares_library_init is not thread-safe and wants to be called before all else.
int InitLibrary() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  return status;
}

}  // namespace

struct AresResolver::Impl {
  // One lookup that c-ares knows of.
  struct Query {
    Impl* resolver;
    std::string name;
    IpAddress::Family family;
    Callback done;
  };
  struct Finished {
    Callback done;
    Answer answer;
  };

  explicit Impl(uv_loop_t* the_loop)
      : loop(the_loop),
        deliver(net::MakeHandle<uv_idle_t>(
            this, [&](uv_idle_t* raw) { return uv_idle_init(loop, raw); })),
        timer(loop, [this] {
          // Sees to the timeouts of all queries.
          Process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        }) {}

  ~Impl() {
    // Closes the sockets through OnSocketState and answers all queries; those
    // answers end with `finished`, and `deliver` does not run any more.
    if (channel != nullptr) ares_destroy(channel);
  }

  void Process(ares_socket_t readable, ares_socket_t writable) {
    ares_process_fd(channel, readable, writable);
    SetTimer();
  }

  void SetTimer() {
    timeval wait{};
    if (ares_timeout(channel, nullptr, &wait) == nullptr) {
      timer.Stop();
    } else {
      timer.At(net::Now() + std::chrono::seconds(wait.tv_sec) +
               std::chrono::microseconds(wait.tv_usec));
    }
  }

  // Nothing is handed out while c-ares is on the stack: the receiver may start
  // lookups or destroy the resolver. An idle handle keeps the loop from
  // waiting, so this costs no time.
  void Finish(Callback done, Answer answer) {
    finished.push_back({std::move(done), std::move(answer)});
    uv_idle_start(deliver.get(), OnDeliver);
  }

  static void OnDeliver(uv_idle_t* handle);
  static void OnAnswer(void* query, int status, int timeouts,
                       ares_addrinfo* found);
  static void OnSocketState(void* impl, ares_socket_t socket, int readable,
                            int writable);
  static void OnPoll(uv_poll_t* handle, int status, int events);

  uv_loop_t* const loop;
  net::Handle<uv_idle_t> deliver;
  net::Timer timer;
  std::map<ares_socket_t, net::Handle<uv_poll_t>> sockets;
  std::vector<Finished> finished;
  ares_channel channel = nullptr;
};

void AresResolver::Impl::OnDeliver(uv_idle_t* handle) {
  auto* self = static_cast<Impl*>(handle->data);
  if (self == nullptr) return;
  // Those that finish meanwhile have the next turn, so that a chain of lookups
  // cannot hold the loop.
  std::vector<Finished> batch = std::exchange(self->finished, {});
  uv_idle_stop(handle);
  for (Finished& each : batch) {
    each.done(std::move(each.answer));
    if (handle->data == nullptr) return;  // It destroyed the resolver.
  }
}

void AresResolver::Impl::OnAnswer(void* query, int status, int /*timeouts*/,
                                  ares_addrinfo* found) {
  const std::unique_ptr<Query> owned(static_cast<Query*>(query));
  Impl* const self = owned->resolver;
  self->Finish(std::move(owned->done),
               AnswerOf(owned->name, owned->family, status, found));
  if (found != nullptr) ares_freeaddrinfo(found);
}

// Neither readable nor writable: c-ares is about to close the socket, and the
// poll handle has to let go of the descriptor first.
void AresResolver::Impl::OnSocketState(void* impl, ares_socket_t socket,
                                       int readable, int writable) {
  auto* self = static_cast<Impl*>(impl);
  if (readable == 0 && writable == 0) {
    self->sockets.erase(socket);
    return;
  }
  net::Handle<uv_poll_t>& poll = self->sockets[socket];
  if (poll == nullptr) {
    poll = net::MakeHandle<uv_poll_t>(self, [&](uv_poll_t* raw) {
      return uv_poll_init(self->loop, raw, socket);
    });
  }
  // Without it the query ends by its timeout.
  if (poll == nullptr) return;
  uv_poll_start(
      poll.get(),
      (readable != 0 ? UV_READABLE : 0) | (writable != 0 ? UV_WRITABLE : 0),
      OnPoll);
}

void AresResolver::Impl::OnPoll(uv_poll_t* handle, int status, int events) {
  auto* self = static_cast<Impl*>(handle->data);
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

AresResolver::AresResolver(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}

AresResolver::~AresResolver() = default;

std::expected<std::unique_ptr<AresResolver>, std::string> AresResolver::Create(
    uv_loop_s* loop, const AresOptions& options) {
  const auto servers = ServerList(options.servers);
  if (!servers) return std::unexpected(servers.error());
  int status = InitLibrary();
  if (status != ARES_SUCCESS) {
    return std::unexpected("cannot initialize c-ares: " +
                           std::string(ares_strerror(status)));
  }

  auto impl = std::make_unique<Impl>(loop);
  std::string lookups = "fb";  // The hosts file, then DNS.
  ares_options ares{};
  const auto timeout =
      std::chrono::ceil<std::chrono::milliseconds>(options.timeout).count();
  ares.timeout = static_cast<int>(
      std::clamp<std::int64_t>(timeout, 1, std::numeric_limits<int>::max()));
  ares.tries = std::max(options.tries, 1);
  ares.lookups = lookups.data();
  ares.sock_state_cb = Impl::OnSocketState;
  ares.sock_state_cb_data = impl.get();
  int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
             ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_QUERY_CACHE
  // Since 1.31 c-ares keeps answers, also negative ones. Who asks us keeps
  // them already, and asks again in order to see what is true now.
  ares.qcache_max_ttl = 0;
  mask |= ARES_OPT_QUERY_CACHE;
#endif
  status = ares_init_options(&impl->channel, &ares, mask);
  if (status == ARES_SUCCESS && !servers->empty()) {
    status = ares_set_servers_ports_csv(impl->channel, servers->c_str());
  }
  if (status != ARES_SUCCESS) {
    return std::unexpected("cannot set up DNS: " +
                           std::string(ares_strerror(status)));
  }
  return std::unique_ptr<AresResolver>(new AresResolver(std::move(impl)));
}

void AresResolver::Lookup(const std::string& name, IpAddress::Family family,
                          Callback done) {
  // A NUL would end the name for c-ares, which would then ask for another one.
  if (name.empty() || name.size() > kMaxName ||
      name.find('\0') != std::string::npos) {
    impl_->Finish(std::move(done),
                  std::unexpected(FailureOf(name, ARES_EBADNAME, family)));
    return;
  }
  auto query = std::make_unique<Impl::Query>(Impl::Query{
      .resolver = impl_.get(),
      .name = name,
      .family = family,
      .done = std::move(done),
  });
  ares_addrinfo_hints hints{};
  // Not sorted: c-ares would connect a socket to each address for it.
  hints.ai_flags = ARES_AI_NOSORT;
  hints.ai_family = family == IpAddress::Family::kIp6 ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  // OnAnswer frees the query. It may run in this call (hosts file).
  ares_getaddrinfo(impl_->channel, name.c_str(), /*service=*/nullptr, &hints,
                   Impl::OnAnswer, query.release());
  impl_->SetTimer();
}

}  // namespace probe::dns
