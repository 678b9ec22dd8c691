#include "exporter/http/reply.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

namespace exporter::http {
namespace {

// What libmicrohttpd asks for at a time when it sends without chunks, to an
// HTTP/1.0 client. With chunks it is what is free of the connection's memory.
constexpr std::size_t kBlockBytes = 16 * 1024;

class StreamedBody {
 public:
  explicit StreamedBody(Response::Source source) : source_(std::move(source)) {}

  // Fills `to` from as many pieces as it needs. 0: nothing now, ask again.
  ssize_t Read(char* to, std::size_t capacity) {
    std::size_t filled = 0;
    while (filled < capacity) {
      if (offset_ == piece_.size() && !Next()) break;
      const std::size_t some =
          std::min(capacity - filled, piece_.size() - offset_);
      if (some == 0) break;
      std::memcpy(to + filled, piece_.data() + offset_, some);
      offset_ += some;
      filled += some;
    }
    if (filled > 0 || state_ == State::kOpen) {
      return static_cast<ssize_t>(filled);
    }
    return state_ == State::kEnded ? MHD_CONTENT_READER_END_OF_STREAM
                                   : MHD_CONTENT_READER_END_WITH_ERROR;
  }

 private:
  enum class State { kOpen, kEnded, kFailed };

  bool Next() {
    if (state_ != State::kOpen) return false;
    piece_.clear();
    offset_ = 0;
    try {
      if (source_(piece_)) return true;
      state_ = State::kEnded;
    } catch (...) {
      state_ = State::kFailed;
    }
    piece_.clear();
    return false;
  }

  const Response::Source source_;
  State state_ = State::kOpen;
  std::string piece_;
  std::size_t offset_ = 0;
};

ssize_t ReadBody(void* closure, std::uint64_t /*position*/, char* to,
                 std::size_t capacity) {
  return static_cast<StreamedBody*>(closure)->Read(to, capacity);
}

void FreeBody(void* closure) {
  const std::unique_ptr<StreamedBody> body(static_cast<StreamedBody*>(closure));
}

Reply MakeStreamed(Response::Source source) {
  auto body = std::make_unique<StreamedBody>(std::move(source));
  Reply reply(MHD_create_response_from_callback(
      MHD_SIZE_UNKNOWN, kBlockBytes, &ReadBody, body.get(), &FreeBody));
  if (reply != nullptr) static_cast<void>(body.release());  // FreeBody's now.
  return reply;
}

Reply MakeWhole(std::string body) {
  return Reply(MHD_create_response_from_buffer(body.size(), body.data(),
                                               MHD_RESPMEM_MUST_COPY));
}

}  // namespace

Reply MakeReply(Response response) {
  Reply reply = response.source ? MakeStreamed(std::move(response.source))
                                : MakeWhole(std::move(response.body));
  if (reply == nullptr) return nullptr;
  for (const auto& [name, value] : response.headers) {
    MHD_add_response_header(reply.get(), name.c_str(), value.c_str());
  }
  return reply;
}

}  // namespace exporter::http
