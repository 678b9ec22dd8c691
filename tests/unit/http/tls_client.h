// A blocking HTTP client through TLS. It trusts every server.
#ifndef TESTS_UNIT_HTTP_TLS_CLIENT_H_
#define TESTS_UNIT_HTTP_TLS_CLIENT_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/pki.h"
#include "tests/support/ssl_ptr.h"

namespace exporter::http {

struct TlsClientSettings {
  std::string identity = "";  // Of TestPki(); "": shows no certificate.
  int min_version = TLS1_VERSION;
  int max_version = TLS1_3_VERSION;
  std::string ciphers = "ALL:@SECLEVEL=0";  // Up to TLS 1.2.
  std::string groups = "";                  // "": the library's.
  std::string alpn = "";                    // In wire format.
};

class TlsClient {
 public:
  explicit TlsClient(const std::string& address,
                     const TlsClientSettings& settings = {})
      : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX* const context = context_.get();
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, settings.min_version);
    SSL_CTX_set_max_proto_version(context, settings.max_version);
    SSL_CTX_set_cipher_list(context, settings.ciphers.c_str());
    if (std::string list = settings.groups; !list.empty()) {
      SSL_CTX_set1_groups_list(context, list.data());
    }
    SSL_CTX_set_alpn_protos(
        context, reinterpret_cast<const unsigned char*>(settings.alpn.data()),
        static_cast<unsigned>(settings.alpn.size()));
    if (!settings.identity.empty()) Show(settings.identity);
    Connect(address);
    ssl_.reset(SSL_new(context));
    SSL_set_fd(ssl_.get(), fd_);
    if (SSL_connect(ssl_.get()) != 1) Note();
  }
  ~TlsClient() {
    ssl_.reset();
    close(fd_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // The status line and all that follows up to the end; "" without an answer,
  // and then error() says why.
  std::string Get(const std::string& path, const std::string& fields = "") {
    return Exchange("GET " + path +
                    " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields +
                    "\r\n");
  }
  std::string Exchange(std::string_view request) {
    if (!error_.empty()) return {};
    if (SSL_write(ssl_.get(), request.data(),
                  static_cast<int>(request.size())) <= 0) {
      Note();
    }
    return ReadToEnd();
  }
  std::string ReadToEnd() {
    std::string answer;
    std::array<char, 16 * 1024> bytes;
    int count = 0;
    while ((count = SSL_read(ssl_.get(), bytes.data(), bytes.size())) > 0) {
      answer.append(bytes.data(), static_cast<std::size_t>(count));
    }
    Note();
    return answer;
  }

  SSL* ssl() { return ssl_.get(); }
  int fd() const { return fd_; }
  std::string version() const { return SSL_get_version(ssl_.get()); }
  std::string cipher() const { return SSL_get_cipher_name(ssl_.get()); }
  // OpenSSL's words of the first failure, as of an alert; "" for none.
  const std::string& error() const { return error_; }

 private:
  void Show(const std::string& name) {
    const tests::Identity& identity = tests::TestPki().Get(name);
    const auto chain = tests::ReadCertificates(identity.chain);
    SSL_CTX_use_certificate(context_.get(), chain.front().get());
    for (std::size_t i = 1; i < chain.size(); ++i) {
      SSL_CTX_add1_chain_cert(context_.get(), chain[i].get());
    }
    SSL_CTX_use_PrivateKey(context_.get(), tests::ReadKey(identity.key).get());
  }
  void Connect(const std::string& address) {
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer.sin_port = htons(static_cast<std::uint16_t>(
        std::stoi(address.substr(address.rfind(':') + 1))));
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (connect(fd_, reinterpret_cast<sockaddr*>(&peer), sizeof(peer)) != 0) {
      throw std::runtime_error("connect");
    }
  }
  void Note() {
    const unsigned long error = ERR_peek_error();
    if (error != 0 && error_.empty()) error_ = ERR_reason_error_string(error);
    ERR_clear_error();
  }

  tests::SslContextPtr context_;
  tests::SslPtr ssl_;
  int fd_ = -1;
  std::string error_;
};

}  // namespace exporter::http

#endif  // TESTS_UNIT_HTTP_TLS_CLIENT_H_
