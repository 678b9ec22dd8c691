#include "probe/tls/engine.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "probe/smtp/text.h"
#include "probe/tls/alert.h"
#include "probe/tls/library_error.h"
#include "probe/tls/openssl_ptr.h"
#include "probe/tls/x509_time.h"

namespace probe::tls {
namespace {

// The largest cleartext of a record (RFC 8446 section 5.1).
constexpr std::size_t kMaxRecord = 16 * 1024;

// So many bytes may come beside what is said: a handshake with the largest
// chain, then many session tickets and the rims of many small records, fit in.
// Endless key updates, each of which costs time and an answer, do not, whatever
// is said between them.
constexpr std::uint64_t kMaxSilentBytes = 256 * 1024;

// Of a peer that does not speak TLS.
constexpr std::size_t kMaxForeignLine = 200;

// RFC 6066 section 3 has no other limit than DNS's; OpenSSL refuses more.
constexpr std::size_t kMaxServerName = TLSEXT_MAXLEN_host_name;

// Of the record types (RFC 8446 section 5.1): change_cipher_spec, alert,
// handshake, application_data.
bool BeginsRecord(char first) { return first >= 0x14 && first <= 0x17; }

std::string FirstLine(std::string_view bytes) {
  return smtp::Printable(bytes.substr(0, bytes.find_first_of("\r\n")),
                         kMaxForeignLine);
}

Version ReadVersion(const SSL* ssl) {
  switch (SSL_version(ssl)) {
    case TLS1_3_VERSION:
      return Version::kTls13;
    case TLS1_2_VERSION:
      return Version::kTls12;
    case TLS1_1_VERSION:
      return Version::kTls11;
    default:
      return Version::kTls10;
  }
}

std::string Text(const char* text) { return text == nullptr ? "" : text; }

WallTime ChainNotAfter(const SSL* ssl, WallTime leaf) {
  const STACK_OF(X509)* const chain = SSL_get0_verified_chain(ssl);
  WallTime first = leaf;
  const int size = chain == nullptr ? 0 : sk_X509_num(chain);
  for (int i = 0; i < size; ++i) {
    first =
        std::min(first, ReadTime(X509_get0_notAfter(sk_X509_value(chain, i))));
  }
  return first;
}

Handshake ReadHandshake(SSL* ssl, const ServerName& server, bool has_roots) {
  Handshake facts;
  facts.version = ReadVersion(ssl);
  facts.cipher = Text(SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl)));
  const int group = static_cast<int>(SSL_get_negotiated_group(ssl));
  if (group != NID_undef) facts.group = Text(SSL_group_to_name(ssl, group));
  X509* const certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr) return facts;
  facts.certificate = ReadCertificate(certificate);
  Verdict& verdict = facts.verdict.emplace();
  verdict.code = static_cast<int>(SSL_get_verify_result(ssl));
  verdict.trusted = verdict.code == X509_V_OK;
  verdict.trust_known = has_roots;
  verdict.reason = VerifyReason(verdict.code);
  verdict.name_match = MatchesName(certificate, server);
  verdict.chain_not_after = ChainNotAfter(ssl, facts.certificate->not_after);
  return facts;
}

}  // namespace

struct Engine::Impl {
  Impl(std::shared_ptr<const Context> its_context, ServerName its_server)
      : context(std::move(its_context)), server(std::move(its_server)) {}

  bool Connect(WallTime now);
  // Reads on for as long as there is something complete to read.
  void Pump();
  void Shake();
  // Sorts out why OpenSSL returned `result`, unless it only wants more bytes.
  void SortOut(int result);
  // Says what is in `unsaid`, unless the peer must first finish a message.
  void Say();
  void Fail(Error cause);

  const std::shared_ptr<const Context> context;
  const ServerName server;
  SslPtr ssl;
  BIO* in = nullptr;  // Both are owned by `ssl`.
  BIO* out = nullptr;
  bool fed = false;
  bool closed = false;
  bool close_said = false;
  std::uint64_t silent_bytes = 0;
  std::string cleartext;  // Of the peer.
  std::string unsaid;     // Of ours.
  std::optional<Handshake> handshake;
  std::optional<Error> error;
};

bool Engine::Impl::Connect(WallTime now) {
  ssl.reset(SSL_new(context->get()));
  BioPtr from_peer(BIO_new(BIO_s_mem()));
  BioPtr for_peer(BIO_new(BIO_s_mem()));
  if (!ssl || !from_peer || !for_peer) return false;
  in = from_peer.release();
  out = for_peer.release();
  SSL_set_bio(ssl.get(), in, out);
  // An empty buffer is no end of the connection.
  BIO_set_mem_eof_return(in, -1);
  X509_VERIFY_PARAM_set_time(
      SSL_get0_param(ssl.get()),
      std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count());
  SSL_set_connect_state(ssl.get());
  const std::string& name = server.dns;
  if (!name.empty() && name.size() <= kMaxServerName &&
      name.find('\0') == std::string::npos) {
    return SSL_set_tlsext_host_name(ssl.get(), name.c_str()) == 1;
  }
  return true;
}

