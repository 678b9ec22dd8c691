// The words of TLS that settings and facts share.
#ifndef PROBE_TLS_VERSION_H_
#define PROBE_TLS_VERSION_H_

#include <array>
#include <cstddef>
#include <string_view>

namespace probe::tls {

enum class Version { kTls10, kTls11, kTls12, kTls13 };
inline constexpr std::size_t kVersionCount = 4;

// As in the configuration and in the label `version`; in the order of Version.
inline constexpr std::array<std::string_view, kVersionCount> kVersionNames = {
    "TLS1.0", "TLS1.1", "TLS1.2", "TLS1.3"};

inline std::string_view Name(Version version) {
  return kVersionNames[static_cast<std::size_t>(version)];
}

// Which of a server's certificates a ClientHello asks for: a server that has
// both an RSA and an ECDSA certificate presents the one that the offered
// signature algorithms fit.
enum class KeyType { kAny, kEcdsa, kRsa };

}  // namespace probe::tls

#endif  // PROBE_TLS_VERSION_H_
