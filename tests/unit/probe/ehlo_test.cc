#include "probe/smtp/ehlo.h"

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/catch.h"

using namespace probe::smtp;

namespace {

constexpr double kUnlimited = std::numeric_limits<double>::infinity();
using Words = std::vector<std::string>;

// What an EHLO reply of these texts shows; the first is the server's name.
Capabilities Read(const Words& texts, int code = 250) {
  Reply reply;
  reply.code = code;
  for (const std::string& text : texts) {
    const bool last = &text == &texts.back();
    reply.lines.push_back(std::to_string(code) + (last ? " " : "-") + text);
    reply.bytes += reply.lines.back().size() + 2;
  }
  return ReadEhlo(reply, probe::smtp::Layer::kClear);
}

Quirks QuirksOf(const std::vector<Quirk>& list) {
  Quirks quirks;
  for (const Quirk quirk : list) quirks.Add(quirk);
  return quirks;
}

constexpr auto kInvalid = Quirk::kInvalidLines;
constexpr auto kLower = Quirk::kNonupperKeyword;
constexpr auto kMasked = Quirk::kMiddleboxMasked;
constexpr auto kSize = Quirk::kBadSize;

}  // namespace

TEST_CASE("keywords of an EHLO reply") {
  const struct {
    const char* name;
    Words texts;  // Behind the first line.
    Words keywords;
    std::vector<Quirk> quirks;
  } kCases[] = {
      {"none", {}, {}, {}},
      {"sorted", {"SIZE", "DSN", "8BITMIME"}, {"8BITMIME", "DSN", "SIZE"}, {}},
      {"merged", {"DSN", "DSN", "DSN foo"}, {"DSN"}, {}},
      {"last line counts", {"DSN", "STARTTLS"}, {"DSN", "STARTTLS"}, {}},
      {"lower case", {"starttls", "DSN"}, {"DSN", "STARTTLS"}, {kLower}},
      {"mixed case", {"StartTls"}, {"STARTTLS"}, {kLower}},
      {"both cases", {"DSN", "dsn"}, {"DSN"}, {kLower}},
      {"parameters in lower case", {"DSN foo"}, {"DSN"}, {}},
      {"blank behind", {"STARTTLS ", "DSN"}, {"DSN", "STARTTLS"}, {}},
      {"blank before", {" DSN", "ETRN"}, {"DSN", "ETRN"}, {kInvalid}},
      {"tab before", {"\tDSN", "ETRN"}, {"DSN", "ETRN"}, {kInvalid}},
      {"tab behind", {"DSN\tx"}, {"DSN"}, {}},
      {"equals sign", {"XVERP=Courier"}, {"XVERP"}, {}},
      {"equals sign alone", {"=DSN", "ETRN"}, {"ETRN"}, {kInvalid}},
      {"empty last line", {"DSN", ""}, {"DSN"}, {}},
      {"blank last line", {"DSN", " "}, {"DSN"}, {}},
      {"empty line inside", {"", "DSN"}, {"DSN"}, {kInvalid}},
      {"OK at the end", {"DSN", "OK"}, {"DSN"}, {}},
      {"ok at the end", {"DSN", "Ok"}, {"DSN"}, {}},
      {"OK inside is a word", {"OK", "DSN"}, {"DSN", "OK"}, {}},
      {"digits first", {"8BITMIME"}, {"8BITMIME"}, {}},
      {"hyphen inside", {"X-A-B"}, {"X-A-B"}, {}},
      {"hyphen first", {"-X", "DSN"}, {"DSN"}, {kInvalid}},
      {"underscore", {"A_B", "DSN"}, {"DSN"}, {kInvalid}},
      {"dot", {"A.B", "DSN"}, {"DSN"}, {kInvalid}},
      {"high byte", {"D\xc9N", "DSN"}, {"DSN"}, {kInvalid}},
      {"NUL", {std::string("DSN\0", 4), "ETRN"}, {"ETRN"}, {kInvalid}},
      {"CR inside", {"DSN\rETRN", "X"}, {"X"}, {kInvalid}},
      {"row of X", {"XXXXXXXX"}, {"XXXXXXXX"}, {kMasked}},
      {"row of X and A", {"XXXXXXXA"}, {"XXXXXXXA"}, {kMasked}},
      {"four X", {"XXXX"}, {"XXXX"}, {kMasked}},
      {"three X", {"XXX"}, {"XXX"}, {}},
      {"three X and A", {"XXXA"}, {"XXXA"}, {}},
      {"X and a word", {"XXXXAB"}, {"XXXXAB"}, {}},
      {"Exchange", {"XEXCH50", "XRDST"}, {"XEXCH50", "XRDST"}, {}},
      {"stars", {"********", "DSN"}, {"DSN"}, {kMasked, kInvalid}},
      {"REQUIRETLS in clear",
       {"REQUIRETLS", "DSN"},
       {"DSN"},
       {Quirk::kRequiretlsInClear}},
      {"lint is no matter",
       {"SMTPUTF8 foo", "BINARYMIME"},
       {"BINARYMIME", "SMTPUTF8"},
       {}},
  };
  for (const auto& test : kCases) {
    INFO(test.name);
    Words texts = test.texts;
    texts.insert(texts.begin(), "mx.example.com STARTTLS AUTH");
    const Capabilities seen = Read(texts);
    CHECK(seen.esmtp);
    CHECK(seen.keywords == test.keywords);
    CHECK((seen.quirks == QuirksOf(test.quirks)));
  }
}

