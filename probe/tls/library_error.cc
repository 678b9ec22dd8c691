#include "probe/tls/library_error.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "probe/smtp/text.h"
#include "probe/tls/alert.h"

namespace probe::tls {
namespace {

// OpenSSL's words are short; this is only a bound.
constexpr std::size_t kMaxDetail = 200;
constexpr int kAlertNumbers = 256;

bool IsAlert(int reason) {
  return reason >= SSL_AD_REASON_OFFSET &&
         reason < SSL_AD_REASON_OFFSET + kAlertNumbers;
}

// The peer may be healthy to others: our library does not want it.
bool IsLocalPolicy(int reason) {
  switch (reason) {
    case SSL_R_CA_KEY_TOO_SMALL:
    case SSL_R_CA_MD_TOO_WEAK:
    case SSL_R_DH_KEY_TOO_SMALL:
    case SSL_R_EE_KEY_TOO_SMALL:
    case SSL_R_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED:
    case SSL_R_NO_CIPHERS_AVAILABLE:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
    case SSL_R_NO_SUITABLE_DIGEST_ALGORITHM:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_UNKNOWN_SSL_VERSION:
    case SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNSUPPORTED_SSL_VERSION:
    case SSL_R_VERSION_TOO_HIGH:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_SSL_VERSION:
      return true;
    default:
      return false;
  }
}

std::string Words(unsigned long error) {
  const char* const words = ERR_reason_error_string(error);
  if (words != nullptr) return smtp::Printable(words, kMaxDetail);
  return "error " + std::to_string(ERR_GET_REASON(error));
}

}  // namespace

Error TakeLibraryError() {
  const unsigned long first = ERR_get_error();
  // Deeper layers complain before the one that knows what it means for TLS.
  unsigned long of_tls = first;
  while (of_tls != 0 && ERR_GET_LIB(of_tls) != ERR_LIB_SSL) {
    of_tls = ERR_get_error();
  }
  ERR_clear_error();
  if (first == 0) return {Error::Kind::kInternal, "no reason given"};
  if (ERR_GET_REASON(first) == ERR_R_MALLOC_FAILURE) {
    return {Error::Kind::kInternal, Words(first)};
  }
  if (of_tls == 0) return {Error::Kind::kProtocol, Words(first)};
  const int reason = ERR_GET_REASON(of_tls);
  if (IsAlert(reason)) {
    return {Error::Kind::kAlert, AlertText(reason - SSL_AD_REASON_OFFSET)};
  }
  if (IsLocalPolicy(reason)) return {Error::Kind::kLocalPolicy, Words(first)};
  // "bad record mac" rather than the cipher's "operation failed", but "wrong
  // tag" of a certificate rather than "ASN1 lib".
  return {Error::Kind::kProtocol,
          Words(ERR_COMMON_ERROR(of_tls) ? first : of_tls)};
}

}  // namespace probe::tls
