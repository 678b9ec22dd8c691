// Recognises text that is no reply, or not the awaited one, and tells what it
// is. Pure guesses, used where a conversation goes wrong.
#ifndef PROBE_SMTP_LINE_KIND_H_
#define PROBE_SMTP_LINE_KIND_H_

#include <string_view>

#include "probe/smtp/reply.h"

namespace probe::smtp {

// What speaks, by the first bytes it says.
enum class FirstBytes {
  kUndecided,  // Too few have come.
  kText,       // SMTP, or at least lines of text.
  kTls,        // A TLS alert or handshake record.
  kForeign,    // Text of another protocol: SSH, HTTP, IMAP, POP3, VNC, rsync.
  kBinary,     // No text.
};
FirstBytes ReadFirstBytes(std::string_view start);

// A line of an EHLO list, without its code: it starts with a keyword that real
// servers list.
bool IsListLine(std::string_view text);

// An answer to a later command that is the rest of the answer to EHLO, or all
// of it.
bool IsLateList(const Reply& reply);

// The first line of `bytes`, or as much as is there, without its line end.
std::string_view FirstLine(std::string_view bytes);

}  // namespace probe::smtp

#endif  // PROBE_SMTP_LINE_KIND_H_
