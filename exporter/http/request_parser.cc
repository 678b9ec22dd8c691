#include "exporter/http/request_parser.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace exporter::http {
namespace {

// A chunk's size and its extensions, which nobody uses.
constexpr std::size_t kMaxChunkLine = 256;

// From `from` on: a control byte, or a CR or LF that is not with the other.
// They end a request that is none (a TLS handshake on a plain port) before the
// time does.
bool HasStrayControl(std::string_view text, std::size_t from) {
  for (std::size_t i = from; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_after_cr = i > 0 && text[i - 1] == '\r';
    if (is_after_cr != (c == '\n')) return true;
    if (c >= '\0' && c < ' ' && c != '\t' && c != '\r' && c != '\n') {
      return true;
    }
  }
  return false;
}

}  // namespace

std::size_t RequestParser::Feed(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    if (state_ == State::kHead) {
      taken += FeedHead(bytes.substr(taken));
    } else if (state_ == State::kBody) {
      taken += FeedBody(bytes.substr(taken));
    } else {
      break;
    }
  }
  return taken;
}

std::size_t RequestParser::FeedHead(std::string_view bytes) {
  const std::size_t known = text_.size();
  // RFC 9112, section 2.2: empty lines before a request are ignored.
  if (known == 0 && bytes.front() == '\r') {
    text_.assign(1, '\r');
    return 1;
  }
  if (text_ == "\r" && bytes.front() == '\n') {
    text_.clear();
    return 1;
  }
  text_.append(bytes.substr(0, max_header_bytes_ - known));
  const std::size_t end = text_.find("\r\n\r\n", known < 3 ? 0 : known - 3);
  if (end != std::string::npos) text_.resize(end + 4);
  const std::size_t taken = text_.size() - known;
  if (HasStrayControl(text_, known)) {
    Refuse(400);
  } else if (end != std::string::npos) {
    const std::string text = std::exchange(text_, {});
    OnHead(std::string_view(text).substr(0, end + 2));
  } else if (text_.size() == max_header_bytes_) {
    Refuse(text_.find('\n') == std::string::npos ? 414 : 431);
  }
  return taken;
}

void RequestParser::OnHead(std::string_view text) {
  auto head = ParseRequestHead(text);
  if (!head) return Refuse(head.error());
  head_ = *std::move(head);
  state_ = State::kBody;
  if (head_.body.is_chunked) {
    part_ = Part::kChunkSize;
  } else if (head_.body.bytes > kMaxDiscardedBytes) {
    Refuse(413);
  } else if (head_.body.bytes == 0) {
    Complete();
  } else {
    left_ = head_.body.bytes;
  }
}

std::size_t RequestParser::FeedBody(std::string_view bytes) {
  if (part_ != Part::kLength && part_ != Part::kChunk) return FeedLine(bytes);
  const std::size_t taken = std::min(left_, bytes.size());
  left_ -= taken;
  body_bytes_ += taken;
  if (left_ > 0) return taken;
  if (part_ == Part::kLength) {
    Complete();
  } else {
    part_ = Part::kChunkEnd;
  }
  return taken;
}

std::size_t RequestParser::FeedLine(std::string_view bytes) {
  const std::size_t end = bytes.find('\n');
  const std::size_t taken =
      end == std::string_view::npos ? bytes.size() : end + 1;
  const bool is_trailer = part_ == Part::kTrailer;
  if (is_trailer) trailer_bytes_ += taken;
  if (text_.size() + taken > kMaxChunkLine ||
      trailer_bytes_ > max_header_bytes_) {
    Refuse(is_trailer ? 431 : 400);
    return taken;
  }
  text_.append(bytes.substr(0, taken));
  if (end != std::string_view::npos) OnLine();
  return taken;
}

void RequestParser::OnLine() {
  if (!text_.ends_with("\r\n")) return Refuse(400);
  text_.resize(text_.size() - 2);
  const bool is_empty = text_.empty();
  if (part_ == Part::kChunkSize) {
    OnChunkSize();
  } else if (part_ == Part::kTrailer) {
    if (is_empty) Complete();
  } else if (is_empty) {
    part_ = Part::kChunkSize;
  } else {
    Refuse(400);  // The chunk is longer than its size.
  }
  text_.clear();
}

void RequestParser::OnChunkSize() {
  const std::string digits = text_.substr(0, text_.find_first_of("; \t"));
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(
      digits.data(), digits.data() + digits.size(), size, /*base=*/16);
  if (digits.empty() || end != digits.data() + digits.size()) {
    return Refuse(400);
  }
  if (error != std::errc() || size > kMaxDiscardedBytes - body_bytes_) {
    return Refuse(413);
  }
  left_ = size;
  part_ = size == 0 ? Part::kTrailer : Part::kChunk;
}

void RequestParser::Complete() {
  state_ = State::kComplete;
  if (body_bytes_ > max_body_bytes_) refusal_ = 413;
}

void RequestParser::Refuse(int status) {
  state_ = State::kRefused;
  refusal_ = status;
}

}  // namespace exporter::http
