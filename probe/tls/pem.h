// PEM texts -> certificates and keys. Errors are sentences for the user,
// without the file's name. Leaves OpenSSL's error queue empty.
#ifndef PROBE_TLS_PEM_H_
#define PROBE_TLS_PEM_H_

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "probe/tls/openssl_ptr.h"

namespace probe::tls {

// All certificates of the text, at least one; other PEM blocks are skipped.
std::expected<std::vector<X509Ptr>, std::string> ReadCertificates(
    std::string_view pem);
// The first private key of the text. Never asks anybody for a passphrase.
std::expected<KeyPtr, std::string> ReadPrivateKey(std::string_view pem);

}  // namespace probe::tls

#endif  // PROBE_TLS_PEM_H_
