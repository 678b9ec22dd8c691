#include "tests/bench/floor_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace bench {
namespace {

// Of one reply: more than the simulator says.
constexpr std::size_t kMaxReply = 4096;

// The prober's ClientHello (probe/tls/context.cc), as far as it costs: what is
// offered decides what the server and the client compute.
constexpr const char* kCiphers = "ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0";

tests::SslContextPtr MakeContext(const std::string& roots) {
  tests::SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  tests::Must(context != nullptr, "SSL_CTX_new");
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  tests::Must(
      SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION) == 1 &&
          SSL_CTX_set_max_proto_version(context.get(), TLS1_3_VERSION) == 1 &&
          SSL_CTX_set_cipher_list(context.get(), kCiphers) == 1 &&
          SSL_CTX_load_verify_file(context.get(), roots.c_str()) == 1,
      "the settings of the floor");
  return context;
}

// A socket, later with TLS on it.
class Wire {
 public:
  Wire() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Wire() { close(socket_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  bool Connect(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return connect(socket_, reinterpret_cast<const sockaddr*>(&address),
                   sizeof address) == 0;
  }

  bool StartTls(SSL_CTX* context, const char* server_name) {
    ssl_.reset(SSL_new(context));
    return SSL_set_fd(ssl_.get(), socket_) == 1 &&
           SSL_set_tlsext_host_name(ssl_.get(), server_name) == 1 &&
           SSL_set1_host(ssl_.get(), server_name) == 1 &&
           SSL_connect(ssl_.get()) == 1;
  }

  // Says `command`, unless it is "", and reads a whole 2xx reply.
  bool Ask(std::string_view command) {
    if (!command.empty() && !Write(command)) return false;
    std::array<char, kMaxReply> bytes;
    std::size_t size = 0;
    do {
      const std::size_t count = Read(bytes.data() + size, kMaxReply - size);
      if (count == 0) return false;
      size += count;
    } while (!IsWhole({bytes.data(), size}));
    return bytes.front() == '2';
  }

  // Our last word, then the server's.
  void Close() {
    if (ssl_) {
      if (SSL_shutdown(ssl_.get()) == 0) SSL_shutdown(ssl_.get());
      return;
    }
    std::array<char, kMaxReply> rest;
    while (Read(rest.data(), rest.size()) != 0) continue;
  }

 private:
  static bool IsWhole(std::string_view reply) {
    if (!reply.ends_with("\r\n")) return false;
    const std::size_t end = reply.rfind('\n', reply.size() - 2);
    const std::size_t last = end == std::string_view::npos ? 0 : end + 1;
    return reply.size() - last >= 4 && reply[last + 3] == ' ';
  }

  bool Write(std::string_view bytes) {
    const auto size = static_cast<int>(bytes.size());
    return (ssl_ ? SSL_write(ssl_.get(), bytes.data(), size)
                 : send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL)) ==
           size;
  }

  std::size_t Read(char* bytes, std::size_t size) {
    const auto count = ssl_
                           ? SSL_read(ssl_.get(), bytes, static_cast<int>(size))
                           : recv(socket_, bytes, size, 0);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }

  const int socket_;
  tests::SslPtr ssl_;
};

}  // namespace

FloorClient::FloorClient(std::uint16_t port, std::string server_name,
                         const std::string& roots)
    : port_(port),
      server_name_(std::move(server_name)),
      context_(MakeContext(roots)) {}

bool FloorClient::Converse() const {
  constexpr std::string_view kEhlo = "EHLO monitor.example.net\r\n";
  Wire wire;
  bool good = wire.Connect(port_) && wire.Ask("") && wire.Ask(kEhlo);
  if (context_) {
    good = good && wire.Ask("STARTTLS\r\n") &&
           wire.StartTls(context_.get(), server_name_.c_str()) &&
           wire.Ask(kEhlo);
  }
  good = good && wire.Ask("QUIT\r\n");
  if (good) wire.Close();
  return good;
}

}  // namespace bench
