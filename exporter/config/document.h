// A YAML or JSON text as a tree of values that know their place in it.
// document.cc alone knows the YAML library, json_document.cc alone the one for
// JSON; nothing here knows what the values mean.
#ifndef EXPORTER_CONFIG_DOCUMENT_H_
#define EXPORTER_CONFIG_DOCUMENT_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::config {

// Where something stands in the file; both count from 1, columns in bytes.
struct Place {
  std::uint32_t line = 1;
  std::uint32_t column = 1;

  friend auto operator<=>(const Place&, const Place&) = default;
};

// `offset` counts bytes; the end of the text where it lies behind it.
Place PlaceOf(std::string_view text, std::size_t offset);

// Editors of one family write it; neither format wants it.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct Value;

struct Member {
  std::string key;
  Place place;  // Of the key.
  const Value* value = nullptr;
};

struct Value {
  enum class Kind : std::uint8_t { kNull, kPlain, kQuoted, kList, kMap };

  Kind kind = Kind::kNull;
  Place place;
  std::string text;                 // kPlain and kQuoted; valid UTF-8.
  std::vector<const Value*> items;  // kList.
  std::vector<Member> members;      // kMap, as written: keys may repeat.

  bool IsText() const { return kind == Kind::kPlain || kind == Kind::kQuoted; }
};

// Of one text; a value takes 100 to 200 bytes, whatever it takes in the text,
// which may be two. A list of 400,000 targets with a group and five labels
// each has as many.
inline constexpr std::size_t kMaxValues = 4'000'000;

struct SyntaxError {
  Place place;
  std::string sentence;
};

// Owns its values; aliases count as values, too. An alias shares its
// anchor's value, so a tree never takes more memory than its text asks for; but
// it may be a graph, even a cyclic one: walk it only as deep as the
// configuration's shape goes, and mind that it may be much wider than its text.
class Document {
 public:
  // More than `most` values are an error; another limit is for tests.
  static std::expected<Document, SyntaxError> Parse(
      std::string_view text, std::size_t most = kMaxValues);
  // RFC 8259 and nothing beyond. Texts are kQuoted; numbers and truth values
  // are kPlain, as they are written.
  static std::expected<Document, SyntaxError> ParseJson(
      std::string_view text, std::size_t most = kMaxValues);

  // Null for a text without any value.
  const Value* root() const { return root_; }

 private:
  friend class TreeBuilder;

  std::deque<Value> values_;  // A deque, because values point at each other.
  const Value* root_ = nullptr;
};

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_DOCUMENT_H_
