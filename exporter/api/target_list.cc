#include "exporter/api/target_list.h"

#include <cstddef>
#include <utility>

namespace exporter::api {
namespace {

// Handed on to the client at once: a few milliseconds of work.
constexpr std::size_t kPieceBytes = 32 * 1024;
// Steps for one piece, a millisecond or two: a filter may leave out all. A
// target that is not wanted is one, and to take the states of one that is and
// then to leave it out is as much as several.
constexpr std::size_t kStepsPerPiece = 4096;
constexpr std::size_t kStepsOfWanted = 16;

class List {
 public:
  List(std::shared_ptr<const metrics::SeriesList> series,
       const ResultStore& store, const probe::Moment& now,
       TargetListParts parts)
      : series_(std::move(series)),
        store_(store),
        now_(now),
        parts_(std::move(parts)) {}

  bool Next(std::string& piece) {
    if (ended_) return false;
    if (at_ == 0) piece = parts_.head;
    std::size_t steps = 0;
    for (; at_ < series_->size(); ++at_) {
      if (piece.size() >= kPieceBytes || steps >= kStepsPerPiece) return true;
      const auto& target = (*series_)[at_];
      const bool wanted = target != nullptr && parts_.wants(target->target());
      steps += wanted ? kStepsOfWanted : 1;
      if (wanted) Append(*target, piece);
    }
    piece += parts_.tail;
    ended_ = true;
    return true;
  }

 private:
  void Append(const metrics::TargetSeries& target, std::string& piece) {
    const auto entries = metrics::TakeEntries(target, store_);
    const std::string item =
        parts_.item(metrics::TargetRow(target, entries, now_));
    if (item.empty()) return;
    if (std::exchange(started_, true)) piece += ',';
    piece += item;
  }

  const std::shared_ptr<const metrics::SeriesList> series_;
  const ResultStore& store_;
  const probe::Moment now_;
  const TargetListParts parts_;
  std::size_t at_ = 0;
  bool started_ = false;  // An item was written.
  bool ended_ = false;
};

}  // namespace

http::Response::Source ListTargets(
    std::shared_ptr<const metrics::SeriesList> series, const ResultStore& store,
    const probe::Moment& now, TargetListParts parts) {
  const auto list =
      std::make_shared<List>(std::move(series), store, now, std::move(parts));
  return [list](std::string& piece) { return list->Next(piece); };
}

}  // namespace exporter::api