void Engine::Impl::Fail(Error cause) {
  assert(!error);
  error = std::move(cause);
}

void Engine::Impl::SortOut(int result) {
  switch (SSL_get_error(ssl.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return;
    case SSL_ERROR_ZERO_RETURN:
      if (handshake) {
        closed = true;
      } else {
        // Nobody would ever be told that the handshake is over.
        Fail({Error::Kind::kAlert, AlertText(SSL_AD_CLOSE_NOTIFY)});
      }
      return;
    default:
      Fail(TakeLibraryError());
  }
}

void Engine::Impl::Shake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl.get());
  if (result != 1) {
    SortOut(result);
    return;
  }
  handshake = ReadHandshake(ssl.get(), server, context->has_roots());
  silent_bytes = 0;
}

void Engine::Impl::Pump() {
  if (!handshake) Shake();
  if (!handshake || error) return;
  std::array<char, kMaxRecord> record;
  for (;;) {
    ERR_clear_error();
    std::size_t size = 0;
    const int result =
        SSL_read_ex(ssl.get(), record.data(), record.size(), &size);
    if (result != 1) {
      SortOut(result);
      if (!error && !closed) Say();
      return;
    }
    cleartext.append(record.data(), size);
    silent_bytes -= std::min<std::uint64_t>(silent_bytes, size);
  }
}

void Engine::Impl::Say() {
  if (unsaid.empty()) return;
  ERR_clear_error();
  std::size_t written = 0;
  const int result =
      SSL_write_ex(ssl.get(), unsaid.data(), unsaid.size(), &written);
  if (result == 1) {
    unsaid.clear();
  } else if (SSL_get_error(ssl.get(), result) != SSL_ERROR_WANT_READ) {
    Fail(TakeLibraryError());
  }
  // Else half a session ticket is there, and OpenSSL wants its rest first.
}

Engine::Engine(std::shared_ptr<const Context> context, ServerName server,
               WallTime now)
    : impl_(std::make_unique<Impl>(std::move(context), std::move(server))) {
  ERR_clear_error();
  if (impl_->Connect(now)) {
    impl_->Shake();
  } else {
    impl_->Fail({Error::Kind::kInternal, TakeLibraryError().detail});
  }
}

Engine::~Engine() = default;

void Engine::Feed(std::string_view ciphertext) {
  Impl& impl = *impl_;
  if (ciphertext.empty()) return;
  if (!impl.fed && !impl.error && !BeginsRecord(ciphertext.front())) {
    impl.Fail({Error::Kind::kNotTls, FirstLine(ciphertext)});
  }
  impl.fed = true;
  // In pieces, so that a large one counts as many small ones would.
  while (!ciphertext.empty() && !impl.error && !impl.closed) {
    const std::string_view piece = ciphertext.substr(0, kMaxRecord);
    ciphertext.remove_prefix(piece.size());
    if (BIO_write(impl.in, piece.data(), static_cast<int>(piece.size())) <= 0) {
      impl.Fail({Error::Kind::kInternal, "out of memory"});
      return;
    }
    impl.silent_bytes += piece.size();
    impl.Pump();
    if (!impl.error && impl.silent_bytes > kMaxSilentBytes) {
      impl.Fail({Error::Kind::kProtocol, "too many bytes that say nothing"});
    }
  }
}

std::string Engine::TakeCiphertext() {
  std::string taken;
  // Null after a failure to make them.
  if (impl_->out == nullptr) return taken;
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(impl_->out, &bytes);
  if (size > 0) taken.assign(bytes, static_cast<std::size_t>(size));
  if (size > 0) (void)BIO_reset(impl_->out);
  return taken;
}

std::string Engine::TakeCleartext() {
  return std::exchange(impl_->cleartext, std::string());
}

void Engine::Write(std::string_view cleartext) {
  Impl& impl = *impl_;
  assert(impl.handshake && !impl.error && !impl.close_said);
  impl.unsaid += cleartext;
  impl.Say();
}

void Engine::Close() {
  Impl& impl = *impl_;
  if (!impl.handshake || impl.error || impl.close_said) return;
  impl.close_said = true;
  ERR_clear_error();
  SSL_shutdown(impl.ssl.get());
  ERR_clear_error();
}

bool Engine::open() const { return impl_->handshake.has_value(); }

bool Engine::closed() const { return impl_->closed; }

const Handshake* Engine::handshake() const {
  return impl_->handshake ? &*impl_->handshake : nullptr;
}

const std::optional<Error>& Engine::error() const { return impl_->error; }

}  // namespace probe::tls
