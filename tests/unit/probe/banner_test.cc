#include "probe/smtp/banner.h"

#include <string>
#include <vector>

#include "probe/smtp/text.h"
#include "tests/support/catch.h"

using probe::smtp::Banner;
using probe::smtp::kMaxBannerHostname;
using probe::smtp::kMaxBannerText;
using probe::smtp::Quirk;
using probe::smtp::Quirks;
using probe::smtp::ReadBanner;
using probe::smtp::Reply;

namespace {

Reply ReplyOf(const std::vector<std::string>& lines) {
  Reply reply;
  reply.code = std::stoi(lines.back().substr(0, 3));
  reply.lines = lines;
  return reply;
}

Quirks QuirksOf(const std::vector<Quirk>& list) {
  Quirks quirks;
  for (const Quirk quirk : list) quirks.Add(quirk);
  return quirks;
}

constexpr auto kOdd = Quirk::kNonconformantGreeting;
constexpr auto kMasked = Quirk::kMiddleboxMasked;

}  // namespace

TEST_CASE("a greeting's name, text and oddities") {
  const struct {
    const char* name;
    std::vector<std::string> lines;
    int code;
    std::string hostname;
    std::string text;
    std::vector<Quirk> quirks;
  } kCases[] = {
      {"plain",
       {"220 mx.example.com ESMTP"},
       220,
       "mx.example.com",
       "mx.example.com ESMTP",
       {}},
      {"teaser: the first line names",
       {"220-mx.example.com x", "220 b.example"},
       220,
       "mx.example.com",
       "mx.example.com x\nb.example",
       {}},
      {"250", {"250 hi"}, 250, "hi", "hi", {kOdd}},
      {"200", {"200 ok"}, 200, "ok", "ok", {kOdd}},
      {"code only", {"220"}, 220, "", "", {}},
      {"code and blank", {"220 "}, 220, "", "", {}},
      {"code and blanks", {"220   "}, 220, "", "  ", {}},
      {"blanks first", {"220   mx  x"}, 220, "mx", "  mx  x", {}},
      {"no name", {"220 ESMTP ready"}, 220, "ESMTP", "ESMTP ready", {}},
      {"literal", {"220 [10.0.0.1] x"}, 220, "[10.0.0.1]", "[10.0.0.1] x", {}},
      {"no dots", {"220 localhost"}, 220, "localhost", "localhost", {}},
      {"trailing dot kept", {"220 mx."}, 220, "mx.", "mx.", {}},
      {"upper case kept",
       {"220 MX.Example"},
       220,
       "MX.Example",
       "MX.Example",
       {}},
      // RFC 5321 4.2 allows a tab in the text.
      {"tab ends the name", {"220 mx\tESMTP"}, 220, "mx", "mx\\x09ESMTP", {}},
      {"masked",
       {"220 ****************"},
       220,
       "****************",
       "****************",
       {kMasked}},
      {"masked but digits",
       {"220 ***2***0 0**"},
       220,
       "***2***0",
       "***2***0 0**",
       {kMasked}},
      {"stars in text",
       {"220 mx *** welcome ***"},
       220,
       "mx",
       "mx *** welcome ***",
       {}},
      {"2 and 0 alone are no mask", {"220 2020"}, 220, "2020", "2020", {}},
      {"second line masked",
       {"220-mx", "220 ****"},
       220,
       "mx",
       "mx\n****",
       {kMasked}},
      {"Latin-1", {"220 mx Caf\xe9"}, 220, "mx", "mx Caf\\xe9", {kOdd}},
      {"UTF-8 is odd too",
       {"220 mx Caf\xc3\xa9"},
       220,
       "mx",
       "mx Caf\xc3\xa9",
       {kOdd}},
      {"UTF-8 name is none",
       {"220 m\xc3\xbcx x"},
       220,
       "",
       "m\xc3\xbcx x",
       {kOdd}},
      {"NUL",
       {std::string("220 mx a\0b", 10)},
       220,
       "mx",
       "mx a\\x00b",
       {kOdd}},
      {"NUL in the name",
       {std::string("220 m\0x", 7)},
       220,
       "",
       "m\\x00x",
       {kOdd}},
      {"escape in a later line",
       {"220-mx", "220-ok", "220 \x1b[2J"},
       220,
       "mx",
       "mx\nok\n\\x1b[2J",
       {kOdd}},
      {"empty lines", {"220-", "220-", "220"}, 220, "", "\n\n", {}},
  };
  for (const auto& test : kCases) {
    INFO(test.name);
    const Banner banner = ReadBanner(ReplyOf(test.lines));
    CHECK(banner.code == test.code);
    CHECK(banner.hostname == test.hostname);
    CHECK(banner.text == test.text);
    CHECK((banner.quirks == QuirksOf(test.quirks)));
  }
}

TEST_CASE("the reply's own quirks are kept") {
  Reply reply = ReplyOf({"220 mx"});
  reply.quirks.Add(Quirk::kBareLf);
  reply.quirks.Add(Quirk::kMixedCodes);
  CHECK((ReadBanner(reply).quirks ==
         QuirksOf({Quirk::kBareLf, Quirk::kMixedCodes})));
}

TEST_CASE("a host name beyond its limit is none") {
  const std::string longest(kMaxBannerHostname, 'a');
  CHECK(ReadBanner(ReplyOf({"220 " + longest + " x"})).hostname == longest);
  CHECK(ReadBanner(ReplyOf({"220 " + longest + "a x"})).hostname == "");
}

TEST_CASE("a long text is cut between characters") {
  const std::string full(kMaxBannerText, 'a');
  CHECK(ReadBanner(ReplyOf({"220 " + full})).text == full);
  CHECK(ReadBanner(ReplyOf({"220 " + full + "a"})).text ==
        full.substr(3) + "...");
  // The limit holds for all lines together, and what fits of the line that
  // reaches it stays.
  std::string accents;
  for (int i = 0; i < 1500; ++i) accents += "\xc3\xa9";
  const std::string text =
      ReadBanner(ReplyOf({"220-mx", "220 " + accents})).text;
  CHECK(text.size() >= kMaxBannerText - 1);
  CHECK(text.size() <= kMaxBannerText);
  CHECK(text.starts_with("mx\n\xc3\xa9\xc3\xa9"));
  CHECK(text.ends_with("\xc3\xa9..."));

  for (std::size_t used = kMaxBannerText - 6; used <= kMaxBannerText; ++used) {
    const Banner banner = ReadBanner(
        ReplyOf({"220-" + std::string(used, 'a'), "220-\x1b\x1b", "220 last"}));
    INFO(used);
    CHECK(banner.text.size() <= kMaxBannerText);
    CHECK(banner.text.starts_with(std::string(used, 'a')));
    CHECK(banner.quirks.Has(kOdd));
  }
}

TEST_CASE("oddities behind the kept text are still seen") {
  const Banner banner = ReadBanner(
      ReplyOf({"220-" + std::string(3000, 'a'), "220-\xe9", "220 ****"}));
  CHECK((banner.quirks == QuirksOf({kOdd, kMasked})));
}
