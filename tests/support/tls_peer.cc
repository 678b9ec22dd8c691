#include "tests/support/tls_peer.h"

#include <openssl/err.h>

#include <array>
#include <utility>

#include "tests/support/ssl_ptr.h"

namespace tests {

struct TlsPeerContext::Impl {
  SslContextPtr context;
  std::string only_sni;
};

namespace {

struct Bounds {
  int first;
  int last;
};

Bounds BoundsOf(TlsRange range) {
  switch (range) {
    case TlsRange::kTls10Only:
      return {TLS1_VERSION, TLS1_VERSION};
    case TlsRange::kTls11Only:
      return {TLS1_1_VERSION, TLS1_1_VERSION};
    case TlsRange::kTls12Only:
      return {TLS1_2_VERSION, TLS1_2_VERSION};
    case TlsRange::kTls13Only:
      return {TLS1_3_VERSION, TLS1_3_VERSION};
    case TlsRange::kAny:
      break;
  }
  return {TLS1_VERSION, TLS1_3_VERSION};
}

bool SetCiphers(SSL_CTX* context, const std::string& ciphers) {
  const std::string text = (ciphers.empty() ? "ALL" : ciphers) + ":@SECLEVEL=0";
  return SSL_CTX_set_cipher_list(context, text.c_str()) == 1;
}

void Use(SSL_CTX* context, const Identity& identity) {
  const std::vector<X509Ptr> chain = ReadCertificates(identity.chain);
  const KeyPtr key = ReadKey(identity.key);
  STACK_OF(X509)* const rest = sk_X509_new_null();
  for (std::size_t i = 1; i < chain.size(); ++i) {
    sk_X509_push(rest, chain[i].get());
  }
  Must(SSL_CTX_use_cert_and_key(context, chain.front().get(), key.get(), rest,
                                1) == 1,
       "SSL_CTX_use_cert_and_key");
  sk_X509_free(rest);
}

void AskForCertificate(SSL_CTX* context, const TlsPeerSettings& settings) {
  for (const X509Ptr& root : ReadCertificates(settings.client_roots)) {
    Must(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.get()) == 1,
         "X509_STORE_add_cert");
    SSL_CTX_add_client_CA(context, root.get());
  }
  const int demand = settings.client_certificate_required
                         ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT
                         : 0;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | demand, nullptr);
}

