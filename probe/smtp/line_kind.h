// Recognises text that is no reply, but tells what it is. Pure guesses from a
// few first bytes, used where a conversation has gone wrong already.
#ifndef PROBE_SMTP_LINE_KIND_H_
#define PROBE_SMTP_LINE_KIND_H_

#include <string_view>

namespace probe::smtp {

// How a service that is not SMTP begins: SSH, HTTP, IMAP, POP3, VNC, rsync.
bool IsForeign(std::string_view bytes);

// A line of an EHLO list, without its code: it starts with a keyword that real
// servers list.
bool IsListLine(std::string_view text);

}  // namespace probe::smtp

#endif  // PROBE_SMTP_LINE_KIND_H_
