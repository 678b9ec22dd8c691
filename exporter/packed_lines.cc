#include "exporter/packed_lines.h"

#include <cstring>
#include <limits>

namespace exporter {
namespace {

using Length = std::uint16_t;

template <typename Number>
void Append(std::string& bytes, Number number) {
  char raw[sizeof(Number)];
  std::memcpy(raw, &number, sizeof(Number));
  bytes.append(raw, sizeof(Number));
}

template <typename Number>
Number Take(std::string_view& bytes) {
  Number number;
  std::memcpy(&number, bytes.data(), sizeof(Number));
  bytes.remove_prefix(sizeof(Number));
  return number;
}

std::string_view Fitting(std::string_view text) {
  return text.substr(0, std::numeric_limits<Length>::max());
}

}  // namespace

PackedLines::PackedLines(std::span<const Line> lines) {
  std::size_t size = 0;
  for (const Line& line : lines) size += kOverhead + Fitting(line.text).size();
  bytes_.reserve(size);
  for (const Line& line : lines) {
    const std::string_view text = Fitting(line.text);
    Append(bytes_, line.at);
    Append(bytes_, line.kind);
    Append(bytes_, static_cast<Length>(text.size()));
    bytes_ += text;
  }
}

std::vector<PackedLines::Line> PackedLines::Unpack() const {
  std::vector<Line> lines;
  std::string_view rest = bytes_;
  while (!rest.empty()) {
    Line& line = lines.emplace_back();
    line.at = Take<std::int64_t>(rest);
    line.kind = Take<std::uint8_t>(rest);
    const auto length = Take<Length>(rest);
    line.text = rest.substr(0, length);
    rest.remove_prefix(length);
  }
  return lines;
}

}  // namespace exporter
