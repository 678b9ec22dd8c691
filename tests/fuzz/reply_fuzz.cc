// Any bytes against ReplyReader, and what it makes of them against ReadBanner
// and ReadEhlo: limits hold, memory is bounded, and how the bytes were cut
// changes nothing. The first byte of the input is the length of the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "probe/smtp/banner.h"
#include "probe/smtp/ehlo.h"
#include "probe/smtp/reply.h"
#include "probe/smtp/text.h"

namespace {

using namespace probe::smtp;

void Require(bool good, const char* rule) {
  if (good) return;
  std::fprintf(stderr, "broken: %s\n", rule);
  std::abort();
}

bool IsPrintable(std::string_view text) {
  return Printable(text, text.size()) == text;
}

void CheckBanner(const Reply& reply) {
  const Banner banner = ReadBanner(reply);
  Require(banner.hostname.size() <= kMaxBannerHostname &&
              IsPrintableAscii(banner.hostname),
          "the host name is short and printable");
  std::string text = banner.text;
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  Require(text.size() <= kMaxBannerText && IsPrintable(text),
          "the text is short and printable");
}

void CheckCapabilities(const Reply& reply) {
  const Capabilities seen = ReadEhlo(reply, probe::smtp::Layer::kClear);
  Require(seen.keywords.size() <= kMaxKeywords, "few keywords");
  for (const std::string& keyword : seen.keywords) {
    Require(!keyword.empty() && keyword.size() <= kMaxKeywordLength &&
                IsPrintableAscii(keyword) && UpperCase(keyword) == keyword,
            "keywords are short, printable and in upper case");
  }
  Require(seen.auth_mechanisms.size() <= kMaxAuthMechanisms, "few mechanisms");
  for (const std::string& mechanism : seen.auth_mechanisms) {
    Require(!mechanism.empty() && mechanism.size() <= kMaxMechanismLength &&
                IsPrintableAscii(mechanism),
            "mechanisms are short and printable");
  }
  Require(!seen.size_limit || (seen.size && *seen.size_limit > 0),
          "a limit is positive and was listed");
}

std::string Describe(const Reply& reply) {
  Require(reply.code >= 200 && reply.code <= 599, "codes are 200 to 599");
  Require(!reply.lines.empty() && reply.lines.size() <= kMaxReplyLines,
          "1 to 100 lines");
  Require(reply.bytes <= kMaxReplyBytes, "at most 64 KiB");
  std::string text = std::to_string(reply.code) + ' ' +
                     std::to_string(reply.bytes) +
                     (reply.quirks.Has(Quirk::kBareLf) ? " bare" : "") +
                     (reply.quirks.Has(Quirk::kMixedCodes) ? " mixed" : "");
  std::size_t bytes = 0;
  for (const std::string& line : reply.lines) {
    Require(line.size() < kMaxReplyLine, "lines fit");
    Require(line.find('\n') == std::string::npos, "no LF in a line");
    bytes += line.size() + 1;
    text += '\n' + line;
  }
  Require(bytes <= reply.bytes, "bytes are counted");
  Require(IsPrintable(reply.Summary()), "the summary is printable");
  if (reply.severity() == 2) {
    CheckBanner(reply);
    CheckCapabilities(reply);
  }
  return text + '\n';
}

std::string Read(std::string_view bytes, std::size_t piece) {
  ReplyReader reader;
  std::string text;
  while (!bytes.empty()) {
    reader.Feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    while (true) {
      const auto next = reader.Next();
      if (!next) {
        Require(next.error().line.size() <= 256, "an error's line is short");
        const bool large = next.error().kind == ReplyError::Kind::kTooLarge;
        return text + (large ? "too large " : "malformed ") + next.error().line;
      }
      if (!*next) break;
      text += Describe(**next);
    }
    Require(reader.Unread().size() <= kMaxReplyLine,
            "no more than a line is unread");
    Require(reader.Unread().find('\n') == std::string_view::npos,
            "no whole line is unread");
    Require(reader.Unread().empty() || reader.InsideReply(),
            "unread bytes begin a reply");
  }
  return text + (reader.InsideReply() ? "inside " : "between ") +
         std::string(reader.Unread());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes,
                                      std::size_t size) {
  if (size == 0) return 0;
  const std::string input(bytes + 1, bytes + size);
  const std::string whole = Read(input, input.size() + 1);
  Require(Read(input, 1) == whole, "the same byte by byte");
  Require(Read(input, bytes[0] + 2U) == whole, "the same in pieces");
  return 0;
}