TEST_CASE("STARTTLS is a word of its own") {
  for (const char* text : {"STARTTLS", "starttls", "STARTTLS ", "STARTTLS foo",
                           " STARTTLS", "STARTTLS=1", "STARTTLS\t"}) {
    INFO(text);
    CHECK(Read({"mx", text, "DSN"}).starttls);
    CHECK(Read({"mx", "DSN", text}).starttls);
  }
  for (const char* text : {"XSTARTTLS", "STARTTLSX", "START TLS", "STARTTLS,",
                           "XSECURITY=NONE,STARTTLS", "X STARTTLS",
                           "STARTTLS\x01", "\"STARTTLS\""}) {
    INFO(text);
    CHECK_FALSE(Read({"mx", text, "DSN"}).starttls);
  }
  CHECK_FALSE(Read({"STARTTLS"}).starttls);
  CHECK_FALSE(Read({"STARTTLS.example.com", "DSN"}).starttls);
}

TEST_CASE("AUTH and its mechanisms") {
  const struct {
    const char* name;
    Words texts;
    bool auth;
    Words mechanisms;
  } kCases[] = {
      {"two", {"AUTH PLAIN LOGIN"}, true, {"LOGIN", "PLAIN"}},
      {"old form", {"AUTH=LOGIN PLAIN"}, true, {"LOGIN", "PLAIN"}},
      {"union", {"AUTH PLAIN", "AUTH=LOGIN"}, true, {"LOGIN", "PLAIN"}},
      {"bare", {"AUTH"}, true, {}},
      {"bare old form", {"AUTH="}, true, {}},
      {"blanks", {"AUTH   PLAIN \t LOGIN "}, true, {"LOGIN", "PLAIN"}},
      {"duplicates", {"AUTH PLAIN plain Plain"}, true, {"PLAIN"}},
      {"lower case", {"auth cram-md5"}, true, {"CRAM-MD5"}},
      {"underscore", {"AUTH X_Y"}, true, {"X_Y"}},
      {"no mechanism", {"AUTH A.B A/B A=B \xe9 ~ PLAIN"}, true, {"PLAIN"}},
      {"AUTHX", {"AUTHX LOGIN"}, false, {}},
      {"X-EXPS", {"X-EXPS=LOGIN", "X-EXPS GSSAPI"}, false, {}},
      {"in parameters", {"DSN AUTH LOGIN"}, false, {}},
  };
  for (const auto& test : kCases) {
    INFO(test.name);
    Words texts = test.texts;
    texts.insert(texts.begin(), "auth.example.com");
    const Capabilities seen = Read(texts);
    CHECK(seen.auth == test.auth);
    CHECK(seen.auth_mechanisms == test.mechanisms);
  }
  CHECK_FALSE(Read({"AUTH LOGIN"}).auth);
}

