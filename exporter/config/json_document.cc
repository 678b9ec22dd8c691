#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "exporter/config/document.h"
#include "exporter/config/problems.h"
#include "exporter/config/tree_builder.h"
#include "probe/utf8.h"

namespace exporter::config {
namespace {

// A list of target groups is four deep. Nothing here recurses; whoever walks
// the tree may.
constexpr std::size_t kMaxDepth = 32;
// The parser's own words, with what it expected.
constexpr std::size_t kMaxExplanation = 200;

// Follows the parser through the text: its events come token by token and do
// not say where they stand.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) {}

  struct Token {
    Place place;
    std::string_view text;
  };

  Token Next() {
    SkipSeparators();
    const std::size_t start = at_;
    at_ = End(start);
    return {{line_, static_cast<std::uint32_t>(start - line_start_) + 1},
            text_.substr(start, at_ - start)};
  }

 private:
  void SkipSeparators() {
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      } else if (std::string_view(" \t\r,:").find(text_[at_]) ==
                 std::string_view::npos) {
        return;
      }
    }
  }

  // The parser found the token to be right, so that its end is easy to see.
  std::size_t End(std::size_t start) const {
    if (start == text_.size()) return start;
    std::size_t end = start + 1;
    if (text_[start] == '"') {
      while (end < text_.size() && text_[end] != '"') {
        end += text_[end] == '\\' ? 2 : 1;
      }
      ++end;
    } else if (std::string_view("{}[]").find(text_[start]) ==
               std::string_view::npos) {
      end = text_.find_first_of(" \t\r\n,:]}", end);
    }
    return std::min(end, text_.size());
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  std::uint32_t line_ = 1;
};

// What the parser calls; its names are not ours to choose. False stops it.
class JsonBuilder {
 public:
  JsonBuilder(std::string_view text, Document& document, std::size_t most)
      : text_(text), tokens_(text), tree_(document, most) {}

  std::optional<SyntaxError> TakeError() { return std::move(error_); }

  bool null() {
    return Add(Value::Kind::kNull, tokens_.Next().place) != nullptr;
  }
  bool boolean(bool /*value*/) { return AddPlain(); }
  bool number_integer(std::int64_t /*value*/) { return AddPlain(); }
  bool number_unsigned(std::uint64_t /*value*/) { return AddPlain(); }
  bool number_float(double /*value*/, const std::string& /*text*/) {
    return AddPlain();
  }
  bool string(std::string& text) {
    Value* const value = Add(Value::Kind::kQuoted, tokens_.Next().place);
    if (value != nullptr) value->text = std::move(text);
    return value != nullptr;
  }
  // Only formats other than JSON have it.
  bool binary(nlohmann::json::binary_t& /*bytes*/) { return false; }
  bool start_object(std::size_t /*size*/) { return Open(Value::Kind::kMap); }
  bool end_object() { return Close(); }
  bool start_array(std::size_t /*size*/) { return Open(Value::Kind::kList); }
  bool end_array() { return Close(); }
  bool key(std::string& text) {
    tree_.SetKey(std::move(text), tokens_.Next().place);
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& exception) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2:
    // syntax error while parsing value - ..."
    std::string_view words = exception.what();
    const std::size_t start = words.find("syntax error");
    words.remove_prefix(start != std::string_view::npos ? start
                                                        : words.find(']') + 1);
    Fail(PlaceOf(text_, position > 0 ? position - 1 : 0), words);
    return false;
  }

 private:
  bool AddPlain() {
    const Tokens::Token token = tokens_.Next();
    Value* const value = Add(Value::Kind::kPlain, token.place);
    if (value != nullptr) value->text = token.text;
    return value != nullptr;
  }

  // Null, and complained about, when there is no room.
  Value* Add(Value::Kind kind, Place place) {
    if (!tree_.full()) return &tree_.Add(kind, place);
    error_ = SyntaxError{place, TooManyValues(tree_.most_values())};
    return nullptr;
  }

  bool Open(Value::Kind kind) {
    const Place place = tokens_.Next().place;
    if (tree_.depth() >= kMaxDepth) {
      Fail(place, "nested too deeply");
      return false;
    }
    return Add(kind, place) != nullptr;
  }

  bool Close() {
    tokens_.Next();
    tree_.Close();
    return true;
  }

  void Fail(Place place, std::string_view words) {
    error_ = SyntaxError{
        place, "is not valid JSON: " + Printable(words, kMaxExplanation)};
  }

  const std::string_view text_;
  Tokens tokens_;
  TreeBuilder tree_;
  std::optional<SyntaxError> error_;
};

}  // namespace

std::expected<Document, SyntaxError> Document::ParseJson(std::string_view text,
                                                         std::size_t most) {
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  if (const auto invalid = probe::FindInvalidUtf8(text)) {
    return std::unexpected(
        SyntaxError{PlaceOf(text, *invalid), "is not valid UTF-8"});
  }
  // The parser takes it for the end of the text.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    return std::unexpected(SyntaxError{
        PlaceOf(text, nul), "is not valid JSON: holds a NUL character"});
  }
  Document document;
  JsonBuilder builder(text, document, most);
  const bool good =
      nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  if (auto error = builder.TakeError()) {
    return std::unexpected(std::move(*error));
  }
  if (!good) return std::unexpected(SyntaxError{{}, "is not valid JSON"});
  return document;
}

}  // namespace exporter::config
