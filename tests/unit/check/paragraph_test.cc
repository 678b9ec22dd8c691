#include "exporter/check/paragraph.h"

#include <string>

#include "tests/support/catch.h"

namespace exporter::check {
namespace {

std::string Paragraph(const std::string& head, const std::string& text,
                      std::size_t columns) {
  std::string out;
  AppendParagraph(out, head, head.size(), text, columns);
  return out;
}

TEST_CASE("lines break between words") {
  const std::string text = "one two three four five six seven eight nine ten";
  CHECK(Paragraph("", "short", 40) == "short\n");
  CHECK(Paragraph("head  ", text, 40) ==
        "head  one two three four five six seven\n"
        "      eight nine ten\n");
  // Exactly as wide as there is room.
  CHECK(Paragraph("", "12345678901234567890 1234567890123456789 x", 40) ==
        "12345678901234567890 1234567890123456789\nx\n");
  // A narrower terminal is none.
  CHECK(Paragraph("", text, 1) ==
        "one two three four five six seven eight\nnine ten\n");
  CHECK(Paragraph("", "", 40) == "\n");
  CHECK(Paragraph("a ", "  two   words  ", 40) == "a two words\n");
}

TEST_CASE("a word that is too long stays whole") {
  const std::string word(60, 'x');
  CHECK(Paragraph("h ", "a " + word + " b", 40) ==
        "h a\n  " + word + "\n  b\n");
  CHECK(Paragraph("h ", word, 40) == "h " + word + "\n");
}

TEST_CASE("characters count, not bytes") {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "\xC3\xA4";  // ä
  CHECK(Paragraph("", text + " " + text.substr(0, 38), 40) ==
        text + " " + text.substr(0, 38) + "\n");
}

TEST_CASE("colours are escapes, or nothing") {
  CHECK(Colored("word", Color::kRed, true) == "\x1b[1;31mword\x1b[0m");
  CHECK(Colored("word", Color::kRed, false) == "word");
  CHECK(Colored("word", Color::kNone, true) == "word");
}

TEST_CASE("what a server says cannot move the cursor") {
  CHECK(Foreign("a\x1b[2Jb\r\nc") == "a\\x1b[2Jb\\x0d\\x0ac");
  CHECK(Foreign("\xE2\x80\xAE") == "\\xe2\\x80\\xae");  // U+202E
}

}  // namespace
}  // namespace exporter::check
