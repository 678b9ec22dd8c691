#include "probe/smtp/reply.h"

#include <string>
#include <vector>

#include "tests/support/catch.h"

using probe::smtp::kMaxReplyBytes;
using probe::smtp::kMaxReplyLine;
using probe::smtp::kMaxReplyLines;
using probe::smtp::Quirk;
using probe::smtp::Reply;
using probe::smtp::ReplyError;
using probe::smtp::ReplyReader;

namespace {

// Everything a reader made of some bytes, as text: replies as
// "code(quirks)line|line;", then "error" or what is unread.
std::string Read(const std::vector<std::string>& pieces) {
  ReplyReader reader;
  std::string text;
  for (const std::string& piece : pieces) {
    reader.Feed(piece);
    while (true) {
      const auto next = reader.Next();
      if (!next) {
        const bool large = next.error().kind == ReplyError::Kind::kTooLarge;
        // It stays in error, whatever comes.
        reader.Feed("220 ok\r\n");
        if (reader.Next().has_value()) return "the error went away";
        return text + (large ? "too large:" : "malformed:") + next.error().line;
      }
      if (!*next) break;
      const Reply& reply = **next;
      text += std::to_string(reply.code);
      if (reply.quirks.Has(Quirk::kMixedCodes)) text += "(mixed)";
      if (reply.quirks.Has(Quirk::kBareLf)) text += "(bare)";
      for (const std::string& line : reply.lines) {
        text += (&line == &reply.lines.front() ? "" : "|") + line;
      }
      text += ';';
    }
  }
  if (reader.InsideReply()) text += "inside";
  if (!reader.Unread().empty()) text += ':' + std::string(reader.Unread());
  return text;
}

std::vector<std::string> Bytes(const std::string& text) {
  std::vector<std::string> bytes;
  for (const char c : text) bytes.emplace_back(1, c);
  return bytes;
}

}  // namespace

TEST_CASE("bytes become replies, however they are split") {
  const struct {
    const char* name;
    std::string bytes;
    std::string want;
  } kCases[] = {
      {"nothing", "", ""},
      {"one line", "220 mx\r\n", "220220 mx;"},
      {"code only", "220\r\n", "220220;"},
      {"code and blank", "220 \r\n", "220220 ;"},
      {"continuation without text", "220-\r\n220\r\n", "220220-|220;"},
      {"lines", "250-a\r\n250-b\r\n250 c\r\n", "250250-a|250-b|250 c;"},
      {"two replies", "220 a\r\n250 b\r\n", "220220 a;250250 b;"},
      {"number in text", "250-234 x\r\n250 y\r\n", "250250-234 x|250 y;"},
      {"mixed", "220-a\r\n521 b\r\n", "521(mixed)220-a|521 b;"},
      {"mixed in the middle", "220-a\r\n250-b\r\n220 c\r\n",
       "220(mixed)220-a|250-b|220 c;"},
      {"mixed does not last", "220-a\r\n521 b\r\n220 c\r\n",
       "521(mixed)220-a|521 b;220220 c;"},
      {"bare LF", "220 a\n", "220(bare)220 a;"},
      {"bare LF, code only", "220\n", "220(bare)220;"},
      {"bare LF in one of two", "220-a\n220 b\r\n", "220(bare)220-a|220 b;"},
      {"bare does not last", "220 a\n220 b\r\n", "220(bare)220 a;220220 b;"},
      {"two CRs", "220 a\r\r\n", "220(bare)220 a;"},
      {"lone CR", "220 a\r250 b\r\n", "220220 a\r250 b;"},
      {"lone CR is no end", "220 a\r", "inside:220 a\r"},
      {"CR behind the code", "220\r\r\n", "220(bare)220;"},
      {"NUL", std::string("220 a\0b\r\n", 9), std::string("220220 a\0b;", 11)},
      {"half a line", "220 a", "inside:220 a"},
      {"half a reply", "220-a\r\n", "inside"},
      {"reply and a half", "220 a\r\n25", "220220 a;inside:25"},
      {"lowest code", "200 a\r\n", "200200 a;"},
      {"highest code", "599 a\r\n", "599599 a;"},
      {"code 199", "199 a\r\n", "malformed:199 a"},
      {"code 000", "000 a\r\n", "malformed:000 a"},
      {"code 600", "600 a\r\n", "malformed:600 a"},
      {"dot", "250.1\r\n", "malformed:250.1"},
      {"four digits", "2502 x\r\n", "malformed:2502 x"},
      {"tab", "250\tx\r\n", "malformed:250\tx"},
      {"two digits", "25\r\n", "malformed:25"},
      {"letter", "2a0 x\r\n", "malformed:2a0 x"},
      {"letter at the end", "25O x\r\n", "malformed:25O x"},
      {"minus", "-250 x\r\n", "malformed:-250 x"},
      {"blank first", " 250 x\r\n", "malformed: 250 x"},
      {"blank line", "\r\n", "malformed:"},
      {"bare blank line", "\n", "malformed:"},
      {"text", "Welcome\r\n220 mx\r\n", "malformed:Welcome"},
      {"bad continuation", "250-a\r\nSIZE\r\n250 b\r\n", "malformed:SIZE"},
      {"good, then bad", "220 a\r\nfoo\r\n", "220220 a;malformed:foo"},
      {"digits of other alphabets", "\xd9\xa2\xd9\xa2\xd9\xa0 x\r\n",
       "malformed:\xd9\xa2\xd9\xa2\xd9\xa0 x"},
      {"high bytes", "\xb2\xb2\xb0 x\r\n", "malformed:\xb2\xb2\xb0 x"},
  };
  for (const auto& test : kCases) {
    INFO(test.name);
    CHECK(Read({test.bytes}) == test.want);
    CHECK(Read(Bytes(test.bytes)) == test.want);
    for (std::size_t at = 0; at <= test.bytes.size(); ++at) {
      CHECK(Read({test.bytes.substr(0, at), test.bytes.substr(at)}) ==
            test.want);
    }
  }
}

