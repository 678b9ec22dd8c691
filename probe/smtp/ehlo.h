// What an EHLO reply says (RFC 5321 4.1.1.1): keywords, AUTH mechanisms, SIZE.
// Reading is lenient where real servers are odd, and every leniency that
// matters to other senders leaves a Quirk.
#ifndef PROBE_SMTP_EHLO_H_
#define PROBE_SMTP_EHLO_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "probe/smtp/quirk.h"
#include "probe/smtp/reply.h"

namespace probe::smtp {

// Keywords kept from one reply; more are dropped and leave kInvalidLines. The
// longest list seen on a real server has about 30.
inline constexpr std::size_t kMaxKeywords = 64;
// RFC 5321 sets no limit; the longest registered name has 20 characters.
inline constexpr std::size_t kMaxKeywordLength = 64;
inline constexpr std::size_t kMaxAuthMechanisms = 32;
// RFC 4422 3.1: a mechanism name has 1 to 20 characters.
inline constexpr std::size_t kMaxMechanismLength = 20;
// What Postfix keeps of an EHLO reply when it is the sender.
inline constexpr std::size_t kLongEhloBytes = 2048;

// What one EHLO or HELO exchange showed, on one layer (in clear or inside TLS).
struct Capabilities {
  bool esmtp = false;     // EHLO was accepted; false: only HELO was.
  bool starttls = false;  // STARTTLS is listed.
  bool auth = false;      // AUTH is listed, with or without mechanisms.
  bool size = false;      // SIZE is listed, with or without a value.
  // Octets; +infinity for "SIZE 0" (RFC 1870: no fixed maximum). None when
  // SIZE is missing, bare or unreadable: then nothing is known.
  std::optional<double> size_limit;
  std::vector<std::string> keywords;         // Upper case, sorted, unique.
  std::vector<std::string> auth_mechanisms;  // Upper case, sorted, unique.
  Quirks quirks;

  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

// Where the question was asked: STARTTLS has no business inside TLS (RFC 3207
// 4.2), REQUIRETLS none outside (RFC 8689 section 2).
enum class Layer { kClear, kInsideTls };

// `reply` is a complete reply of class 2xx to EHLO. The first line is the
// server's name and greeting, never a keyword.
Capabilities ReadEhlo(const Reply& reply, Layer layer);

}  // namespace probe::smtp

#endif  // PROBE_SMTP_EHLO_H_
