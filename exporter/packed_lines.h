// Lines of text for people, as small as they are: one allocation for all of
// them, because they are kept for thousands of endpoints.
#ifndef EXPORTER_PACKED_LINES_H_
#define EXPORTER_PACKED_LINES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace exporter {

// Immutable. Any thread may read it.
class PackedLines {
 public:
  struct Line {
    std::int64_t at = 0;    // Nanoseconds; since when, the owner knows.
    std::uint8_t kind = 0;  // An enumerator of the owner's.
    std::string_view text;
  };
  // What a line takes beside its text.
  static constexpr std::size_t kOverhead =
      sizeof(std::int64_t) + sizeof(std::uint8_t) + sizeof(std::uint16_t);

  PackedLines() = default;
  // Of a text beyond 65535 bytes the rest is dropped.
  explicit PackedLines(std::span<const Line> lines);

  // In the order they were given; the texts live as long as this object.
  std::vector<Line> Unpack() const;

 private:
  std::string bytes_;
};

}  // namespace exporter

#endif  // EXPORTER_PACKED_LINES_H_
