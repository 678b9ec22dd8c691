// What a greeting says (RFC 5321 4.2): the announced host name and the text.
#ifndef PROBE_SMTP_BANNER_H_
#define PROBE_SMTP_BANNER_H_

#include <string>

#include "probe/smtp/quirk.h"
#include "probe/smtp/reply.h"

namespace probe::smtp {

// A positive (2xx) greeting.
struct Banner {
  int code = 0;          // 220, or another 2xx (then kNonconformantGreeting).
  std::string hostname;  // First word of the last line; "" when there is none.
                         // Printable ASCII, at most 255 characters.
  std::string text;      // All lines joined by '\n', printable UTF-8.
  Quirks quirks;

  friend bool operator==(const Banner&, const Banner&) = default;
};

// `reply` is a complete reply of class 2xx that greeted us.
Banner ReadBanner(const Reply& reply);

}  // namespace probe::smtp

#endif  // PROBE_SMTP_BANNER_H_
