#include "exporter/config/list_size.h"

#include <string>

#include "tests/support/catch.h"

namespace exporter::config {
namespace {

std::string Why(const std::string& yaml) {
  const auto document = Document::Parse(yaml);
  if (!document) FAIL(document.error().sentence);
  return document->root() == nullptr ? "" : WhyTooLarge(*document->root());
}

// `text` so many times, one after the other.
std::string Times(std::size_t times, const std::string& text) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

// The items of a list in one line.
std::string Items(std::size_t count) { return Times(count, "a,"); }

TEST_CASE("targets are counted as often as aliases stand for them") {
  const std::string group = "- &g {targets: &t [" + Items(1000) + "]}\n";
  const std::string more = "has more than 1000000 targets";
  CHECK(Why(group).empty());
  CHECK(Why(group + Times(999, "- *g\n")).empty());
  CHECK(Why(group + Times(1000, "- *g\n")) == more);
  CHECK(Why(group + Times(999, "- {targets: *t}\n")).empty());
  CHECK(Why(group + Times(1000, "- {targets: *t}\n")) == more);
  CHECK(Why(group + Times(999, "- *g\n") + "- {targets: [a]}\n") == more);
  // Refused as a key that is given twice, but only later.
  CHECK(Why(group + "- {" + Times(1000, "targets: *t, ") + "}\n") == more);
}

TEST_CASE("labels are counted for each target that has them") {
  const std::string targets = "targets: [" + Items(50'000) + "]";
  std::string labels;
  std::string dropped;
  for (int i = 0; i < 32; ++i) {
    const std::string pair =
        "l" + std::to_string(i) + ": " + std::string(256, 'v') + ", ";
    labels += pair;
    dropped += "__meta_" + pair;
  }
  const std::string more = "the labels of its targets take more than 512 MiB";
  CHECK(Why("- {" + targets + ", labels: {" + labels + "}}") == more);
  CHECK(Why("- {" + targets + ", labels: {__smtp_expect_banner: " +
            std::string(11'000, 'v') + "}}") == more);
  CHECK(Why("- {" + targets + ", labels: {" + dropped + "}}").empty());
  CHECK(Why("- {targets: [a], labels: {" + labels + "}}").empty());
  CHECK(Why("- {targets: [" + Items(500) + "], labels: &l {" + labels + "}}\n" +
            Times(99, "- {targets: [" + Items(500) + "], labels: *l}\n")) ==
        more);
}

TEST_CASE("what aliases stand for is not walked through for ever") {
  std::string labels;
  for (int i = 0; i < 10'000; ++i) {
    labels += "__x" + std::to_string(i) + ": x, ";
  }
  const std::string group = "- &g {targets: [], labels: &l {" + labels + "}}\n";
  const std::string more = "its aliases stand for more than 4000000 values";
  CHECK(Why(group + Times(390, "- *g\n")).empty());
  CHECK(Why(group + Times(400, "- *g\n")) == more);
  CHECK(Why(group + Times(400, "- {labels: *l}\n")) == more);
  CHECK(Why(group + Times(400, "- *l\n")) == more);
}

TEST_CASE("what is no list of groups is left to its reader") {
  for (const char* const text :
       {"", "~", "a", "{targets: [a]}", "[a, [b], ~]", "- targets: a",
        "- labels: [a]", "- targets: {a: b}", "&g [*g]",
        "- &g {targets: *g, labels: *g}"}) {
    CAPTURE(text);
    CHECK(Why(text).empty());
  }
}

}  // namespace
}  // namespace exporter::config