int CheckSni(SSL* ssl, int* alert, void* impl) {
  const std::string& only = static_cast<TlsPeerContext::Impl*>(impl)->only_sni;
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (only.empty() || (name != nullptr && only == name)) {
    return SSL_TLSEXT_ERR_OK;
  }
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

// The system's openssl.cnf has its own versions, ciphers and level; all three
// are set here.
TlsPeerContext::TlsPeerContext(const TlsPeerSettings& settings)
    : impl_(std::make_unique<Impl>()) {
  impl_->context.reset(SSL_CTX_new(TLS_server_method()));
  impl_->only_sni = settings.only_sni;
  SSL_CTX* const context = impl_->context.get();
  Must(context != nullptr, "SSL_CTX_new");
  SSL_CTX_set_security_level(context, 0);  // TLS 1.0 signs with SHA-1.
  const Bounds bounds = BoundsOf(settings.versions);
  Must(SSL_CTX_set_min_proto_version(context, bounds.first) == 1 &&
           SSL_CTX_set_max_proto_version(context, bounds.last) == 1 &&
           SetCiphers(context, settings.ciphers),
       "versions or ciphers");
  // The client's order counts: "ALL" has anonymous ciphers.
  SSL_CTX_clear_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_dh_auto(context, 1);
  for (const Identity& identity : settings.identities) Use(context, identity);
  // Without it a client that resumes is turned away when certificates are
  // asked for.
  static constexpr std::array<unsigned char, 4> kSessions = {'p', 'e', 'e',
                                                             'r'};
  SSL_CTX_set_session_id_context(context, kSessions.data(), kSessions.size());
  if (!settings.client_roots.empty()) AskForCertificate(context, settings);
  SSL_CTX_set_tlsext_servername_callback(context, &CheckSni);
  SSL_CTX_set_tlsext_servername_arg(context, impl_.get());
}

TlsPeerContext::~TlsPeerContext() = default;

bool TlsPeerContext::KnowsCiphers(const std::string& ciphers) {
  const SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  const bool known = SetCiphers(context.get(), ciphers);
  ERR_clear_error();
  return known;
}

struct TlsPeer::Impl {
  explicit Impl(SSL_CTX* context) : ssl(SSL_new(context)) {
    BIO* const in = BIO_new(BIO_s_mem());
    out = BIO_new(BIO_s_mem());
    Must(ssl && in && out, "SSL_new");
    // Empty is not the end: more may come.
    BIO_set_mem_eof_return(in, -1);
    BIO_set_mem_eof_return(out, -1);
    SSL_set_bio(ssl.get(), in, out);
    SSL_set_accept_state(ssl.get());
  }

  void Drive() {
    ERR_clear_error();
    if (!SSL_is_init_finished(ssl.get())) {
      const int result = SSL_do_handshake(ssl.get());
      if (result != 1) return Note(result);
      open = true;
    }
    while (true) {
      std::array<char, 16384> buffer;
      ERR_clear_error();
      const int count =
          SSL_read(ssl.get(), buffer.data(), static_cast<int>(buffer.size()));
      if (count <= 0) return Note(count);
      cleartext.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }

  void Note(int result) {
    switch (SSL_get_error(ssl.get(), result)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE:
      case SSL_ERROR_ZERO_RETURN:
        break;
      default:
        failed = true;
    }
    ERR_clear_error();
  }

  SslPtr ssl;
  BIO* out = nullptr;  // Owned by `ssl`.
  std::string cleartext;
  bool open = false;
  bool failed = false;
};

TlsPeer::TlsPeer(const TlsPeerContext& context)
    : impl_(std::make_unique<Impl>(context.impl().context.get())) {}
TlsPeer::~TlsPeer() = default;

void TlsPeer::Feed(std::string_view ciphertext) {
  if (impl_->failed || ciphertext.empty()) return;
  const int size = static_cast<int>(ciphertext.size());
  Must(BIO_write(SSL_get_rbio(impl_->ssl.get()), ciphertext.data(), size) ==
           size,
       "BIO_write");
  impl_->Drive();
}

std::string TlsPeer::TakeCiphertext() { return TakeAll(impl_->out); }

std::string TlsPeer::TakeCleartext() {
  return std::exchange(impl_->cleartext, {});
}

void TlsPeer::Write(std::string_view cleartext) {
  Must(impl_->open && !impl_->failed, "TlsPeer::Write");
  if (cleartext.empty()) return;
  ERR_clear_error();
  const int result = SSL_write(impl_->ssl.get(), cleartext.data(),
                               static_cast<int>(cleartext.size()));
  if (result <= 0) impl_->Note(result);
}

void TlsPeer::Close() {
  if (!impl_->open || impl_->failed) return;
  ERR_clear_error();
  SSL_shutdown(impl_->ssl.get());
  ERR_clear_error();
}

bool TlsPeer::open() const { return impl_->open; }
bool TlsPeer::failed() const { return impl_->failed; }

bool TlsPeer::closed() const {
  return (SSL_get_shutdown(impl_->ssl.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

std::string TlsPeer::sni() const {
  const char* const name =
      SSL_get_servername(impl_->ssl.get(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

std::string TlsPeer::version() const {
  return impl_->open ? SSL_get_version(impl_->ssl.get()) : "";
}

std::string TlsPeer::client_subject() const {
  if (!impl_->open) return {};
  const X509Ptr certificate(SSL_get1_peer_certificate(impl_->ssl.get()));
  return certificate ? SubjectOf(certificate.get()) : "";
}

}  // namespace tests