TEST_CASE("limits hold at their last value and not beyond") {
  // A line, its end included.
  const std::string fits = "220 " + std::string(kMaxReplyLine - 6, 'a');
  CHECK(Read({fits + "\r\n"}) == "220" + fits + ";");
  const std::string start = fits.substr(0, 256);
  CHECK(Read({fits + "a\r\n"}) == "too large:" + start);
  // The same without an end in sight: no more is stored than a line.
  const std::string endless = "220 " + std::string(kMaxReplyLine - 4, 'a');
  CHECK(Read({endless}) == "inside:" + endless);
  CHECK(Read({endless + "a"}) == "too large:" + start);
  CHECK(Read({endless + "\n"}) == "too large:" + start);
  CHECK(Read(Bytes(endless + "a")) == "too large:" + start);

  // Lines.
  std::string lines;
  for (std::size_t i = 1; i < kMaxReplyLines; ++i) lines += "220-a\r\n";
  CHECK(Read({lines + "220 b\r\n"}).ends_with("|220 b;"));
  CHECK(Read({lines + "220-b\r\n"}) == "inside");
  CHECK(Read({lines + "220-b\r\n220 c\r\n"}) == "too large:220 c");
  CHECK(Read({lines + "220 b\r\n" + lines + "220 c\r\n"}).ends_with("|220 c;"));

  // Bytes of one reply: 16 lines of 4096.
  const std::string line =
      "220-" + std::string(kMaxReplyLine - 6, 'a') + "\r\n";
  std::string bytes;
  while (bytes.size() + line.size() < kMaxReplyBytes) bytes += line;
  const std::size_t room = kMaxReplyBytes - bytes.size();
  const std::string last = "220 " + std::string(room - 6, 'z');
  CHECK(Read({bytes, last + "\r\n"}).ends_with("z;"));
  CHECK(Read({bytes, line, "220\r\n"}) == "too large:220");
  for (const std::size_t cut : {1UL, 4096UL, 40000UL}) {
    CHECK(Read({bytes.substr(0, cut), bytes.substr(cut) + line + "220\r\n"}) ==
          "too large:220");
  }
}

TEST_CASE("a long conversation does not pile up") {
  // Far beyond what the buffer keeps of bytes already read.
  ReplyReader reader;
  for (int i = 0; i < 5000; ++i) {
    reader.Feed("220-some text of a line\r\n220 more\r\n22");
    const auto first = reader.Next();
    REQUIRE(first.has_value());
    REQUIRE(first->has_value());
    CHECK((*first)->lines.size() == 2);
    CHECK((*first)->bytes == 35);
    const auto none = reader.Next();
    REQUIRE(none.has_value());
    REQUIRE_FALSE(none->has_value());
    CHECK(reader.Unread() == "22");
    reader.Feed("0 x\r\n");
    const auto second = reader.Next();
    REQUIRE(second.has_value());
    REQUIRE(second->has_value());
    CHECK((*second)->lines.front() == "220 x");
    CHECK_FALSE(reader.InsideReply());
  }
}

TEST_CASE("a reply shows its class, its text and a summary") {
  Reply reply;
  CHECK(reply.Summary() == "");
  reply.code = 521;
  reply.lines = {"220-mx", "521 5.7.1 no\x1b \xe9"};
  CHECK(reply.severity() == 5);
  CHECK(reply.Summary() == "521 5.7.1 no\\x1b \\xe9");
  reply.lines = {"521 " + std::string(1000, 'a')};
  CHECK(reply.Summary().size() == 300);
  CHECK(Reply::Text("220 mx") == "mx");
  CHECK(Reply::Text("220-") == "");
  CHECK(Reply::Text("220") == "");
}
