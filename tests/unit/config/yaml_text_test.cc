#include "exporter/config/yaml_text.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "tests/support/catch.h"

namespace exporter::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kEnough = 1 << 20;

std::string Show(const std::string& text, std::size_t most = kEnough) {
  const auto document = Document::Parse(text);
  REQUIRE(document.has_value());
  REQUIRE(document->root() != nullptr);
  return YamlText(*document->root(), most);
}

// All that a tree holds, but for places.
std::string Describe(const Value& value) {
  std::string text = std::to_string(static_cast<int>(value.kind));
  text.append("(").append(value.text);
  for (const Value* const item : value.items) text += Describe(*item) + ",";
  for (const Member& member : value.members) {
    text += member.key + "=" + Describe(*member.value) + ",";
  }
  return text + ")";
}

TEST_CASE("what is shown reads as what it shows") {
  std::vector<std::string> texts = {
      "a: 1\nb: [x, \"y: z\", {c: d, e: [f]}, [], {}, ~]\n\"q r\": 'it''s'\n",
      "a: |\n  two\n  lines\nb: \"tab\\t\\\"quote\\\" \\\\ \\x01\"\n",
      "a: &x {b: c}\nd: *x\ne: [*x, *x]\n",
      "a:\n-\n-\n  - - b\n",
      "? \"null\"\n: 1\n\"\": 2\n\"1.5\": 3\n-x: 4\n",
      "plain: http://x.example/?a=b#c\nother: 2001:db8::1\n",
  };
  for (const auto& entry : fs::directory_iterator("tests/config")) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("valid-") || !name.ends_with(".yaml")) continue;
    std::ifstream file(entry.path());
    texts.emplace_back(std::istreambuf_iterator<char>(file),
                       std::istreambuf_iterator<char>());
  }
  CHECK(texts.size() > 10);
  for (const std::string& text : texts) {
    INFO(text);
    const std::string shown = Show(text);
    INFO(shown);
    const auto before = Document::Parse(text);
    const auto after = Document::Parse(shown);
    REQUIRE(after.has_value());
    REQUIRE(after->root() != nullptr);
    CHECK(Describe(*after->root()) == Describe(*before->root()));
    CHECK(Show(shown) == shown);
  }
}

TEST_CASE("it looks as people write it") {
  CHECK(Show("{interval: 5m, targets: [mx1.example.com, {host: \"a b\", port: "
             "25, labels: {team: mail}}], on_demand: {allow: []}}") ==
        "interval: 5m\n"
        "targets:\n"
        "  - mx1.example.com\n"
        "  - host: \"a b\"\n"
        "    port: 25\n"
        "    labels:\n"
        "      team: mail\n"
        "on_demand:\n"
        "  allow: []\n");
}

TEST_CASE("no secret is shown, whatever it is and wherever it stands") {
  const std::string shown = Show(
      "http_sd:\n"
      "  - url: https://user:CANARY@inventory.example/a@b\n"
      "    basic_auth: {username: me, password: CANARY, password_file: p}\n"
      "    authorization: {type: Bearer, credentials: CANARY,\n"
      "                    credentials_file: c}\n"
      "    bearer_token: [CANARY]\n"
      "    oauth2: {client_secret: {deep: CANARY}}\n"
      "  - url: \"http://CANARY@x.example\"\n"
      "  - url: http://a:b:CANARY@c:CANARY@x.example:80?q=@\n"
      "inline: |\n"
      "  -----BEGIN EC PRIVATE KEY-----\n"
      "  CANARY\n");
  INFO(shown);
  CHECK(shown.find("CANARY") == std::string::npos);
  CHECK(shown.find("username: me\n") != std::string::npos);
  CHECK(shown.find("password: <secret>\n") != std::string::npos);
  CHECK(shown.find("password_file: p\n") != std::string::npos);
  CHECK(shown.find("\"https://<secret>@inventory.example/a@b\"\n") !=
        std::string::npos);
  CHECK(shown.find("@x.example:80?q=@\"\n") != std::string::npos);
  // A path that has an "@" is none.
  CHECK(Show("url: http://x.example/a@b") == "url: http://x.example/a@b\n");
}

TEST_CASE("it has an end") {
  std::string long_list = "a:\n";
  for (int i = 0; i < 1000; ++i) long_list += "  - entry\n";
  const std::string cut = Show(long_list, 100);
  CHECK(cut.size() < 200);
  CHECK(cut.ends_with("# The rest is not shown.\n"));
  const std::string cyclic = Show("a: &x\n  b: *x\n", kEnough);
  CHECK(cyclic.size() < 5000);
  // Each level ten times the one before.
  const std::string bomb = Show(
      "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
      "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
      "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
      "d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\n"
      "e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\n"
      "f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]\n",
      10'000);
  CHECK(bomb.size() < 11'000);
}

TEST_CASE("a configuration keeps its text") {
  const auto config = ParseConfig("targets: [mx1.example.com]", "smtp.yml");
  REQUIRE(config.has_value());
  REQUIRE(config->text != nullptr);
  CHECK(*config->text == "targets:\n  - mx1.example.com\n");
}

}  // namespace
}  // namespace exporter::config
