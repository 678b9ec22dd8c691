#include "probe/tls/pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <limits>

namespace probe::tls {
namespace {

BioPtr ReadOnly(std::string_view text) {
  if (text.size() > std::numeric_limits<int>::max()) return nullptr;
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

bool AtEndOfText() {
  const unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM &&
         ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

// Without a callback OpenSSL would ask at the terminal.
int RefusePassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

}  // namespace

std::expected<std::vector<X509Ptr>, std::string> ReadCertificates(
    std::string_view pem) {
  ERR_clear_error();
  const BioPtr text = ReadOnly(pem);
  if (text == nullptr) return std::unexpected("is too large");
  std::vector<X509Ptr> certificates;
  bool asked = false;
  while (X509* const next =
             PEM_read_bio_X509(text.get(), nullptr, RefusePassphrase, &asked)) {
    certificates.emplace_back(next);
  }
  const bool at_end = AtEndOfText();
  ERR_clear_error();
  if (!at_end) {
    return std::unexpected("has a certificate that cannot be read (number " +
                           std::to_string(certificates.size() + 1) + ")");
  }
  if (certificates.empty()) return std::unexpected("holds no certificate");
  return certificates;
}

std::expected<KeyPtr, std::string> ReadPrivateKey(std::string_view pem) {
  ERR_clear_error();
  const BioPtr text = ReadOnly(pem);
  if (text == nullptr) return std::unexpected("is too large");
  bool asked = false;
  KeyPtr key(
      PEM_read_bio_PrivateKey(text.get(), nullptr, RefusePassphrase, &asked));
  ERR_clear_error();
  if (key != nullptr) return key;
  if (asked) return std::unexpected("is protected by a passphrase");
  // OpenSSL does not tell an unreadable key from none.
  if (pem.find("PRIVATE KEY-----") == pem.npos) {
    return std::unexpected("holds no private key");
  }
  return std::unexpected("has a private key that cannot be read");
}

}  // namespace probe::tls
