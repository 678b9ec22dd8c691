// Bytes that a peer said -> text that may be shown: in a log line, a label, a
// page. Terminal escapes, control bytes and broken UTF-8 do not survive.
#ifndef PROBE_SMTP_TEXT_H_
#define PROBE_SMTP_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace probe::smtp {

// Valid UTF-8 on one line: control characters (C0, DEL, C1), line and
// direction marks (U+2028, U+202E ...) and bytes that are no UTF-8 come out as
// "\xNN" per byte. At most `max_bytes`; a longer text is cut on a character
// boundary and ends in "...".
std::string Printable(std::string_view bytes, std::size_t max_bytes);

// ASCII only, whatever the locale.
std::string UpperCase(std::string_view text);
bool IsPrintableAscii(std::string_view text);

}  // namespace probe::smtp

#endif  // PROBE_SMTP_TEXT_H_
