#include "exporter/http/server_tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "probe/tls/context.h"
#include "probe/tls/openssl_ptr.h"
#include "probe/tls/pem.h"
#include "probe/tls/protocol_number.h"

namespace exporter::http {
namespace {

using probe::tls::Version;

// With forward secrecy and authenticated: what is left for an A of SSL Labs.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
// TLS 1.0 and 1.1 have nothing better; who allows them wants them to work.
constexpr const char* kOldCiphers =
    ":ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA"
    ":ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA";
constexpr const char* kCurves = "X25519:P-256:P-384:P-521";

// OpenSSL 3 has the signatures of TLS 1.0 and 1.1 at level 0 only; at 1 an RSA
// key has at least 1024 bits.
constexpr const char* kOldLevel = "@SECLEVEL=0";
constexpr const char* kLevel = "@SECLEVEL=1";

std::string CipherList(const WebTls& settings) {
  const bool is_old = settings.min_version < Version::kTls12;
  std::string list = kCiphers;
  if (settings.cipher_suites && !settings.cipher_suites->empty()) {
    list.clear();
    for (const std::string& name : *settings.cipher_suites) list += name + ':';
  } else if (is_old) {
    list += kOldCiphers;
  }
  return list + ':' + (is_old ? kOldLevel : kLevel);
}

std::string CurveList(const WebTls& settings) {
  if (settings.curves.empty()) return kCurves;
  std::string list;
  for (const std::string& name : settings.curves) list += name + ':';
  list.pop_back();
  return list;
}

// A list without any cipher of TLS 1.2 leaves nothing of it, as in Go.
Version LeastVersion(const WebTls& settings) {
  const bool has_none =
      settings.cipher_suites && settings.cipher_suites->empty();
  return has_none ? Version::kTls13 : settings.min_version;
}

bool Shape(SSL_CTX* context, const WebTls& settings) {
  std::uint64_t options = SSL_OP_ALL | SSL_OP_NO_COMPRESSION |
                          SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                          SSL_OP_ENABLE_MIDDLEBOX_COMPAT |
                          SSL_OP_IGNORE_UNEXPECTED_EOF;
  if (settings.prefers_own_cipher_order) {
    options |= SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;
  }
  // All that the system's openssl.cnf may have narrowed is said again.
  SSL_CTX_clear_options(context, SSL_CTX_get_options(context));
  SSL_CTX_set_options(context, options);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS |
                                SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  std::string curves = CurveList(settings);
  return SSL_CTX_set_cipher_list(context, CipherList(settings).c_str()) == 1 &&
         SSL_CTX_set1_groups_list(context, curves.data()) == 1 &&
         SSL_CTX_set_min_proto_version(
             context, probe::tls::ProtocolNumber(LeastVersion(settings))) ==
             1 &&
         SSL_CTX_set_max_proto_version(
             context, probe::tls::ProtocolNumber(settings.max_version)) == 1;
}

bool UseIdentity(SSL_CTX* context, const WebTls& settings) {
  const auto certificates = probe::tls::ReadCertificates(settings.certificate);
  const auto key = probe::tls::ReadPrivateKey(settings.key);
  if (!certificates || !key) return false;
  bool used =
      SSL_CTX_use_certificate(context, certificates->front().get()) == 1 &&
      SSL_CTX_use_PrivateKey(context, key->get()) == 1;
  for (std::size_t i = 1; i < certificates->size(); ++i) {
    used = used && SSL_CTX_add1_chain_cert(context, (*certificates)[i].get());
  }
  return used && SSL_CTX_check_private_key(context) == 1;
}

// Clients are told whose certificates will do.
bool UseRoots(SSL_CTX* context, const std::string& pem) {
  const auto roots = probe::tls::Roots::Parse(pem, /*partial_chain=*/true);
  const auto certificates = probe::tls::ReadCertificates(pem);
  if (!roots || !certificates) return false;
  SSL_CTX_set1_cert_store(context, (*roots)->get());
  return std::all_of(certificates->begin(), certificates->end(),
                     [&](const probe::tls::X509Ptr& certificate) {
                       return SSL_CTX_add_client_CA(context,
                                                    certificate.get()) == 1;
                     });
}

// The only protocol that we speak; who asks for others only is told nothing.
int ChooseProtocol(SSL* /*ssl*/, const unsigned char** chosen,
                   unsigned char* length, const unsigned char* offered,
                   unsigned int offered_length, void* /*closure*/) {
  constexpr std::string_view kOurs = "\x08http/1.1";
  unsigned char* found = nullptr;
  const int outcome = SSL_select_next_proto(
      &found, length, reinterpret_cast<const unsigned char*>(kOurs.data()),
      static_cast<unsigned int>(kOurs.size()), offered, offered_length);
  if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

std::string_view Text(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

// An alternative name as the configuration writes it; "" for other kinds.
std::string NameText(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
      return std::string(Text(name.d.dNSName));
    case GEN_EMAIL:
      return std::string(Text(name.d.rfc822Name));
    case GEN_URI:
      return std::string(Text(name.d.uniformResourceIdentifier));
    case GEN_IPADD: {
      const std::string_view bytes = Text(name.d.iPAddress);
      if (bytes.size() != 4 && bytes.size() != 16) return {};
      std::array<char, INET6_ADDRSTRLEN> text{};
      inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(),
                text.data(), text.size());
      return text.data();
    }
    default:
      return {};
  }
}

bool HasOneOf(const X509* certificate, const std::vector<std::string>& wanted) {
  const probe::tls::GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const std::string name = NameText(*sk_GENERAL_NAME_value(names.get(), i));
    if (!name.empty() &&
        std::find(wanted.begin(), wanted.end(), name) != wanted.end()) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool ServerTls::Accepts(X509_STORE_CTX* presented) const {
  if (verifies_ && X509_verify_cert(presented) != 1) return false;
  const bool is_allowed =
      !allowed_sans_ ||
      HasOneOf(X509_STORE_CTX_get0_cert(presented), *allowed_sans_);
  // It becomes the alert, or else the verdict on the connection.
  X509_STORE_CTX_set_error(
      presented, is_allowed ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
  return is_allowed;
}

std::expected<std::shared_ptr<const ServerTls>, std::string> ServerTls::Create(
    const WebTls& settings) {
  std::shared_ptr<ServerTls> tls(new ServerTls);
  tls->context_ = SSL_CTX_new(TLS_server_method());
  if (tls->context_ == nullptr) return std::unexpected("no memory for TLS");
  SSL_CTX* const context = tls->context_;
  const bool is_shaped = Shape(context, settings);
  const bool has_identity = UseIdentity(context, settings);
  SSL_CTX_set_alpn_select_cb(context, &ChooseProtocol, nullptr);
  tls->allowed_sans_ = settings.client_allowed_sans;
  using enum ClientAuth;
  tls->verifies_ = settings.client_auth == kVerifyClientCertIfGiven ||
                   settings.client_auth == kRequireAndVerifyClientCert;
  const bool must_show = settings.client_auth == kRequireAnyClientCert ||
                         settings.client_auth == kRequireAndVerifyClientCert ||
                         settings.client_allowed_sans.has_value();
  bool has_roots = true;
  if (settings.client_auth != kNoClientCert) {
    SSL_CTX_set_verify(
        context,
        SSL_VERIFY_PEER | (must_show ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
        nullptr);
    SSL_CTX_set_cert_verify_callback(
        context,
        [](X509_STORE_CTX* presented, void* self) {
          try {
            return static_cast<const ServerTls*>(self)->Accepts(presented) ? 1
                                                                           : 0;
          } catch (...) {  // Out of memory.
            return 0;
          }
        },
        tls.get());
  }
  if (tls->verifies_) has_roots = UseRoots(context, settings.client_roots);
  ERR_clear_error();
  if (!has_identity) {
    return std::unexpected("OpenSSL refuses the certificate");
  }
  if (!has_roots) {
    return std::unexpected("OpenSSL refuses the clients' certificates");
  }
  if (!is_shaped) {
    return std::unexpected(
        "OpenSSL refuses these versions, ciphers and curves");
  }
  return tls;
}

ServerTls::~ServerTls() { SSL_CTX_free(context_); }

}  // namespace exporter::http
