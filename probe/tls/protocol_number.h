// Versions of TLS as OpenSSL counts them.
#ifndef PROBE_TLS_PROTOCOL_NUMBER_H_
#define PROBE_TLS_PROTOCOL_NUMBER_H_

#include <openssl/tls1.h>

#include <utility>

#include "probe/tls/version.h"

namespace probe::tls {

inline int ProtocolNumber(Version version) {
  switch (version) {
    case Version::kTls10:
      return TLS1_VERSION;
    case Version::kTls11:
      return TLS1_1_VERSION;
    case Version::kTls12:
      return TLS1_2_VERSION;
    case Version::kTls13:
      return TLS1_3_VERSION;
  }
  std::unreachable();
}

}  // namespace probe::tls

#endif  // PROBE_TLS_PROTOCOL_NUMBER_H_
