#include "probe/smtp/line_kind.h"

#include <algorithm>
#include <array>
#include <string>

#include "probe/smtp/text.h"

namespace probe::smtp {
namespace {

// How services that are not SMTP begin. Only what they say first, unasked.
constexpr std::array<std::string_view, 8> kForeignStarts = {
    "SSH-", "HTTP/", "* ", "+OK", "-ERR", "RFB ", "@RSYNCD", "<!DOCTYPE"};

// The EHLO keywords that real servers list (IANA's registry, and those in wide
// private use). Only to recognise the rest of a list that comes late.
constexpr std::array<std::string_view, 18> kListedKeywords = {
    "8BITMIME",    "AUTH",       "BINARYMIME", "BURL",
    "CHUNKING",    "DELIVERBY",  "DSN",        "ENHANCEDSTATUSCODES",
    "ETRN",        "EXPN",       "HELP",       "LIMITS",
    "MT-PRIORITY", "PIPELINING", "REQUIRETLS", "SIZE",
    "SMTPUTF8",    "STARTTLS"};

bool IsForeign(std::string_view bytes) {
  return std::any_of(
      kForeignStarts.begin(), kForeignStarts.end(),
      [bytes](std::string_view start) { return bytes.starts_with(start); });
}

}  // namespace

FirstBytes ReadFirstBytes(std::string_view start) {
  if (start.empty()) return FirstBytes::kUndecided;
  // A TLS record: alert (21) or handshake (22), then major version 3.
  if (start.starts_with('\x15') || start.starts_with('\x16')) {
    if (start.size() < 2) return FirstBytes::kUndecided;
    if (start[1] == '\x03') return FirstBytes::kTls;
  }
  // Three bytes decide: a greeting starts with a code, and even a broken one
  // with text. Waiting for a line end that binary protocols never send would
  // turn this into a timeout. What follows a shorter line does not count: it
  // may not have arrived yet.
  const std::string_view head = start.substr(0, start.find('\n')).substr(0, 3);
  const bool text = std::all_of(head.begin(), head.end(), [](char c) {
    return (c >= 0x20 && c < 0x7F) || c == '\r' || c == '\t';
  });
  if (!text) return FirstBytes::kBinary;
  if (start.find('\n') == std::string_view::npos &&
      start.size() <= kMaxReplyLine) {
    return FirstBytes::kUndecided;
  }
  return IsForeign(start) ? FirstBytes::kForeign : FirstBytes::kText;
}

bool IsListLine(std::string_view text) {
  const std::string word =
      UpperCase(text.substr(0, text.find_first_of(" \t=")));
  return std::find(kListedKeywords.begin(), kListedKeywords.end(), word) !=
         kListedKeywords.end();
}

bool IsLateList(const Reply& reply) {
  return reply.code == 250 && (reply.lines.size() > 1 ||
                               IsListLine(Reply::Text(reply.lines.front())));
}

std::string_view FirstLine(std::string_view bytes) {
  std::string_view line = bytes.substr(0, bytes.find('\n'));
  while (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace probe::smtp
