// What changed at one endpoint, and when.
#ifndef EXPORTER_HISTORY_H_
#define EXPORTER_HISTORY_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "exporter/change.h"
#include "exporter/packed_lines.h"
#include "probe/clock.h"

namespace exporter {

// Immutable, shared by pointer. Any thread may read it.
class History {
 public:
  struct Entry {
    probe::WallTime at;
    Change::Level level;
    std::string_view text;  // One line, see Change::Text.
  };

  // `before` (null: nothing) and the `changes` that were seen at `at`, the most
  // important first. Keeps at most `limit` entries, the newest. Of what is not
  // worth a line in the log only the newest of its kind is kept, so that a
  // server with another name in each greeting does not push out the rest.
  static std::shared_ptr<const History> Add(const History* before,
                                            std::span<const Change> changes,
                                            probe::WallTime at,
                                            std::size_t limit);

  // Newest first. The texts live as long as this object.
  std::vector<Entry> Entries() const;
  std::size_t size() const { return size_; }

 private:
  explicit History(std::span<const PackedLines::Line> lines);

  PackedLines lines_;  // `at` since the epoch, newest first.
  std::size_t size_;
};

}  // namespace exporter

#endif  // EXPORTER_HISTORY_H_
