// A sample's value as text, without an allocation.
#ifndef EXPORTER_METRICS_NUMBER_TEXT_H_
#define EXPORTER_METRICS_NUMBER_TEXT_H_

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace exporter::metrics {

// The shortest text that reads back as the same number. Both formats read a
// number as Go's ParseFloat does: +Inf, -Inf, NaN.
class NumberText {
 public:
  explicit NumberText(std::uint64_t value) { Print(value); }
  explicit NumberText(double value) {
    if (std::isnan(value)) {
      Set("NaN");
    } else if (std::isinf(value)) {
      Set(value > 0 ? "+Inf" : "-Inf");
    } else if (value == std::trunc(value) && std::fabs(value) < kMaxPlain) {
      // Whole numbers stay readable: 300000, not 3e+05.
      Print(static_cast<std::int64_t>(value));
    } else {
      Print(value);
    }
  }

  std::string_view view() const { return {text_.data(), size_}; }

 private:
  // 2^53: below it every whole double is exact as an integer.
  static constexpr double kMaxPlain = 9007199254740992.0;

  template <typename T>
  void Print(T value) {
    // Cannot fail: the longest double takes 24 characters.
    const auto end =
        std::to_chars(text_.data(), text_.data() + text_.size(), value).ptr;
    size_ = static_cast<std::size_t>(end - text_.data());
  }
  void Set(std::string_view text) { size_ = text.copy(text_.data(), 4); }

  std::array<char, 32> text_;
  std::size_t size_ = 0;
};

}  // namespace exporter::metrics

#endif  // EXPORTER_METRICS_NUMBER_TEXT_H_
