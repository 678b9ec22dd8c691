#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <uv.h>

#include <utility>

#include "exporter/http/transport.h"
#include "probe/tls/openssl_ptr.h"

namespace exporter::http {
namespace {

using enum Transfer::Outcome;

class TlsTransport : public Transport {
 public:
  TlsTransport(int fd, const CurrentTls& tls, HandshakePace& pace)
      : fd_(fd), current_(tls), pace_(pace) {}

  Transfer Read(std::span<char> to) override {
    if (ssl_ == nullptr && !Begin()) return {.outcome = kEnded};
    if (!SSL_is_init_finished(ssl_.get()) && !pace_.Take()) {
      // The bytes that woke us wake us again.
      return {.outcome = kBlocked, .events = UV_READABLE};
    }
    ERR_clear_error();
    std::size_t bytes = 0;
    const int done = SSL_read_ex(ssl_.get(), to.data(), to.size(), &bytes);
    return Result(done, bytes);
  }

  Transfer Write(std::string_view bytes) override {
    ERR_clear_error();
    std::size_t written = 0;
    const int done =
        SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
    return Result(done, written);
  }

  void EndWriting() override {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
    shutdown(fd_, SHUT_WR);
  }

 private:
  bool Begin() {
    tls_ = current_();
    if (tls_ == nullptr) return false;
    ssl_.reset(SSL_new(tls_->get()));
    if (ssl_ == nullptr || SSL_set_fd(ssl_.get(), fd_) != 1) return false;
    SSL_set_accept_state(ssl_.get());
    return true;
  }

  Transfer Result(int done, std::size_t bytes) {
    if (done == 1) return {.outcome = kDone, .bytes = bytes};
    switch (SSL_get_error(ssl_.get(), done)) {
      case SSL_ERROR_WANT_READ:
        return {.outcome = kBlocked, .events = UV_READABLE};
      case SSL_ERROR_WANT_WRITE:
        return {.outcome = kBlocked, .events = UV_WRITABLE};
      case SSL_ERROR_SSL:
        if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST) {
          ExplainTls();
        }
        ERR_clear_error();
        shutdown(fd_, SHUT_WR);
        return {.outcome = kRefused};
      default:
        ERR_clear_error();
        return {.outcome = kEnded};
    }
  }

  // To a client that speaks HTTP in clear, as Go's servers do.
  void ExplainTls() const {
    constexpr std::string_view kAnswer =
        "HTTP/1.0 400 Bad Request\r\n\r\n"
        "Client sent an HTTP request to an HTTPS server.\n";
    send(fd_, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
  }

  const int fd_;
  const CurrentTls& current_;
  HandshakePace& pace_;
  std::shared_ptr<const ServerTls> tls_;  // Outlives `ssl_`.
  probe::tls::SslPtr ssl_;
};

}  // namespace

std::unique_ptr<Transport> MakeTlsTransport(int fd, const CurrentTls& tls,
                                            HandshakePace& pace) {
  return std::make_unique<TlsTransport>(fd, tls, pace);
}

}  // namespace exporter::http
