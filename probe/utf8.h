// UTF-8, one character at a time, for text that may be anything.
#ifndef PROBE_UTF8_H_
#define PROBE_UTF8_H_

#include <cstddef>
#include <optional>
#include <string_view>

namespace probe {

struct Utf8Character {
  char32_t code_point = 0;
  std::size_t bytes = 1;  // How many bytes of the text it takes.
  bool valid = false;     // False: one byte that belongs to no character.
};

// The character at the start of `text`, which must not be empty. Overlong
// forms, surrogates and values above U+10FFFF are not valid.
Utf8Character DecodeUtf8(std::string_view text);

// The offset of the first byte that is not part of valid UTF-8.
std::optional<std::size_t> FindInvalidUtf8(std::string_view text);

// False for what could damage a terminal or a log line or hide in it: control
// characters, line separators, bidirectional overrides, invisible characters.
bool IsPrintable(char32_t code_point);

}  // namespace probe

#endif  // PROBE_UTF8_H_
