// The client's side of TLS without I/O, for the tests of the simulator. It
// trusts every certificate.
#ifndef TESTS_UNIT_MAILSIM_TLS_CLIENT_H_
#define TESTS_UNIT_MAILSIM_TLS_CLIENT_H_

#include <openssl/err.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "tests/support/pki.h"
#include "tests/support/ssl_ptr.h"

namespace mailsim {

struct TlsClientSettings {
  bool implicit = false;
  std::string sni = "";
  bool shows_certificate = false;
  std::string signature_algorithms = "";  // "": the library's.
};

class TlsClient {
 public:
  explicit TlsClient(const TlsClientSettings& settings)
      : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX* const context = context_.get();
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0");
    if (std::string list = settings.signature_algorithms; !list.empty()) {
      SSL_CTX_set1_sigalgs_list(context, list.data());
    }
    if (settings.shows_certificate) {
      const tests::Identity& client = tests::TestPki().Get("client");
      const auto chain = tests::ReadCertificates(client.chain);
      SSL_CTX_use_certificate(context, chain.front().get());
      SSL_CTX_add1_chain_cert(context, chain.at(1).get());
      SSL_CTX_use_PrivateKey(context, tests::ReadKey(client.key).get());
    }
    ssl_.reset(SSL_new(context));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_bio(ssl_.get(), in_, out_);
    if (!settings.sni.empty()) {
      SSL_set_tlsext_host_name(ssl_.get(), settings.sni.c_str());
    }
    SSL_set_connect_state(ssl_.get());
    Feed("");
  }

  void Feed(std::string_view bytes) {
    ERR_clear_error();
    if (!bytes.empty()) {
      BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
    }
    SSL_do_handshake(ssl_.get());
    std::array<char, 4096> buffer;
    int count = 0;
    while ((count = SSL_read(ssl_.get(), buffer.data(), buffer.size())) > 0) {
      cleartext_.append(buffer.data(), static_cast<std::size_t>(count));
    }
    if (const unsigned long error = ERR_peek_error();
        error != 0 && error_.empty()) {
      error_ = ERR_reason_error_string(error);
    }
    ERR_clear_error();
  }

  bool open() const { return SSL_is_init_finished(ssl_.get()); }
  bool closed() const {
    return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }
  void Write(std::string_view text) {
    SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
  }
  void Close() { SSL_shutdown(ssl_.get()); }
  std::string TakeCleartext() { return std::exchange(cleartext_, {}); }
  std::string TakeCiphertext() { return tests::TakeAll(out_); }

  // The library's words of the first failure; "" for none.
  const std::string& error() const { return error_; }
  // The type of the server's key.
  std::string key_type() const {
    return EVP_PKEY_get0_type_name(
        X509_get0_pubkey(SSL_get0_peer_certificate(ssl_.get())));
  }

 private:
  tests::SslContextPtr context_;
  tests::SslPtr ssl_;
  BIO* in_ = nullptr;   // Owned by `ssl_`.
  BIO* out_ = nullptr;  // Likewise.
  std::string cleartext_;
  std::string error_;
};

}  // namespace mailsim

#endif  // TESTS_UNIT_MAILSIM_TLS_CLIENT_H_
