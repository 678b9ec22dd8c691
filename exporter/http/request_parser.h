// One HTTP/1 request out of a connection's bytes. Without I/O: bytes come in, a
// request or a refusal comes out, the same however the bytes were cut. The body
// is counted and thrown away, because no path here reads one.
#ifndef EXPORTER_HTTP_REQUEST_PARSER_H_
#define EXPORTER_HTTP_REQUEST_PARSER_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "exporter/http/request_head.h"
#include "exporter/http/server.h"

namespace exporter::http {

// A client that is still sending when we answer and close gets a reset and
// often loses the answer; so a body that is too large is read nonetheless, up
// to here. Who sends more is cut off.
inline constexpr std::size_t kMaxDiscardedBytes = 1024 * 1024;

class RequestParser {
 public:
  enum class State {
    kHead,      // The head is not whole yet.
    kBody,      // The head is, the body is not.
    kComplete,  // All is read. A refusal then leaves the connection usable.
    kRefused,   // Where the request ends is not known, or too far away.
  };

  RequestParser(std::size_t max_header_bytes, std::size_t max_body_bytes)
      : max_header_bytes_(max_header_bytes), max_body_bytes_(max_body_bytes) {}

  // Takes what belongs to this request from the front of `bytes` and returns
  // its length: all of it, unless the request is complete or refused.
  std::size_t Feed(std::string_view bytes);

  State state() const { return state_; }
  // The status that refuses the request, 0 for none: 400, 413, 414, 431, 505.
  int refusal() const { return refusal_; }
  // From kBody on.
  RequestHead& head() { return head_; }

 private:
  enum class Part { kLength, kChunkSize, kChunk, kChunkEnd, kTrailer };

  std::size_t FeedHead(std::string_view bytes);
  std::size_t FeedBody(std::string_view bytes);
  std::size_t FeedLine(std::string_view bytes);
  void OnHead(std::string_view text);
  void OnLine();
  void OnChunkSize();
  void Complete();
  void Refuse(int status);

  const std::size_t max_header_bytes_;
  const std::size_t max_body_bytes_;
  State state_ = State::kHead;
  int refusal_ = 0;
  std::string text_;  // Of the head, then of a chunked body's current line.
  RequestHead head_;
  Part part_ = Part::kLength;
  std::size_t left_ = 0;  // Of the body or of the chunk.
  std::size_t body_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
};

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_REQUEST_PARSER_H_
