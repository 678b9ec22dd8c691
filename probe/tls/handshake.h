// What a finished TLS handshake showed. Values only: no OpenSSL here.
#ifndef PROBE_TLS_HANDSHAKE_H_
#define PROBE_TLS_HANDSHAKE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probe/clock.h"
#include "probe/tls/version.h"

namespace probe::tls {

// What is kept of texts that the certificate's maker chose.
inline constexpr std::size_t kMaxDistinguishedName = 256;
// One is kept for each endpoint at rest, and a certificate may have thousands.
inline constexpr std::size_t kMaxNames = 16;
inline constexpr std::size_t kMaxNameLength = 255;

// The certificate that the server presents for itself (the leaf).
struct Certificate {
  std::string fingerprint_sha256;  // 64 lower-case hexadecimal digits.
  std::string subject;             // RFC 4514, printable UTF-8, at most
  std::string issuer;              // kMaxDistinguishedName bytes; may be "".
  std::string serial;  // Lower-case hexadecimal digits, at most 40 of them.
  std::string key;     // Type and bits: "rsa2048", "ecdsa256", "ed25519".
  // Of the subject alternative names, those that are DNS names or addresses.
  std::vector<std::string> names;  // The first kMaxNames of them.
  std::size_t more_names = 0;      // How many were left out.
  // What WallTime cannot hold is its last moment ("never" is the year 9999);
  // what cannot be read is the epoch.
  WallTime not_before;
  WallTime not_after;

  friend bool operator==(const Certificate&, const Certificate&) = default;
};

// What the certificate is worth. Chain and name are judged apart from each
// other: both verdicts are always there.
struct Verdict {
  // False: there is no trusted root at all here, so `trusted`, `code` and
  // `reason` mean nothing.
  bool trust_known = true;
  bool trusted = false;  // A chain to a trusted root, valid now.
  int code = 0;          // OpenSSL's X509_V_* of the first fault; 0: none.
  // The same as a word of a closed set, "cert_has_expired"; "ok" for 0.
  std::string_view reason;  // Static.
  // The name (or IP address) that the server was reached by is among the
  // certificate's (RFC 6125).
  bool name_match = false;
  // The first expiry in the chain that was built for the verdict, the root
  // included; where none could be built, in what was built of it. An expired
  // intermediate that another path avoids does not count.
  WallTime chain_not_after;

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

struct Handshake {
  Version version = Version::kTls10;
  std::string cipher;  // The RFC's name, "TLS_AES_256_GCM_SHA384".
  std::string group;   // Of the key exchange, in IANA's spelling, "x25519",
                       // "secp256r1"; "" where there is none (RSA, old DHE).
  // None: the server presented none (raw public key, anonymous cipher).
  std::optional<Certificate> certificate;
  std::optional<Verdict> verdict;  // Set if and only if `certificate` is.

  friend bool operator==(const Handshake&, const Handshake&) = default;
};

}  // namespace probe::tls

#endif  // PROBE_TLS_HANDSHAKE_H_
