#include "exporter/changes.h"

#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/result_store.h"
#include "probe/utf8.h"
#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter {
namespace {

using probe::ProbeResult;
using probe::tls::KeyType;
using tests::BusyResult;
using tests::kNow;
using tests::TlsResult;

// What the last of `results` changed.
std::vector<Change> Changes(const std::vector<ProbeResult>& results,
                            KeyType asked = KeyType::kAny) {
  ResultStore store;
  store.Add(1);
  std::optional<ResultStore::Transition> last;
  for (const ProbeResult& result : results) last = store.Put(1, result);
  return WhatChanged(last->before.get(), *last->after, asked);
}

ProbeResult Changed(const std::function<void(ProbeResult&)>& change) {
  ProbeResult result = TlsResult();
  change(result);
  return result;
}

std::string Text(const std::vector<Change>& changes) {
  std::string text;
  for (const Change& change : changes) {
    text += change.level == Change::Level::kWarning ? "W" : "I";
    text += change.logged ? "+ " : "- ";
    text += change.Text() + "\n";
  }
  return text;
}

// The log's own are in verdict_log_test.cc.
TEST_CASE("what only people want to know is no line of the log") {
  struct Case {
    const char* name;
    std::function<void(ProbeResult&)> change;
    std::string want;
  };
  const std::vector<Case> cases = {
      {"nothing", [](ProbeResult&) {}, ""},
      {"another name",
       [](ProbeResult& r) { r.banner->hostname = "mx2.example.com"; },
       "I- Banner host changed: from mx1.example.com, to mx2.example.com\n"},
      {"no name", [](ProbeResult& r) { r.banner->hostname = ""; },
       "I- Banner host changed: from mx1.example.com, to no name\n"},
      {"another text, such as the time",
       [](ProbeResult& r) { r.banner->text += " 10:00"; }, ""},
      {"SIZE inside TLS",
       [](ProbeResult& r) { r.inside->size_limit = 10'000'000; },
       "I- SIZE changed: from 52428800, to 10000000\n"},
      {"SIZE that mail does not meet",
       [](ProbeResult& r) { r.clear->size_limit = 1; }, ""},
      {"SIZE without a limit",
       [](ProbeResult& r) {
         r.inside->size_limit = std::numeric_limits<double>::infinity();
       },
       "I- SIZE changed: from 52428800, to unlimited\n"},
      {"no SIZE", [](ProbeResult& r) { r.inside->size_limit.reset(); },
       "I- SIZE changed: from 52428800, to none\n"},
      {"capabilities in clear",
       [](ProbeResult& r) {
         r.clear->keywords = {"AUTH", "CHUNKING", "DSN", "SIZE", "STARTTLS"};
       },
       "I- Capabilities in clear changed: gone 8BITMIME, new CHUNKING DSN\n"},
      {"one less inside TLS",
       [](ProbeResult& r) {
         r.inside->keywords = {"8BITMIME", "SIZE"};
       },
       "I- Capabilities inside TLS changed: gone REQUIRETLS\n"},
      {"AUTH inside TLS",
       [](ProbeResult& r) {
         r.inside->keywords = {"8BITMIME", "AUTH", "REQUIRETLS", "SIZE"};
       },
       "I- Capabilities inside TLS changed: new AUTH\n"},
      {"STARTTLS, which is news, and what is with it",
       [](ProbeResult& r) {
         r = tests::GoodResult();
         r.clear->starttls = false;
         r.clear->keywords = {"8BITMIME"};
       },
       "W+ STARTTLS is no longer advertised\n"
       "I- Capabilities in clear changed: gone SIZE\n"},
      {"nothing can be seen", [](ProbeResult& r) { r = BusyResult(kNow); },
       "W+ Probe failed: phase greeting, reason service_closing, detail 421 "
       "4.3.2 too busy\n"},
      {"a certificate",
       [](ProbeResult& r) {
         r.handshake->certificate->fingerprint_sha256 = std::string(64, 'b');
       },
       "I+ Certificate changed: from aaaaaaaaaaaaaaaa, to bbbbbbbbbbbbbbbb, "
       "not after 2027-01-22T10:00:00Z\n"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(Text(Changes({TlsResult(), Changed(c.change)})) == c.want);
  }
}

TEST_CASE("SIZE in clear counts where there is nothing inside") {
  ProbeResult small = tests::GoodResult();
  small.clear->size_limit = 1;
  CHECK(Text(Changes({tests::GoodResult(), small})) ==
        "I- SIZE changed: from 10240000, to 1\n");
}

TEST_CASE("a further certificate has only its own changes") {
  const ProbeResult other = Changed([](ProbeResult& r) {
    r.banner->hostname = "other";
    r.inside->size_limit = 1;
    r.clear->keywords.clear();
    r.handshake->verdict->name_match = false;
  });
  CHECK(Text(Changes({TlsResult(), other}, KeyType::kRsa)) ==
        "W+ Certificate does not name the server: subject CN=mx1.example.com, "
        "names mx1.example.com\n");
}

bool IsOnePrintableLine(std::string_view text) {
  while (!text.empty()) {
    const probe::Utf8Character character = probe::DecodeUtf8(text);
    if (!character.valid || !probe::IsPrintable(character.code_point)) {
      return false;
    }
    text.remove_prefix(character.bytes);
  }
  return true;
}

TEST_CASE("whatever a server says, a change is one printable line") {
  const std::vector<std::string> hostile = {
      "",
      "a\r\nb",
      std::string("nul\0nul", 7),
      "\x1b]0;title\x07\x1b[31m",
      "<script>alert(1)</script>",
      "\xe2\x80\xae"
      "txt.exe",
      "\xe2\x80\xa8line separator",
      "\xff\xfe\xc0\x80",
      std::string(100'000, 'x'),
      std::string(kMaxChangeText, '\x01'),
      std::string(kMaxChangeText / 2, '\xc3') + "\xc3",
  };
  std::size_t seen = 0;
  for (const std::string& text : hostile) {
    const ProbeResult result = Changed([&](ProbeResult& r) {
      r.failure = {.phase = probe::Phase::kEhlo,
                   .reason = probe::Reason::kRejectedPermanent,
                   .detail = text};
      r.banner->hostname = text;
      r.clear->keywords = {text, text + "y"};
      r.inside->keywords = {text};
      r.inside->size_limit = 1e300;
      r.handshake->certificate->fingerprint_sha256 = text;
      r.handshake->certificate->subject = text;
      r.handshake->certificate->names = {text, text};
      r.handshake->verdict->name_match = false;
    });
    for (const Change& change : Changes({TlsResult(), result})) {
      const std::string line = change.Text();
      CAPTURE(line);
      CHECK(IsOnePrintableLine(line));
      CHECK(line.size() <= kMaxChangeText);
      CHECK(line.starts_with(change.message));
      ++seen;
    }
  }
  CHECK(seen == 7 * hostile.size());
}

}  // namespace
}  // namespace exporter
