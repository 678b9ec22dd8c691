#include "exporter/api/target_answer.h"

#include <cstddef>
#include <cstdio>
#include <utility>
#include <vector>

#include "exporter/metrics/row.h"

namespace exporter::api {
namespace {

// Handed on to the client at once: a few milliseconds of work.
constexpr std::size_t kPieceBytes = 32 * 1024;

class Telling {
 public:
  Telling(std::shared_ptr<const metrics::TargetSeries> series,
          const ResultStore& store, const probe::Moment& at, Kept kept)
      : series_(std::move(series)),
        entries_(metrics::TakeEntries(*series_, store)),
        at_(at),
        kept_(kept),
        pieces_(metrics::TargetRow(*series_, entries_, at_), kept_) {}

  bool Next(std::string& piece) {
    if (ended_) return false;
    if (!std::exchange(begun_, true)) {
      piece = "{\"as_of\":" + UnixText(at_) + ",\"target\":";
    }
    while (piece.size() < kPieceBytes) {
      if (pieces_.Next(piece)) continue;
      piece += '}';
      ended_ = true;
      break;
    }
    return true;
  }

 private:
  const std::shared_ptr<const metrics::TargetSeries> series_;
  const std::vector<metrics::TargetFamilies::Entry> entries_;
  const probe::Moment at_;
  const Kept kept_;
  TargetPieces pieces_;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace

std::string UnixText(const probe::Moment& moment) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f",
                probe::Seconds(moment.wall.time_since_epoch()));
  return text;
}

http::Response::Source TellTarget(
    std::shared_ptr<const metrics::TargetSeries> series,
    const ResultStore& store, const probe::Moment& at, Kept kept) {
  const auto telling =
      std::make_shared<Telling>(std::move(series), store, at, kept);
  return [telling](std::string& piece) { return telling->Next(piece); };
}

}  // namespace exporter::api
