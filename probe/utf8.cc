#include "probe/utf8.h"

#include <algorithm>
#include <array>

namespace probe {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

constexpr std::array<Range, 12> kUnprintable = {{
    {0x00, 0x1F},      // C0 controls.
    {0x7F, 0x9F},      // DEL and C1 controls.
    {0xAD, 0xAD},      // Soft hyphen.
    {0x061C, 0x061C},  // Arabic letter mark.
    {0x180E, 0x180E},
    {0x200B, 0x200F},  // Zero width and direction marks.
    {0x2028, 0x202E},  // Separators and direction overrides.
    {0x2060, 0x206F},
    {0xFEFF, 0xFEFF},     // Byte order mark.
    {0xFFF9, 0xFFFB},     // Interlinear annotation.
    {0xE0000, 0xE0FFF},   // Tags.
    {0xF0000, 0x10FFFF},  // Private planes.
}};

}  // namespace

Utf8Character DecodeUtf8(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const Utf8Character invalid{0xFFFD, 1, false};
  std::size_t bytes = 0;
  char32_t code_point = 0;
  char32_t smallest = 0;
  if ((lead & 0xE0) == 0xC0) {
    bytes = 2, code_point = lead & 0x1F, smallest = 0x80;
  } else if ((lead & 0xF0) == 0xE0) {
    bytes = 3, code_point = lead & 0x0F, smallest = 0x800;
  } else if ((lead & 0xF8) == 0xF0) {
    bytes = 4, code_point = lead & 0x07, smallest = 0x10000;
  } else {
    return invalid;
  }
  if (text.size() < bytes) return invalid;
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return invalid;
    code_point = (code_point << 6) | (byte(i) & 0x3F);
  }
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < smallest || surrogate || code_point > 0x10FFFF) {
    return invalid;
  }
  return {code_point, bytes, true};
}

std::optional<std::size_t> FindInvalidUtf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const Utf8Character character = DecodeUtf8(text.substr(at));
    if (!character.valid) return at;
    at += character.bytes;
  }
  return std::nullopt;
}

bool IsPrintable(char32_t code_point) {
  return std::none_of(kUnprintable.begin(), kUnprintable.end(),
                      [code_point](const Range& range) {
                        return code_point >= range.first &&
                               code_point <= range.last;
                      });
}

}  // namespace probe
