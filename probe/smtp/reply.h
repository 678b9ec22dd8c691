// Bytes from a peer -> complete SMTP replies (RFC 5321 4.2). Pure: no socket,
// no clock. The result never depends on how the bytes were split.
#ifndef PROBE_SMTP_REPLY_H_
#define PROBE_SMTP_REPLY_H_

#include <algorithm>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probe/smtp/quirk.h"

namespace probe::smtp {

// RFC 5321 4.5.3.1.5 allows 512 octets a line; real servers exceed it, Postfix
// keeps 2048 and Exim 4096 of it.
inline constexpr std::size_t kMaxReplyLine = 4096;
inline constexpr std::size_t kMaxReplyLines = 100;
inline constexpr std::size_t kMaxReplyBytes = 64 * 1024;

struct Reply {
  int code = 0;  // 200..599, of the last line.
  // Each line as it came, code included, without its line end; any bytes but
  // LF.
  std::vector<std::string> lines;
  std::size_t bytes = 0;  // On the wire, line ends included.
  Quirks quirks;          // kMixedCodes, kBareLf.

  int severity() const { return code / 100; }  // 2, 3, 4 or 5.
  // A line without code and separator.
  static std::string_view Text(std::string_view line) {
    return line.substr(std::min<std::size_t>(4, line.size()));
  }
  // The last line as it may be shown to people: code, text, printable UTF-8.
  std::string Summary() const;
};

struct ReplyError {
  enum class Kind {
    kMalformed,  // A line that is no reply line.
    kTooLarge,   // One of the limits above is exceeded.
  };
  Kind kind = Kind::kMalformed;
  std::string line;  // The offending line, as it came, at most 256 bytes.
};

// Collects bytes and cuts them into replies. After an error it stays in error.
class ReplyReader {
 public:
  void Feed(std::string_view bytes);

  // The next complete reply; nothing while it is incomplete.
  std::expected<std::optional<Reply>, ReplyError> Next();

  // Bytes fed and not yet part of a returned reply.
  std::string_view Unread() const;
  // True between the first byte of a reply and its last: an EOF now cuts a
  // reply in two.
  bool InsideReply() const;

 private:
  // Cuts one line off the buffer; nothing while there is no LF.
  std::optional<std::string_view> CutLine();

  std::string buffer_;
  std::size_t start_ = 0;    // First byte in buffer_ not yet consumed.
  std::size_t scanned_ = 0;  // No LF before this byte, so no byte is
                             // searched twice however it trickles in.
  Reply partial_;
  std::optional<ReplyError> error_;
};

}  // namespace probe::smtp

#endif  // PROBE_SMTP_REPLY_H_
