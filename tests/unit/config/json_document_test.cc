#include <string>

#include "exporter/config/document.h"
#include "tests/support/catch.h"

namespace exporter::config {
namespace {

std::string ErrorOf(const std::string& text) {
  const auto document = Document::ParseJson(text);
  if (document) return "";
  const SyntaxError& error = document.error();
  return std::to_string(error.place.line) + ":" +
         std::to_string(error.place.column) + ": " + error.sentence;
}

TEST_CASE("values of JSON know their kind and place") {
  const auto document = Document::ParseJson(
      "{\"a\": \"x\\\"\\\\\",\r\n"
      " \"b\":[1, -2.5e3 ,true,false , null],\n"
      "\t\"c\" : { } ,\"d\":[[]],\"\": 12}");
  REQUIRE(document);
  const Value* root = document->root();
  REQUIRE(root != nullptr);
  REQUIRE(root->kind == Value::Kind::kMap);
  CHECK(root->place == Place{1, 1});
  REQUIRE(root->members.size() == 5);
  CHECK(root->members[0].key == "a");
  CHECK(root->members[0].place == Place{1, 2});
  CHECK(root->members[0].value->kind == Value::Kind::kQuoted);
  CHECK(root->members[0].value->text == "x\"\\");
  CHECK(root->members[0].value->place == Place{1, 7});
  const Value* list = root->members[1].value;
  CHECK(list->kind == Value::Kind::kList);
  CHECK(list->place == Place{2, 6});
  REQUIRE(list->items.size() == 5);
  struct Item {
    Value::Kind kind;
    std::string text;
    std::uint32_t column;
  };
  const Item items[] = {
      {Value::Kind::kPlain, "1", 7},     {Value::Kind::kPlain, "-2.5e3", 10},
      {Value::Kind::kPlain, "true", 18}, {Value::Kind::kPlain, "false", 23},
      {Value::Kind::kNull, "", 31},
  };
  for (std::size_t i = 0; i < 5; ++i) {
    CAPTURE(i);
    CHECK(list->items[i]->kind == items[i].kind);
    CHECK(list->items[i]->text == items[i].text);
    CHECK(list->items[i]->place == Place{2, items[i].column});
  }
  CHECK(root->members[2].place == Place{3, 2});
  CHECK(root->members[2].value->kind == Value::Kind::kMap);
  CHECK(root->members[2].value->place == Place{3, 8});
  CHECK(root->members[3].value->items.at(0)->place == Place{3, 18});
  CHECK(root->members[4].key.empty());
  CHECK(root->members[4].value->place == Place{3, 26});
}

TEST_CASE("escapes of JSON") {
  const auto document =
      Document::ParseJson(R"(["\u00fc\ud83d\ude00\/\b\u0000", "ü😀"])");
  REQUIRE(document);
  CHECK(document->root()->items[0]->text == std::string("ü😀/\b\0", 9));
  CHECK(document->root()->items[1]->text == "ü😀");
}

TEST_CASE("keys that repeat are both there") {
  const auto document = Document::ParseJson(R"({"a": "1", "a": "2"})");
  REQUIRE(document);
  REQUIRE(document->root()->members.size() == 2);
  CHECK(document->root()->members[1].place == Place{1, 12});
}

TEST_CASE("a tree has so many values and no more") {
  CHECK(Document::ParseJson(R"([1, "2", null, {"x": []}])", 6).has_value());
  for (const char* const last : {"2", "null", "\"x\"", "[]", "{\"x\": []}"}) {
    const auto document =
        Document::ParseJson("[1,\n" + std::string(last) + "]", 2);
    REQUIRE_FALSE(document);
    CHECK(document.error().sentence == "holds more than 2 values");
    CHECK(document.error().place == Place{2, 1});
  }
}

TEST_CASE("a byte order mark before JSON does not matter") {
  const auto document = Document::ParseJson("\xEF\xBB\xBF[1]");
  REQUIRE(document);
  CHECK(document->root()->items[0]->place == Place{1, 2});
}

TEST_CASE("what is not JSON is refused with its place") {
  struct Case {
    std::string text;
    std::string want;  // The beginning; the rest is the parser's.
  };
  const Case cases[] = {
      {"", "1:1: is not valid JSON: syntax error"},
      {"\n\n", "3:1: is not valid JSON: syntax error"},
      {"[1,\n2,]", "2:3: is not valid JSON: syntax error"},
      {"{\"a\": 1,}", "1:9: is not valid JSON: syntax error"},
      {"{a: 1}", "1:2: is not valid JSON: syntax error"},
      {"['a']", "1:2: is not valid JSON: syntax error"},
      {"[1] x", "1:5: is not valid JSON: syntax error"},
      {"[1][2]", "1:4: is not valid JSON: syntax error"},
      {"[01]", "1:3: is not valid JSON: syntax error"},
      {"[+1]", "1:2: is not valid JSON: syntax error"},
      {"[NaN]", "1:2: is not valid JSON: syntax error"},
      {"[1e999]", "1:6: is not valid JSON:"},
      {"// x\n[]", "1:1: is not valid JSON: syntax error"},
      {"[\"a\nb\"]", "1:4: is not valid JSON: syntax error"},
      {"[\"a", "1:4: is not valid JSON: syntax error"},
      {R"(["\ud83d"])", "1:9: is not valid JSON: syntax error"},
      {R"(["\ude00"])", "1:8: is not valid JSON: syntax error"},
      {R"(["\x"])", "1:4: is not valid JSON: syntax error"},
      {"[\"\xFF\"]", "1:3: is not valid UTF-8"},
      {"[\n\"\xC0\xAF\"]", "2:2: is not valid UTF-8"},
      {std::string("[\0]", 3), "1:2: is not valid JSON: holds a NUL"},
      {std::string("[]\n\0", 4), "2:1: is not valid JSON: holds a NUL"},
      {std::string("[]\0[", 4), "1:3: is not valid JSON: holds a NUL"},
      {std::string("[\"\0\"]", 5), "1:3: is not valid JSON: holds a NUL"},
      {std::string(33, '[') + std::string(33, ']'),
       "1:33: is not valid JSON: nested too deeply"},
      {std::string(1'000'000, '['), "1:33: is not valid JSON: nested too"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text.substr(0, 80));
    CHECK(ErrorOf(c.text).substr(0, c.want.size()) == c.want);
  }
  CHECK(ErrorOf(std::string(32, '[') + std::string(32, ']')).empty());
}

}  // namespace
}  // namespace exporter::config
