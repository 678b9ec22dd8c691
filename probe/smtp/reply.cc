#include "probe/smtp/reply.h"

#include <utility>

#include "probe/smtp/text.h"

namespace probe::smtp {
namespace {

constexpr std::size_t kMaxErrorLine = 256;
constexpr std::size_t kMaxSummary = 300;
// A consumed prefix longer than this is cut off the buffer.
constexpr std::size_t kCompactAfter = 16 * 1024;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

struct ReplyLine {
  int code = 0;
  bool last = false;
};

// RFC 5321 4.2: three digits, then '-' (more lines follow), SP or the line's
// end. 4.2.1: a client must cope with a missing text and a missing space.
std::optional<ReplyLine> ParseLine(std::string_view line) {
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !IsDigit(line[1]) ||
      !IsDigit(line[2])) {
    return std::nullopt;
  }
  ReplyLine parsed;
  parsed.code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  if (line.size() == 3) {
    parsed.last = true;
    return parsed;
  }
  if (line[3] != '-' && line[3] != ' ') return std::nullopt;
  parsed.last = line[3] == ' ';
  return parsed;
}

ReplyError Malformed(std::string_view line) {
  return {.kind = ReplyError::Kind::kMalformed,
          .line = std::string(line.substr(0, kMaxErrorLine))};
}

ReplyError TooLarge(std::string_view line) {
  return {.kind = ReplyError::Kind::kTooLarge,
          .line = std::string(line.substr(0, kMaxErrorLine))};
}

}  // namespace

std::string Reply::Summary() const {
  return lines.empty() ? std::string() : Printable(lines.back(), kMaxSummary);
}

void ReplyReader::Feed(std::string_view bytes) {
  if (error_) return;
  if (start_ == buffer_.size() || start_ > kCompactAfter) {
    buffer_.erase(0, start_);
    scanned_ -= start_;
    start_ = 0;
  }
  buffer_ += bytes;
}

std::string_view ReplyReader::Unread() const {
  return std::string_view(buffer_).substr(start_);
}

bool ReplyReader::InsideReply() const {
  return !partial_.lines.empty() || !Unread().empty();
}

std::optional<std::string_view> ReplyReader::CutLine() {
  const std::size_t end = buffer_.find('\n', scanned_);
  if (end == std::string::npos) {
    scanned_ = buffer_.size();
    return std::nullopt;
  }
  const std::string_view line =
      std::string_view(buffer_).substr(start_, end + 1 - start_);
  start_ = scanned_ = end + 1;
  return line;
}

std::expected<std::optional<Reply>, ReplyError> ReplyReader::Next() {
  const auto fail = [this](ReplyError error) {
    error_ = error;
    return std::unexpected(std::move(error));
  };
  if (error_) return std::unexpected(*error_);
  while (const std::optional<std::string_view> raw = CutLine()) {
    if (raw->size() > kMaxReplyLine) return fail(TooLarge(*raw));
    std::string_view line = raw->substr(0, raw->size() - 1);
    const std::size_t with_crs = line.size();
    // Postfix as a client strips every CR before the LF.
    while (line.ends_with('\r')) line.remove_suffix(1);
    if (with_crs - line.size() != 1) partial_.quirks.Add(Quirk::kBareLf);

    const std::optional<ReplyLine> parsed = ParseLine(line);
    if (!parsed) return fail(Malformed(line));
    if (!partial_.lines.empty() && parsed->code != partial_.code) {
      partial_.quirks.Add(Quirk::kMixedCodes);
    }
    partial_.code = parsed->code;
    partial_.bytes += raw->size();
    partial_.lines.emplace_back(line);
    if (partial_.lines.size() > kMaxReplyLines ||
        partial_.bytes > kMaxReplyBytes) {
      return fail(TooLarge(line));
    }
    if (parsed->last) return std::exchange(partial_, Reply());
  }
  if (Unread().size() > kMaxReplyLine) return fail(TooLarge(Unread()));
  return std::nullopt;
}

}  // namespace probe::smtp
