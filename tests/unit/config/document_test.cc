#include "exporter/config/document.h"

#include <string>

#include "tests/support/catch.h"

namespace exporter::config {
namespace {

std::string ErrorOf(const std::string& text) {
  const auto document = Document::Parse(text);
  if (document) return "";
  const SyntaxError& error = document.error();
  return std::to_string(error.place.line) + ":" +
         std::to_string(error.place.column) + ": " + error.sentence;
}

TEST_CASE("values know their kind and place") {
  const auto document = Document::Parse(
      "a: plain\n"
      "b: \"quoted\"\n"
      "list:\n"
      "  - 1\n"
      "  - {x: y}\n"
      "none:\n"
      "last: ~\n");
  REQUIRE(document);
  const Value* root = document->root();
  REQUIRE(root != nullptr);
  REQUIRE(root->kind == Value::Kind::kMap);
  REQUIRE(root->members.size() == 5);
  CHECK(root->members[0].value->kind == Value::Kind::kPlain);
  CHECK(root->members[0].value->text == "plain");
  CHECK(root->members[0].value->place == Place{1, 4});
  CHECK(root->members[1].value->kind == Value::Kind::kQuoted);
  CHECK(root->members[1].place == Place{2, 1});
  const Value* list = root->members[2].value;
  REQUIRE(list->kind == Value::Kind::kList);
  REQUIRE(list->items.size() == 2);
  CHECK(list->items[1]->members[0].place == Place{5, 6});
  CHECK(root->members[3].value->kind == Value::Kind::kNull);
  CHECK(root->members[3].value->place == Place{6, 1});
  CHECK(root->members[4].value->kind == Value::Kind::kNull);
}

TEST_CASE("an alias is its anchor's value") {
  const auto document = Document::Parse("a: &x {k: v}\nb: *x\n");
  REQUIRE(document);
  CHECK(document->root()->members[0].value ==
        document->root()->members[1].value);
}

TEST_CASE("a tree has so many values and no more, aliases included") {
  CHECK(Document::Parse("- &a x\n- *a\n- {b: ~}\n", 5).has_value());
  for (const char* const last : {"*a", "x", "'x'", "~", "[]", "{b: }"}) {
    const auto document =
        Document::Parse("- &a x\n- " + std::string(last) + "\n", 2);
    REQUIRE_FALSE(document);
    CHECK(document.error().sentence == "holds more than 2 values");
    CHECK(document.error().place == Place{2, 3});
  }
}

TEST_CASE("nothing at all is no value") {
  for (const std::string text : {"", "\n\n", "# a comment\n", "\xEF\xBB\xBF"}) {
    const auto document = Document::Parse(text);
    REQUIRE(document);
    CHECK(document->root() == nullptr);
  }
}

TEST_CASE("a byte order mark and CRLF do not matter") {
  const auto document = Document::Parse(
      "\xEF\xBB\xBF"
      "a: b\r\nc: d\r\n");
  REQUIRE(document);
  CHECK(document->root()->members[0].key == "a");
  CHECK(document->root()->members[0].value->text == "b");
  CHECK(document->root()->members[1].place == Place{2, 1});
}

TEST_CASE("what is not one YAML document is refused with its place") {
  struct Case {
    std::string text;
    std::string want;
  };
  std::string deep = "a: ";
  std::string deep_dashes;
  for (int i = 0; i < 10'000; ++i) {
    deep += "[";
    deep_dashes += "- ";
  }
  const Case cases[] = {
      {"a: b: c", "1:5: is not valid YAML: illegal map value"},
      {"a: 1\n---\nb: 2",
       "2:1: is not valid YAML: the first document ends here, and only one is "
       "allowed"},
      {"- a\nb: c",
       "2:1: is not valid YAML: the first document ends here, and only one is "
       "allowed"},
      {"a: *x", "1:4: is not valid YAML: the referenced anchor is not defined"},
      {"? [a]\n: b", "1:3: is not valid YAML: a key must be plain text"},
      {"? {a: b}\n: b", "1:3: is not valid YAML: a key must be plain text"},
      {"a: &x b\n*x : c", "2:1: is not valid YAML: a key must be plain text"},
      {"~: b", "1:1: is not valid YAML: a key must be plain text"},
      {"a: !!str b", "1:4: is not valid YAML: tags are not supported"},
      {"a: !x [b]", "1:4: is not valid YAML: tags are not supported"},
      {"a: \"b\nc: d\n", "1:4: is not valid YAML: this quote is never closed"},
      {"a: 'it''s\n", "1:4: is not valid YAML: this quote is never closed"},
      {"a: \"x\\\"\n", "1:4: is not valid YAML: this quote is never closed"},
      {"a: 1\nb: \xFF", "2:4: is not valid UTF-8"},
      {"a: \xC3", "1:4: is not valid UTF-8"},
      {"a: b\x04\nc: d", "1:5: holds a control character"},
      {std::string("a: \0b", 5), "1:4: holds a control character"},
      {"- [2001:db8::1]:25",
       "1:16: is not valid YAML: end of sequence not found; an address in "
       "brackets needs quotes: \"[2001:db8::1]:25\""},
      {"a: \"b", "1:6: is not valid YAML: illegal EOF in scalar"},
      {deep_dashes, "1:1000: is not valid YAML: nested too deeply"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text.substr(0, 80));
    CHECK(ErrorOf(c.text) == c.want);
  }
  CHECK_FALSE(ErrorOf(deep).empty());
  CHECK_FALSE(ErrorOf(deep + std::string(10'000, ']')).empty());
  CHECK(ErrorOf("a: \"it's\"\nb: 'x\"'\n").empty());
  CHECK(ErrorOf("a: &x \"b\"\n").empty());
}

}  // namespace
}  // namespace exporter::config