TEST_CASE("SIZE and its limit") {
  const struct {
    const char* name;
    Words texts;
    bool listed;
    std::optional<double> limit;
    bool bad;
  } kCases[] = {
      {"missing", {"DSN"}, false, {}, false},
      {"a value", {"SIZE 52428800"}, true, 52428800, false},
      {"bare", {"SIZE"}, true, {}, false},
      {"bare and blank", {"SIZE "}, true, {}, false},
      {"bare and equals", {"SIZE="}, true, {}, false},
      {"zero", {"SIZE 0"}, true, kUnlimited, false},
      {"zeros", {"SIZE 000"}, true, kUnlimited, false},
      {"leading zeros", {"SIZE 0001000"}, true, 1000, false},
      {"one", {"SIZE 1"}, true, 1, false},
      {"equals", {"SIZE=10240000"}, true, 10240000, false},
      {"tab", {"SIZE\t1000"}, true, 1000, false},
      {"lower case", {"size 1000"}, true, 1000, false},
      {"word behind", {"SIZE 10240000 bytes"}, true, 10240000, false},
      {"2^63",
       {"SIZE 9223372036854775808"},
       true,
       9223372036854775808.0,
       false},
      {"20 digits", {"SIZE 99999999999999999999"}, true, 1e20, false},
      {"21 digits", {"SIZE 100000000000000000000"}, true, {}, true},
      {"negative", {"SIZE -1"}, true, {}, true},
      {"plus", {"SIZE +1"}, true, {}, true},
      {"suffix", {"SIZE 10M"}, true, {}, true},
      {"hex", {"SIZE 0x10"}, true, {}, true},
      {"fraction", {"SIZE 1.5"}, true, {}, true},
      {"exponent", {"SIZE 1e9"}, true, {}, true},
      {"infinity", {"SIZE inf"}, true, {}, true},
      {"nan", {"SIZE nan"}, true, {}, true},
      {"NUL", {std::string("SIZE 1\0", 7)}, true, {}, true},
      {"two: the first", {"SIZE 1", "SIZE 2"}, true, 1, true},
      {"two alike", {"SIZE 1", "SIZE 1"}, true, 1, true},
      {"two: zero first", {"SIZE 0", "SIZE 2"}, true, kUnlimited, true},
      {"two: first usable", {"SIZE x", "SIZE 2"}, true, 2, true},
      {"two: bare first", {"SIZE", "SIZE 2"}, true, 2, true},
      {"in another word", {"XSIZE 5", "SIZEX 6"}, false, {}, false},
  };
  for (const auto& test : kCases) {
    INFO(test.name);
    Words texts = test.texts;
    texts.insert(texts.begin(), "mx SIZE 7");
    const Capabilities seen = Read(texts);
    CHECK(seen.size == test.listed);
    CHECK(seen.size_limit == test.limit);
    CHECK(seen.quirks.Has(kSize) == test.bad);
  }
}

TEST_CASE("limits hold at their last value and not beyond") {
  const std::string longest(kMaxKeywordLength, 'A');
  Capabilities seen = Read({"mx", longest});
  CHECK(seen.keywords == Words{longest});
  CHECK(seen.quirks.Empty());
  seen = Read({"mx", longest + "A"});
  CHECK(seen.keywords.empty());
  CHECK((seen.quirks == QuirksOf({kInvalid})));

  Words texts = {"mx"};
  for (std::size_t i = 0; i < kMaxKeywords; ++i) {
    texts.push_back("K" + std::to_string(i));
  }
  texts.push_back("K0");  // Known: nothing is lost.
  seen = Read(texts);
  CHECK(seen.keywords.size() == kMaxKeywords);
  CHECK(seen.quirks.Empty());
  // Facts are read from lines whose keyword has no room any more.
  for (const char* more : {"STARTTLS", "AUTH PLAIN", "SIZE 1"}) {
    texts.emplace_back(more);
  }
  seen = Read(texts);
  CHECK(seen.keywords.size() == kMaxKeywords);
  CHECK((seen.quirks == QuirksOf({kInvalid})));
  CHECK(seen.starttls);
  CHECK(seen.auth_mechanisms == Words{"PLAIN"});
  CHECK(seen.size_limit == 1);

  std::string auth = "AUTH";
  for (std::size_t i = 0; i <= kMaxAuthMechanisms; ++i) {
    auth += " M" + std::to_string(i);
  }
  CHECK(Read({"mx", auth}).auth_mechanisms.size() == kMaxAuthMechanisms);
  const std::string name(kMaxMechanismLength, 'A');
  CHECK(Read({"mx", "AUTH " + name}).auth_mechanisms == Words{name});
  CHECK(Read({"mx", "AUTH " + name + "A"}).auth_mechanisms.empty());

  // "250-mx", CRLF, "250 A ", CRLF.
  const std::size_t frame = 8 + 8;
  seen = Read({"mx", "A " + std::string(kLongEhloBytes - frame, 'a')});
  CHECK(seen.quirks.Empty());
  seen = Read({"mx", "A " + std::string(kLongEhloBytes - frame + 1, 'a')});
  CHECK((seen.quirks == QuirksOf({Quirk::kLongEhlo})));
}

TEST_CASE("any 2xx is read, another than 250 is noted") {
  const Capabilities seen = Read({"mx", "STARTTLS"}, 251);
  CHECK(seen.starttls);
  CHECK((seen.quirks == QuirksOf({Quirk::kEhloCode})));
}

TEST_CASE("the reply's own quirks are kept") {
  Reply reply;
  reply.code = 250;
  reply.lines = {"250"};
  reply.quirks.Add(Quirk::kBareLf);
  const Capabilities seen = ReadEhlo(reply, probe::smtp::Layer::kClear);
  CHECK(seen.esmtp);
  CHECK(seen.keywords.empty());
  CHECK((seen.quirks == QuirksOf({Quirk::kBareLf})));
}
