// Text for a terminal: paragraphs within a width, and colours.
#ifndef EXPORTER_CHECK_PARAGRAPH_H_
#define EXPORTER_CHECK_PARAGRAPH_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace exporter::check {

// Narrower terminals get lines that are too long rather than words in pieces.
inline constexpr std::size_t kLeastColumns = 40;

enum class Color { kNone, kBold, kRed, kYellow, kGreen, kCyan };

// `text` in the colour by ANSI's escapes, or as it is when there are no
// `colors`.
std::string Colored(std::string_view text, Color color, bool colors);

// Appends `head` and then `words`, with a blank between two of them or a line
// end, so that no line has more than `columns` characters where a word allows.
// Further lines are indented to where the first began; `head` takes
// `head_columns` on the screen, whatever escapes are in it.
void AppendWords(std::string& out, std::string_view head,
                 std::size_t head_columns, std::span<const std::string> words,
                 std::size_t columns);
// The same for the words of a text.
void AppendParagraph(std::string& out, std::string_view head,
                     std::size_t head_columns, std::string_view text,
                     std::size_t columns);

// What a server said, for a terminal: one line without anything that the
// terminal could obey.
std::string Foreign(std::string_view text);

}  // namespace exporter::check

#endif  // EXPORTER_CHECK_PARAGRAPH_H_
