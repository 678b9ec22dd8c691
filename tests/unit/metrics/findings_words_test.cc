// Every way to fail and every oddity has a sentence for whoever is woken by it.
#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "exporter/findings.h"
#include "exporter/findings/failure_words.h"
#include "exporter/findings/quantity.h"
#include "exporter/findings/quirk_words.h"
#include "probe/result.h"
#include "probe/smtp/quirk.h"
#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter::findings {
namespace {

using probe::Failure;
using probe::Phase;
using probe::Reason;
using tests::Contains;

bool IsSentence(std::string_view text) {
  return text.size() > 20 && text[0] >= 'A' && text[0] <= 'Z' &&
         text.ends_with('.') && text.find("  ") == text.npos &&
         text.find("..") == text.npos;
}

bool IsTitle(std::string_view text) {
  return text.size() > 10 && text.size() < 100 && text[0] >= 'A' &&
         text[0] <= 'Z' && !text.ends_with('.') && !text.ends_with(' ');
}

TEST_CASE("every reason in every phase has a title and advice") {
  std::set<std::string> titles;
  for (std::size_t r = 0; r < probe::kReasonCount; ++r) {
    for (std::size_t p = 0; p < probe::kPhaseCount; ++p) {
      Failure failure = {.phase = static_cast<Phase>(p),
                         .reason = static_cast<Reason>(r),
                         .detail = ""};
      INFO(Name(failure.phase) << " " << Name(failure.reason));
      const Text silent = WordsOf(failure);
      CHECK(IsTitle(silent.title));
      CHECK(IsSentence(silent.advice));
      CHECK(LevelOf(failure) != Level::kOk);
      titles.insert(silent.title);

      failure.detail = "what came, in its own words";
      const Text told = WordsOf(failure);
      CHECK(told.title == silent.title);
      CHECK(IsSentence(told.advice));
      // Its first letter may have become a capital.
      CHECK(Contains(told.advice, failure.detail.substr(1) + ". "));
      CHECK(told.advice.ends_with(silent.advice));
    }
  }
  // No two reasons are told alike.
  CHECK(titles.size() > probe::kReasonCount);
}

TEST_CASE("no two reasons have one title") {
  for (std::size_t p = 0; p < probe::kPhaseCount; ++p) {
    std::set<std::string> titles;
    for (std::size_t r = 0; r < probe::kReasonCount; ++r) {
      titles.insert(WordsOf({.phase = static_cast<Phase>(p),
                             .reason = static_cast<Reason>(r),
                             .detail = ""})
                        .title);
    }
    CHECK(titles.size() == probe::kReasonCount);
  }
}

TEST_CASE("what was being done stands with what came") {
  struct Case {
    Phase phase;
    Reason reason;
    std::string_view detail;
    std::string_view title;
    std::string_view begin;  // Of the advice.
  };
  const Case cases[] = {
      {Phase::kConnect, Reason::kTimeout, "waited 5s for the connection",
       "Nothing answers at the address",
       "Waited 5s for the connection. The host is down, a firewall drops"},
      {Phase::kGreeting, Reason::kRejectedPermanent, "554 no service",
       "The server turns this host away",
       "The greeting: 554 no service. It takes no mail from here"},
      {Phase::kStarttls, Reason::kRejectedTemporary,
       "454 4.7.0 TLS not available", "STARTTLS is offered and refused for now",
       "The answer to STARTTLS: 454 4.7.0 TLS not available. "
       "Mostly"},
      {Phase::kTls, Reason::kTlsAlert,
       "the server sent the alert handshake_failure (40)",
       "The server broke TLS off",
       "The TLS handshake: the server sent the alert handshake_failure "
       "(40). The alert names"},
      {Phase::kEhloTls, Reason::kClosed, "",
       "The server closed the connection while we waited for the answer to "
       "EHLO "
       "inside TLS",
       "A process crashed"},
      {Phase::kTls, Reason::kProtocolError, "",
       "No SMTP came in the TLS handshake", "Another program"},
  };
  for (const Case& c : cases) {
    INFO(c.title);
    const Text text = WordsOf({.phase = c.phase,
                               .reason = c.reason,
                               .detail = std::string(c.detail)});
    CHECK(text.title == c.title);
    CHECK(text.advice.starts_with(c.begin));
  }
}

TEST_CASE("a sentence of a server ends once") {
  const Text text = WordsOf({.phase = Phase::kGreeting,
                             .reason = Reason::kRejectedTemporary,
                             .detail = "450 later, please."});
  CHECK(text.advice.starts_with("The greeting: 450 later, please. Its own"));
}

TEST_CASE("who is busy is no outage, and our own trouble is no verdict") {
  const auto level = [](Phase phase, Reason reason) {
    return LevelOf({.phase = phase, .reason = reason, .detail = ""});
  };
  CHECK(level(Phase::kGreeting, Reason::kServiceClosing) == Level::kWarning);
  CHECK(level(Phase::kEhlo, Reason::kRejectedTemporary) == Level::kWarning);
  CHECK(level(Phase::kStarttls, Reason::kRejectedTemporary) ==
        Level::kCritical);
  CHECK(level(Phase::kGreeting, Reason::kRejectedPermanent) ==
        Level::kCritical);
  CHECK(level(Phase::kConnect, Reason::kRefused) == Level::kCritical);
  CHECK(level(Phase::kConnect, Reason::kBackoff) == Level::kInfo);
  for (std::size_t r = 0; r < probe::kReasonCount; ++r) {
    const auto reason = static_cast<Reason>(r);
    const bool ours = reason == Reason::kBackoff ||
                      reason == Reason::kShutdown ||
                      reason == Reason::kInternal;
    CHECK(probe::IsOurOwn(reason) == ours);
  }
}

TEST_CASE("every quirk has a title and advice") {
  std::set<std::string_view> titles;
  for (std::size_t i = 0; i < probe::smtp::kQuirkCount; ++i) {
    INFO(probe::smtp::kQuirkNames[i]);
    const QuirkWords& words = WordsOf(static_cast<probe::smtp::Quirk>(i));
    CHECK(IsTitle(words.title));
    CHECK(IsSentence(words.advice));
    CHECK(words.level != Level::kOk);
    titles.insert(words.title);
  }
  CHECK(titles.size() == probe::smtp::kQuirkCount);
}

TEST_CASE("codes are words, and each stands for one thing") {
  std::set<std::string_view> codes;
  for (const std::string_view code : FindingCodes()) {
    INFO(code);
    CHECK(code.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
          code.npos);
    CHECK(codes.insert(code).second);
  }
  CHECK(codes.contains("starttls_missing"));
  CHECK(codes.contains("refused"));
  CHECK(codes.contains("middlebox_masked"));
}

TEST_CASE("quantities read as people write them") {
  using std::chrono::days;
  using std::chrono::hours;
  using std::chrono::milliseconds;
  using std::chrono::minutes;
  using std::chrono::seconds;
  CHECK(Counted(0, "day") == "0 days");
  CHECK(Counted(1, "day") == "1 day");
  CHECK(SpanText(seconds(1)) == "1 second");
  CHECK(SpanText(seconds(119)) == "119 seconds");
  CHECK(SpanText(seconds(120)) == "2 minutes");
  CHECK(SpanText(minutes(119)) == "119 minutes");
  CHECK(SpanText(hours(47) + minutes(59)) == "47 hours");
  CHECK(SpanText(hours(48)) == "2 days");
  CHECK(SpanText(seconds(days(63)) - seconds(1)) == "62 days");
  CHECK(SpanText(probe::Duration(milliseconds(1999))) == "1 second");
  CHECK(SecondsText(milliseconds(12)) == "12 ms");
  CHECK(SecondsText(milliseconds(6123)) == "6.1 s");
  CHECK(SecondsText(milliseconds(45678)) == "46 s");
  CHECK(SecondsText(seconds(123)) == "123 s");
  CHECK(SecondsText(seconds(0)) == "0 ms");
  CHECK(SecondsText(milliseconds(250)) == "250 ms");
  CHECK(SecondsText(std::chrono::microseconds(999600)) == "1 s");
  CHECK(SecondsText(std::chrono::microseconds(213)) == "0.21 ms");
  CHECK(SizeText(0) == "0 bytes");
  CHECK(SizeText(1023) == "1023 bytes");
  CHECK(SizeText(26214400) == "25 MiB");
  CHECK(SizeText(10240000) == "9.7 MiB");
  CHECK(SizeText(26214399) == "24.9 MiB");
  CHECK(SizeText(5e9) == "4.6 GiB");
  CHECK(SizeText(1e20) == "90949470.1 TiB");
}

}  // namespace
}  // namespace exporter::findings
