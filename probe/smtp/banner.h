// What a greeting says (RFC 5321 4.2): the announced host name and the text.
#ifndef PROBE_SMTP_BANNER_H_
#define PROBE_SMTP_BANNER_H_

#include <cstddef>
#include <string>

#include "probe/smtp/quirk.h"
#include "probe/smtp/reply.h"

namespace probe::smtp {

// RFC 1035: a host name has at most 255 octets.
inline constexpr std::size_t kMaxBannerHostname = 255;
// What is kept of a greeting's text: it is stored for every endpoint, and real
// ones, legal notices included, stay below 1 KB.
inline constexpr std::size_t kMaxBannerText = 2048;

// A positive (2xx) greeting.
struct Banner {
  int code = 0;  // 220, or another 2xx (then kNonconformantGreeting).
  // First word of the first line, where RFC 5321 4.2 puts the domain; "" when
  // there is none. Printable ASCII, at most 255 characters.
  std::string hostname;
  // All lines joined by '\n', printable UTF-8, at most kMaxBannerText bytes.
  std::string text;
  Quirks quirks;

  friend bool operator==(const Banner&, const Banner&) = default;
};

// `reply` is a complete reply of class 2xx that greeted us.
Banner ReadBanner(const Reply& reply);

}  // namespace probe::smtp

#endif  // PROBE_SMTP_BANNER_H_
