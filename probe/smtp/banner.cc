#include "probe/smtp/banner.h"

#include <algorithm>
#include <string_view>

#include "probe/smtp/text.h"

namespace probe::smtp {
namespace {

// Cisco "fixup smtp" and "inspect esmtp" overwrite the greeting with '*' and
// spare only '2', '0' and blanks: "220 ***2***0***".
bool IsMasked(std::string_view text) {
  return text.find('*') != std::string_view::npos &&
         text.find_first_not_of("*20 ") == std::string_view::npos;
}

// RFC 5321 4.2: textstring = 1*(%d09 / %d32-126).
bool IsTextString(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\t' || IsPrintableAscii({&c, 1});
  });
}

}  // namespace

Banner ReadBanner(const Reply& reply) {
  Banner banner;
  banner.code = reply.code;
  banner.quirks = reply.quirks;
  if (reply.code != 220) banner.quirks.Add(Quirk::kNonconformantGreeting);

  for (const std::string& raw : reply.lines) {
    const std::string_view line = Reply::Text(raw);
    if (!IsTextString(line)) {
      banner.quirks.Add(Quirk::kNonconformantGreeting);
    }
    if (IsMasked(line)) banner.quirks.Add(Quirk::kMiddleboxMasked);
    if (banner.text.size() >= kMaxBannerText) continue;
    if (&raw != &reply.lines.front()) banner.text += '\n';
    banner.text += Printable(line, kMaxBannerText - banner.text.size());
  }

  const std::string_view first = reply.lines.empty()
                                     ? std::string_view()
                                     : Reply::Text(reply.lines.front());
  const std::size_t begin =
      std::min(first.find_first_not_of(" \t"), first.size());
  const std::string_view word =
      first.substr(begin, first.substr(begin).find_first_of(" \t"));
  if (word.size() <= kMaxBannerHostname && IsPrintableAscii(word)) {
    banner.hostname = word;
  }
  return banner;
}

}  // namespace probe::smtp
