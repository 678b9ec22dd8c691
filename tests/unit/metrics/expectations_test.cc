#include "exporter/expectations.h"

#include <limits>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter {
namespace {

using tests::MakeBanner;
using tests::MakeCapabilities;
using tests::MakeTarget;

TEST_CASE("the greeting's name is compared as a host name") {
  struct Case {
    const char* name;
    std::string host;    // Of the target.
    std::string expect;  // expect.banner
    std::string hostname;
    std::string rest;
    std::optional<bool> want;
  };
  const std::vector<Case> cases = {
      {"the target's own", "mx1.example.com", "", "mx1.example.com", "", true},
      {"case", "MX1.Example.com", "", "mx1.eXample.COM", "", true},
      {"trailing dots", "mx1.example.com.", "", "mx1.example.com", "", true},
      {"trailing dot said", "mx1.example.com", "", "mx1.example.com.", "",
       true},
      {"only one dot", "mx1.example.com", "", "mx1.example.com..", "", false},
      {"another", "mx1.example.com", "", "mx2.example.com", "", false},
      {"longer", "mx1.example.com", "", "mx1.example.com.evil", "", false},
      {"shorter", "mx1.example.com", "", "mx1.example.co", "", false},
      {"none", "mx1.example.com", "", "", "", false},
      {"configured name wins", "mx1.example.com", "Mail.example.com",
       "mail.example.com", "", true},
      {"configured name, other said", "mx1.example.com", "mail.example.com",
       "mx1.example.com", "", false},
      {"IP literal", "192.0.2.1", "", "mx1.example.com", "", std::nullopt},
      {"IP literal with expectation", "192.0.2.1", "mx1.example.com",
       "mx1.example.com", "", true},
      {"regular expression", "a", "/^mx[0-9]+\\./", "mx12.example.com", "",
       true},
      {"regular expression fails", "a", "/^mx[0-9]+$/", "mx12.example.com", "",
       false},
      {"regular expression reads all the text", "a", "/second line/", "mx",
       " hello\nthe second line", true},
      {"regular expression on an IP literal", "192.0.2.1", "/Postfix/", "mx",
       " ESMTP Postfix", true},
      {"one slash is a name", "a", "/", "/", "", true},
      {"empty expression", "a", "//", "mx", "", true},
      {"an expression that would take a backtracker for ever", "a", "/(a+)+$/",
       std::string(255, 'a') + "!", "", false},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    probe::Target target = MakeTarget();
    target.host = c.host;
    target.literal = probe::IpAddress::Parse(c.host);
    target.expect.banner = c.expect;
    probe::smtp::Banner banner = MakeBanner(c.hostname);
    banner.text = c.hostname + c.rest;
    const BannerMatcher matcher(target);
    CHECK(matcher.Match(banner) == c.want);
    const BannerMatcher copy = matcher;
    CHECK(copy.Match(banner) == c.want);
  }
}

std::string Judged(const probe::Target& target,
                   const probe::smtp::Banner* banner,
                   const probe::smtp::Capabilities* capabilities) {
  std::string text;
  for (const auto& [name, met] :
       JudgeExpectations(target, BannerMatcher(target), banner, capabilities)) {
    text += std::string(name) + "=" + (met ? "1" : "0") + " ";
  }
  return text;
}

TEST_CASE("nothing is judged that was not expected or not observed") {
  probe::Target target = MakeTarget();
  const probe::smtp::Banner banner = MakeBanner("mx1.example.com");
  const probe::smtp::Capabilities clear = MakeCapabilities();
  CHECK(Judged(target, &banner, &clear) == "");

  target.expect.banner = "mx1.example.com";
  target.expect.starttls = true;
  target.expect.auth = false;
  target.expect.size_at_least = 1e6;
  target.expect.capabilities = {"8BITMIME"};
  CHECK(Judged(target, &banner, &clear) ==
        "banner=1 starttls=1 auth=1 size_at_least=1 capabilities=1 ");
  CHECK(Judged(target, nullptr, &clear) ==
        "starttls=1 auth=1 size_at_least=1 capabilities=1 ");
  CHECK(Judged(target, &banner, nullptr) == "banner=1 ");
  CHECK(Judged(target, nullptr, nullptr) == "");
}

TEST_CASE("each expectation") {
  struct Case {
    const char* name;
    void (*change)(probe::Expectations&, probe::smtp::Capabilities&);
    std::string want;
  };
  using probe::Expectations;
  using probe::smtp::Capabilities;
  const std::vector<Case> cases = {
      {"STARTTLS wanted and gone",
       [](Expectations& e, Capabilities& c) {
         e.starttls = true, c.starttls = false;
       },
       "starttls=0 "},
      {"STARTTLS not wanted",
       [](Expectations& e, Capabilities&) { e.starttls = false; },
       "starttls=0 "},
      {"AUTH wanted and there",
       [](Expectations& e, Capabilities& c) { e.auth = true, c.auth = true; },
       "auth=1 "},
      {"AUTH not wanted and there",
       [](Expectations& e, Capabilities& c) { e.auth = false, c.auth = true; },
       "auth=0 "},
      {"SIZE exactly",
       [](Expectations& e, Capabilities&) { e.size_at_least = 10240000; },
       "size_at_least=1 "},
      {"SIZE too small",
       [](Expectations& e, Capabilities&) { e.size_at_least = 10240001; },
       "size_at_least=0 "},
      {"SIZE without limit",
       [](Expectations& e, Capabilities& c) {
         e.size_at_least = 1e12;
         c.size_limit = std::numeric_limits<double>::infinity();
       },
       "size_at_least=1 "},
      {"SIZE unknown is not too small",
       [](Expectations& e, Capabilities& c) {
         e.size_at_least = 1, c.size_limit.reset();
       },
       ""},
      {"all capabilities",
       [](Expectations& e, Capabilities&) {
         e.capabilities = {"STARTTLS", "SIZE", "8BITMIME"};
       },
       "capabilities=1 "},
      {"one capability missing",
       [](Expectations& e, Capabilities&) {
         e.capabilities = {"SIZE", "PIPELINING"};
       },
       "capabilities=0 "},
      {"HELO only",
       [](Expectations& e, Capabilities& c) {
         c = {};
         e.starttls = true;
         e.capabilities = {"SIZE"};
       },
       "starttls=0 capabilities=0 "},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    probe::Target target = MakeTarget();
    probe::smtp::Capabilities clear = MakeCapabilities();
    c.change(target.expect, clear);
    CHECK(Judged(target, nullptr, &clear) == c.want);
  }
}

}  // namespace
}  // namespace exporter
