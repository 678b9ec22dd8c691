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

}  // namespace

bool IsForeign(std::string_view bytes) {
  return std::any_of(
      kForeignStarts.begin(), kForeignStarts.end(),
      [bytes](std::string_view start) { return bytes.starts_with(start); });
}

bool IsListLine(std::string_view text) {
  const std::string word =
      UpperCase(text.substr(0, text.find_first_of(" \t=")));
  return std::find(kListedKeywords.begin(), kListedKeywords.end(), word) !=
         kListedKeywords.end();
}

}  // namespace probe::smtp
