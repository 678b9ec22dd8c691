#include "probe/smtp/text.h"

#include <algorithm>
#include <cstdint>

namespace probe::smtp {
namespace {

constexpr std::string_view kEllipsis = "...";

struct Character {
  std::size_t length = 1;  // Bytes it takes.
  std::uint32_t code = 0;  // Only meaningful when valid.
  bool valid = false;
};

// The character at the start of `bytes` (not empty), by RFC 3629: no overlong
// forms, no surrogates, nothing beyond U+10FFFF.
Character Decode(std::string_view bytes) {
  const auto at = [bytes](std::size_t i) -> std::uint32_t {
    return static_cast<unsigned char>(bytes[i]);
  };
  const std::uint32_t first = at(0);
  if (first < 0x80) return {.length = 1, .code = first, .valid = true};
  std::size_t length = 0;
  std::uint32_t code = 0;
  std::uint32_t least = 0;
  if ((first & 0xE0) == 0xC0) {
    length = 2, code = first & 0x1F, least = 0x80;
  } else if ((first & 0xF0) == 0xE0) {
    length = 3, code = first & 0x0F, least = 0x800;
  } else if ((first & 0xF8) == 0xF0) {
    length = 4, code = first & 0x07, least = 0x10000;
  } else {
    return {};
  }
  if (bytes.size() < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return {};
    code = (code << 6) | (at(i) & 0x3F);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < least || code > 0x10FFFF || surrogate) return {};
  return {.length = length, .code = code, .valid = true};
}

bool IsShown(const Character& character) {
  const std::uint32_t code = character.code;
  if (!character.valid) return false;
  if (code < 0x20 || (code >= 0x7F && code < 0xA0)) return false;
  // Marks that move or hide what stands around them.
  const bool mark = code == 0x061C || (code >= 0x200B && code <= 0x200F) ||
                    (code >= 0x2028 && code <= 0x202E) ||
                    (code >= 0x2060 && code <= 0x2069) || code == 0xFEFF;
  return !mark;
}

void AppendEscaped(std::string& out, std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += "\\x";
    out += kHex[byte >> 4];
    out += kHex[byte & 0xF];
  }
}

}  // namespace

std::string Printable(std::string_view bytes, std::size_t max_bytes) {
  std::string out;
  std::size_t fits = 0;  // Length of `out` to which the ellipsis can be added.
  while (!bytes.empty()) {
    const Character character = Decode(bytes);
    const std::string_view piece = bytes.substr(0, character.length);
    if (IsShown(character)) {
      out += piece;
    } else {
      AppendEscaped(out, piece);
    }
    bytes.remove_prefix(character.length);
    if (out.size() > max_bytes) {
      out.resize(fits);
      out += kEllipsis.substr(0, std::min(kEllipsis.size(), max_bytes));
      break;
    }
    if (out.size() + kEllipsis.size() <= max_bytes) fits = out.size();
  }
  return out;
}

std::string UpperCase(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

bool IsPrintableAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace probe::smtp
