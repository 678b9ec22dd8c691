// The head of an HTTP/1 request: request line and fields (RFC 9112).
#ifndef EXPORTER_HTTP_REQUEST_HEAD_H_
#define EXPORTER_HTTP_REQUEST_HEAD_H_

#include <cstddef>
#include <expected>
#include <string_view>

#include "exporter/http/server.h"

namespace exporter::http {

// Browsers send about 20 fields, Prometheus six; a repeated name is looked for
// among those before it.
inline constexpr std::size_t kMaxFields = 100;
// /probe has five; more than a handful has no meaning here.
inline constexpr std::size_t kMaxArguments = 100;

// Where the body ends.
struct BodyLength {
  bool is_chunked = false;
  std::size_t bytes = 0;  // Of a body that is not chunked.
};

struct RequestHead {
  Request request;
  BodyLength body;
  bool is_http_1_0 = false;
  bool is_head_request = false;  // Its method is HEAD.
  // The connection may live on behind the answer.
  bool keeps_alive = true;
  // The client waits for "100 Continue" before it sends the body.
  bool expects_continue = false;
};

// `text` is the head with the CRLF of each line, without the empty line at its
// end. The error is the status that refuses the request: 400 (malformed, or
// two readers could see different ends of it), 414, 431 (more than the numbers
// above), 505.
std::expected<RequestHead, int> ParseRequestHead(std::string_view text);

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_REQUEST_HEAD_H_
