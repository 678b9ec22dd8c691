#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "exporter/http/server.h"

namespace exporter::http {
namespace {

// The fastest level: a metrics page is so repetitive that it shrinks to a few
// per cent anyway, and the loop waits while we compress.
constexpr int kLevel = Z_BEST_SPEED;

// An 8 KB window and half of zlib's usual tables: about 100 KB for each stream
// where zlib's defaults take 260 KB, and a thousand clients may be slow.
constexpr int kWindowBits = 13;
constexpr int kMemoryLevel = 7;
constexpr int kGzipWrapper = 16;  // zlib.h: add 16 for a gzip header.

class Deflater {
 public:
  explicit Deflater(Response::Source source) : source_(std::move(source)) {
    // With fixed and valid parameters it can fail for memory only.
    if (deflateInit2(&stream_, kLevel, Z_DEFLATED, kWindowBits + kGzipWrapper,
                     kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Deflater() { deflateEnd(&stream_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  bool Next(std::string& piece) {
    if (ended_) return false;
    input_.clear();
    ended_ = !source_(input_);
    if (ended_) input_.clear();
    std::string_view left = input_;
    do {
      const std::size_t some =
          std::min<std::size_t>(left.size(), std::numeric_limits<uInt>::max());
      const bool is_last = ended_ && some == left.size();
      Deflate(left.substr(0, some), is_last ? Z_FINISH : Z_NO_FLUSH, piece);
      left.remove_prefix(some);
    } while (!left.empty());
    return true;
  }

 private:
  void Deflate(std::string_view bytes, int flush, std::string& piece) {
    // zlib's interface has no const; it does not write to its input.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    std::array<char, 16 * 1024> buffer;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream_.avail_out = static_cast<uInt>(buffer.size());
      deflate(&stream_, flush);
      piece.append(buffer.data(), buffer.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  const Response::Source source_;
  z_stream stream_{};
  std::string input_;
  bool ended_ = false;
};

}  // namespace

Response::Source Gzip(Response::Source source) {
  auto deflater = std::make_shared<Deflater>(std::move(source));
  return [deflater](std::string& piece) { return deflater->Next(piece); };
}

Response::Source GzipText(std::string text) {
  return Gzip([text = std::move(text)](std::string& piece) mutable {
    piece = std::exchange(text, {});
    return !piece.empty();
  });
}

}  // namespace exporter::http
