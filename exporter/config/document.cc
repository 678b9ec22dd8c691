#include "exporter/config/document.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <optional>
#include <sstream>
#include <utility>

#include "exporter/config/problems.h"
#include "exporter/config/tree_builder.h"
#include "probe/utf8.h"

namespace exporter::config {
namespace {

// yaml-cpp counts from 0, and from -1 where it does not know.
Place MarkedPlace(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {static_cast<std::uint32_t>(mark.line) + 1,
          static_cast<std::uint32_t>(mark.column) + 1};
}

// yaml-cpp passes bytes on as they come, and takes a byte 0x04 for the end of
// the file.
std::optional<SyntaxError> CheckBytes(std::string_view text) {
  if (const auto invalid = probe::FindInvalidUtf8(text)) {
    return SyntaxError{PlaceOf(text, *invalid), "is not valid UTF-8"};
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool allowed = byte == '\t' || byte == '\n' || byte == '\r';
    if ((byte < 0x20 && !allowed) || byte == 0x7F) {
      return SyntaxError{PlaceOf(text, i), "holds a control character"};
    }
  }
  return std::nullopt;
}

// yaml-cpp takes the end of the file for the end of a quoted text. `start` is
// the offset of the text or of its anchor.
bool IsClosed(std::string_view text, std::size_t start) {
  const std::size_t open = text.find_first_of("\"'|>", start);
  if (open == std::string_view::npos) return false;
  // yaml-cpp tags a block scalar like a quoted text; its end needs no mark.
  if (text[open] == '|' || text[open] == '>') return true;
  for (std::size_t i = open + 1; i < text.size(); ++i) {
    const bool escape =
        text[open] == '"' ? text[i] == '\\' : text.substr(i).starts_with("''");
    if (escape) {
      ++i;
    } else if (text[i] == text[open]) {
      return true;
    }
  }
  return false;
}

class NoRoom : public YAML::ParserException {
 public:
  NoRoom(const YAML::Mark& at, std::size_t most)
      : YAML::ParserException(at, TooManyValues(most)) {}
};

// Builds the tree from yaml-cpp's events. Its own Node costs several times the
// memory, merges anchors silently and forgets where keys stand.
class YamlBuilder final : public YAML::EventHandler {
 public:
  YamlBuilder(Document& document, std::size_t most) : tree_(document, most) {}

  // Offset of the last quoted text.
  std::optional<std::size_t> last_quoted() const { return last_quoted_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (started_) {
      throw YAML::ParserException(
          mark, "the first document ends here, and only one is allowed");
    }
    started_ = true;
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseAsKey(mark);
    Add(Value::Kind::kNull, mark, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseAsKey(mark);
    if (anchor >= anchors_.size() || anchors_[anchor] == nullptr) {
      throw YAML::ParserException(mark, "this alias has no anchor");
    }
    if (tree_.full()) throw NoRoom(mark, tree_.most_values());
    tree_.Attach(*anchors_[anchor]);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& text) override {
    const bool quoted = tag == "!";
    if (!quoted) RefuseTag(mark, tag);
    if (quoted) last_quoted_ = static_cast<std::size_t>(mark.pos);
    if (tree_.AtKey()) return tree_.SetKey(text, MarkedPlace(mark));
    Add(quoted ? Value::Kind::kQuoted : Value::Kind::kPlain, mark, anchor)
        .text = text;
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    RefuseTag(mark, tag);
    RefuseAsKey(mark);
    Add(Value::Kind::kList, mark, anchor);
  }
  void OnSequenceEnd() override { tree_.Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    RefuseTag(mark, tag);
    RefuseAsKey(mark);
    Add(Value::Kind::kMap, mark, anchor);
  }
  void OnMapEnd() override { tree_.Close(); }

 private:
  void RefuseAsKey(const YAML::Mark& mark) const {
    if (tree_.AtKey())
      throw YAML::ParserException(mark, "a key must be plain text");
  }

  static void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?") return;
    throw YAML::ParserException(mark, "tags are not supported");
  }

  Value& Add(Value::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    Place place = MarkedPlace(mark);
    // yaml-cpp marks a missing value where the next key stands.
    if (kind == Value::Kind::kNull && tree_.key() != nullptr) {
      place = tree_.key()->place;
    }
    if (tree_.full()) throw NoRoom(mark, tree_.most_values());
    Value& value = tree_.Add(kind, place);
    if (anchor != YAML::NullAnchor) {
      if (anchor >= anchors_.size()) anchors_.resize(anchor + 1, nullptr);
      anchors_[anchor] = &value;
    }
    return value;
  }

  TreeBuilder tree_;
  bool started_ = false;
  std::vector<const Value*> anchors_;  // By yaml-cpp's number.
  std::optional<std::size_t> last_quoted_;
};

SyntaxError Explain(const YAML::Exception& error, std::string_view text) {
  const Place place = MarkedPlace(error.mark);
  if (dynamic_cast<const NoRoom*>(&error) != nullptr) return {place, error.msg};
  std::string sentence = "is not valid YAML: ";
  if (dynamic_cast<const YAML::DeepRecursion*>(&error) != nullptr) {
    return {place, sentence + "nested too deeply"};
  }
  sentence += Printable(error.msg);
  // `- [2001:db8::1]:25` is a list, followed by something odd.
  const auto at = static_cast<std::size_t>(error.mark.pos);
  if (!error.mark.is_null() && at > 0 && at < text.size() && text[at] == ':' &&
      text[at - 1] == ']') {
    sentence += R"(; an address in brackets needs quotes: "[2001:db8::1]:25")";
  }
  return {place, sentence};
}

}  // namespace

Place PlaceOf(std::string_view text, std::size_t offset) {
  Place place;
  for (const char c : text.substr(0, offset)) {
    ++place.column;
    if (c == '\n') place = {place.line + 1, 1};
  }
  return place;
}

std::expected<Document, SyntaxError> Document::Parse(std::string_view text,
                                                     std::size_t most) {
  if (text.starts_with(kByteOrderMark)) {
    text.remove_prefix(kByteOrderMark.size());
  }
  if (auto error = CheckBytes(text)) return std::unexpected(std::move(*error));
  Document document;
  YamlBuilder builder(document, most);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    return std::unexpected(Explain(error, text));
  }
  const std::optional<std::size_t> quoted = builder.last_quoted();
  if (quoted && !IsClosed(text, *quoted)) {
    return std::unexpected(
        SyntaxError{PlaceOf(text, *quoted),
                    "is not valid YAML: this quote is never closed"});
  }
  return document;
}

}  // namespace exporter::config
