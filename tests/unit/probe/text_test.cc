#include "probe/smtp/text.h"

#include <limits>
#include <string>

#include "tests/support/catch.h"

using probe::smtp::IsPrintableAscii;
using probe::smtp::Printable;
using probe::smtp::UpperCase;

namespace {
constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max() / 2;
}

TEST_CASE("what peers say becomes printable UTF-8") {
  const struct {
    const char* name;
    std::string bytes;
    std::string shown;
  } kCases[] = {
      {"nothing", "", ""},
      {"ASCII", " ~azAZ09\"\\", " ~azAZ09\"\\"},
      {"NUL", std::string("a\0b", 3), "a\\x00b"},
      {"line end", "a\r\nb", "a\\x0d\\x0ab"},
      {"tab", "a\tb", "a\\x09b"},
      {"terminal escape", "\x1b[2J", "\\x1b[2J"},
      {"unit separator", "\x1f", "\\x1f"},
      {"DEL", "\x7f", "\\x7f"},
      {"two bytes", "caf\xc3\xa9", "caf\xc3\xa9"},
      {"first of two bytes", "\xc2\xa0", "\xc2\xa0"},
      {"last C1 control", "\xc2\x9f", "\\xc2\\x9f"},
      {"NEL", "\xc2\x85", "\\xc2\\x85"},
      {"last of two bytes", "\xdf\xbf", "\xdf\xbf"},
      {"first of three bytes", "\xe0\xa0\x80", "\xe0\xa0\x80"},
      {"before surrogates", "\xed\x9f\xbf", "\xed\x9f\xbf"},
      {"behind surrogates", "\xee\x80\x80", "\xee\x80\x80"},
      {"first of four bytes", "\xf0\x90\x80\x80", "\xf0\x90\x80\x80"},
      {"U+EFFFF", "\xf3\xaf\xbf\xbf", "\xf3\xaf\xbf\xbf"},
      {"Latin-1", "caf\xe9", "caf\\xe9"},
      {"Latin-1 and more", "\xe9t\xe9", "\\xe9t\\xe9"},
      {"lone continuation", "\x80\xbf", "\\x80\\xbf"},
      {"overlong NUL", "\xc0\x80", "\\xc0\\x80"},
      {"overlong of two", "\xc1\xbf", "\\xc1\\xbf"},
      {"overlong of three", "\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"},
      {"overlong of four", "\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf"},
      {"first surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80"},
      {"last surrogate", "\xed\xbf\xbf", "\\xed\\xbf\\xbf"},
      {"U+110000", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
      {"five bytes", "\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80"},
      {"0xFE, 0xFF", "\xfe\xff", "\\xfe\\xff"},
      {"cut of two", "a\xc3", "a\\xc3"},
      {"cut of three", "a\xe2\x82", "a\\xe2\\x82"},
      {"cut of four", "a\xf0\x90\x80", "a\\xf0\\x90\\x80"},
      {"cut, then text", "\xe2\x82z", "\\xe2\\x82z"},
  };
  for (const auto& test : kCases) {
    INFO(test.name);
    CHECK(Printable(test.bytes, kNoLimit) == test.shown);
  }
}

TEST_CASE("marks that move or hide text do not survive") {
  const struct {
    const char* bytes;
    const char* shown;
  } kHidden[] = {
      {"\xd8\x9c", "\\xd8\\x9c"},           // U+061C ARABIC LETTER MARK
      {"\xe2\x80\x8b", "\\xe2\\x80\\x8b"},  // U+200B ZERO WIDTH SPACE
      {"\xe2\x80\x8e", "\\xe2\\x80\\x8e"},  // U+200E LEFT-TO-RIGHT MARK
      {"\xe2\x80\x8f", "\\xe2\\x80\\x8f"},  // U+200F RIGHT-TO-LEFT MARK
      {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},  // U+2028 LINE SEPARATOR
      {"\xe2\x80\xa9", "\\xe2\\x80\\xa9"},  // U+2029 PARAGRAPH SEPARATOR
      {"\xe2\x80\xaa", "\\xe2\\x80\\xaa"},  // U+202A LR EMBEDDING
      {"\xe2\x80\xae", "\\xe2\\x80\\xae"},  // U+202E RL OVERRIDE
      {"\xe2\x81\xa0", "\\xe2\\x81\\xa0"},  // U+2060 WORD JOINER
      {"\xe2\x81\xa6", "\\xe2\\x81\\xa6"},  // U+2066 LR ISOLATE
      {"\xe2\x81\xa9", "\\xe2\\x81\\xa9"},  // U+2069 POP ISOLATE
      {"\xe2\x81\xaa", "\\xe2\\x81\\xaa"},  // U+206A, deprecated
      {"\xef\xbb\xbf", "\\xef\\xbb\\xbf"},  // U+FEFF BYTE ORDER MARK
      {"\xf4\x8f\xbf\xbf", "\\xf4\\x8f\\xbf\\xbf"},  // U+10FFFF, private
  };
  for (const auto& test : kHidden) {
    CHECK(Printable(test.bytes, kNoLimit) == test.shown);
  }
  // Their neighbours do.
  for (const char* shown :
       {"\xd8\x9b", "\xd8\x9d", "\xe2\x80\x8a", "\xe2\x80\x90", "\xe2\x80\xa7",
        "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe2\x81\xb0", "\xef\xbb\xbe"}) {
    CHECK(Printable(shown, kNoLimit) == shown);
  }
}

TEST_CASE("long text is cut between characters") {
  const std::string e = "\xc3\xa9";
  const struct {
    std::string bytes;
    std::size_t max;
    std::string shown;
  } kCases[] = {
      {"abcdef", 6, "abcdef"},
      {"abcdefg", 6, "abc..."},
      {"abcdefg", 5, "ab..."},
      {"abcdefg", 4, "a..."},
      {"abcdefg", 3, "..."},
      {"abcdefg", 2, ".."},
      {"abcdefg", 1, "."},
      {"abcdefg", 0, ""},
      {"abc", 3, "abc"},
      {"ab", 2, "ab"},
      {"a", 1, "a"},
      {"", 0, ""},
      {e + e + e, 6, e + e + e},
      {e + e + e + "x", 6, e + "..."},
      {e + e + e + e, 7, e + e + "..."},
      {e, 1, "."},
      {"\xf0\x90\x80\x80", 3, "..."},
      // An escape is not cut either.
      {std::string(2, '\0'), 8, "\\x00\\x00"},
      {std::string(3, '\0'), 8, "\\x00..."},
      {std::string(2, '\0'), 7, "\\x00..."},
      {std::string(2, '\0'), 6, "..."},
      {"\xe2\x80\xae"
       "abcd",
       15, "\\xe2\\x80\\xae..."},
      {"\xe2\x80\xae"
       "abcd",
       14, "..."},
  };
  for (const auto& test : kCases) {
    INFO(test.bytes << " in " << test.max);
    CHECK(Printable(test.bytes, test.max) == test.shown);
  }
}

TEST_CASE("every byte alone and in pairs comes out printable and bounded") {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string bytes{static_cast<char>(first),
                              static_cast<char>(second)};
      const std::string shown = Printable(bytes, 16);
      if (Printable(shown, 16) != shown) FAIL("twice is not once: " << shown);
      for (std::size_t max = 0; max <= 5; ++max) {
        const std::string cut = Printable(bytes, max);
        if (cut.size() > max || Printable(cut, max) != cut) {
          FAIL(first << ' ' << second << " in " << max << ": " << cut);
        }
      }
    }
  }
}

TEST_CASE("upper case is ASCII's only") {
  CHECK(UpperCase("starttls") == "STARTTLS");
  CHECK(UpperCase("@[`{aAzZ09-\xe9\xc3\xa9") == "@[`{AAZZ09-\xe9\xc3\xa9");
  CHECK(UpperCase(std::string("a\0b", 3)) == std::string("A\0B", 3));
  CHECK(UpperCase("") == "");
}

TEST_CASE("printable ASCII is 0x20 to 0x7e") {
  CHECK(IsPrintableAscii(""));
  CHECK(IsPrintableAscii(" ~"));
  for (const char* text : {"\x1f", "\x7f", "\t", "\x80", "\xff", "a\xc3\xa9"}) {
    CHECK_FALSE(IsPrintableAscii(text));
  }
  CHECK_FALSE(IsPrintableAscii(std::string(1, '\0')));
}
