#include "exporter/check/paragraph.h"

#include <algorithm>
#include <vector>

#include "probe/smtp/reply.h"
#include "probe/smtp/text.h"

namespace exporter::check {
namespace {

std::string_view Escape(Color color) {
  switch (color) {
    case Color::kNone:
      return "";
    case Color::kBold:
      return "\x1b[1m";
    case Color::kRed:
      return "\x1b[1;31m";
    case Color::kYellow:
      return "\x1b[33m";
    case Color::kGreen:
      return "\x1b[32m";
    case Color::kCyan:
      return "\x1b[36m";
  }
  return "";
}

// Characters, each of which is taken to be one column wide.
std::size_t Columns(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

std::string Colored(std::string_view text, Color color, bool colors) {
  if (!colors || color == Color::kNone) return std::string(text);
  return std::string(Escape(color)) + std::string(text) + "\x1b[0m";
}

void AppendWords(std::string& out, std::string_view head,
                 std::size_t head_columns, std::span<const std::string> words,
                 std::size_t columns) {
  columns = std::max(columns, kLeastColumns);
  out += head;
  std::size_t used = head_columns;
  bool at_start = true;
  for (const std::string& word : words) {
    const std::size_t width = Columns(word);
    if (!at_start && used + 1 + width > columns) {
      out += '\n';
      out.append(head_columns, ' ');
      used = head_columns;
    } else if (!at_start) {
      out += ' ';
      ++used;
    }
    out += word;
    used += width;
    at_start = false;
  }
  out += '\n';
}

void AppendParagraph(std::string& out, std::string_view head,
                     std::size_t head_columns, std::string_view text,
                     std::size_t columns) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (!word.empty()) words.emplace_back(word);
  }
  AppendWords(out, head, head_columns, words, columns);
}

std::string Foreign(std::string_view text) {
  return probe::smtp::Printable(text, probe::smtp::kMaxReplyLine);
}

}  // namespace exporter::check
