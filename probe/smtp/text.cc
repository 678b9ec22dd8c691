#include "probe/smtp/text.h"

#include <algorithm>

#include "probe/utf8.h"

namespace probe::smtp {
namespace {

constexpr std::string_view kEllipsis = "...";

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
  // What nearly all servers say; this took a quarter of a probe's own time.
  if (bytes.size() <= max_bytes && IsPrintableAscii(bytes)) {
    return std::string(bytes);
  }
  std::string out;
  std::size_t fits = 0;  // Length of `out` to which the ellipsis can be added.
  while (!bytes.empty()) {
    const Utf8Character character = DecodeUtf8(bytes);
    const std::string_view piece = bytes.substr(0, character.bytes);
    if (character.valid && IsPrintable(character.code_point)) {
      out += piece;
    } else {
      AppendEscaped(out, piece);
    }
    bytes.remove_prefix(character.bytes);
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
