// An answer on its way to the client: its head and body as bytes, piece by
// piece, with the framing that says where the body ends (RFC 9112, section 6).
#ifndef EXPORTER_HTTP_OUTGOING_H_
#define EXPORTER_HTTP_OUTGOING_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "exporter/http/server.h"

namespace exporter::http {

class Outgoing {
 public:
  // What the request says about its answer.
  struct To {
    bool is_head_request = false;
    bool is_http_1_0 = false;
    bool keeps_alive = true;
  };
  enum class Next {
    kPiece,   // unsent() has more; empty for once when the source has none.
    kEnd,     // All was sent.
    kBroken,  // The source threw: the body cannot be made whole any more.
  };

  Outgoing(Response response, const To& to);
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  std::string_view unsent() const {
    return std::string_view(piece_).substr(sent_);
  }
  void Sent(std::size_t bytes) { sent_ += bytes; }
  // No more pieces and nothing unsent: Refill() would return kEnd.
  bool IsSent() const {
    return unsent().empty() && body_.empty() && source_ == nullptr &&
           !is_broken_;
  }
  // When unsent() is empty: makes the next piece.
  Next Refill();
  // The end of the connection is the end of the body, or was agreed on.
  bool closes() const { return closes_; }
  // The client takes an end of the connection for the end of the body.
  bool ends_by_closing() const { return framing_ == Framing::kToEnd; }

 private:
  enum class Framing { kNone, kLength, kChunked, kToEnd };

  std::string Head(const Response& response, int status, const To& to) const;
  // Appends to `piece_` from the source.
  Next FromSource();

  Framing framing_ = Framing::kLength;
  bool closes_ = false;
  std::string piece_;
  std::size_t sent_ = 0;
  std::string body_;  // Follows the head, when it is too long to go with it.
  Response::Source source_;  // Empty when there is none, or no more.
  bool is_broken_ = false;   // It threw; what it gave before is still sent.
};

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_OUTGOING_H_
