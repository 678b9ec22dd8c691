#include "exporter/expectations.h"

#include <chrono>
#include <limits>
#include <optional>
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
    CHECK(matcher.Match(banner, "") == c.want);
    const BannerMatcher copy = matcher;
    CHECK(copy.Match(banner, "") == c.want);
  }
}

TEST_CASE("an exchanger of a domain is expected to give its own name") {
  struct Case {
    const char* name;
    std::string expect;  // expect.banner
    std::string mx;
    std::string hostname;
    std::optional<bool> want;
  };
  const std::vector<Case> cases = {
      {"its own", "", "mx1.example.org", "MX1.example.org.", true},
      {"the domain's", "", "mx1.example.org", "example.org", false},
      {"none", "", "mx1.example.org", "", false},
      {"not known what it is called", "", "", "example.org", std::nullopt},
      {"configured name", "mail.example.org", "mx1.example.org",
       "mail.example.org", true},
      {"configured name wins", "mail.example.org", "mx1.example.org",
       "mx1.example.org", false},
      {"regular expression", "/^mx/", "mx1.example.org", "mx9.example.org",
       true},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    probe::Target target = tests::MakeDomain();
    target.expect.banner = c.expect;
    CHECK(BannerMatcher(target).Match(MakeBanner(c.hostname), c.mx) == c.want);
  }
}

std::string Judged(const probe::Target& target, const Facts& facts) {
  std::string text;
  for (const auto& [name, met] :
       JudgeExpectations(target, BannerMatcher(target), facts, tests::kNow)) {
    text += std::string(name) + "=" + (met ? "1" : "0") + " ";
  }
  return text;
}

TEST_CASE("nothing is judged that was not expected or not observed") {
  probe::Target target = MakeTarget();
  const probe::smtp::Banner banner = MakeBanner("mx1.example.com");
  const probe::smtp::Capabilities clear = MakeCapabilities();
  CHECK(Judged(target, {.banner = &banner, .clear = &clear}) == "");

  target.expect.banner = "mx1.example.com";
  target.expect.starttls = true;
  target.expect.auth = false;
  target.expect.size_at_least = 1e6;
  target.expect.capabilities = {"8BITMIME"};
  CHECK(Judged(target, {.banner = &banner, .clear = &clear}) ==
        "banner=1 starttls=1 auth=1 size_at_least=1 capabilities=1 ");
  CHECK(Judged(target, {.clear = &clear}) ==
        "starttls=1 auth=1 size_at_least=1 capabilities=1 ");
  CHECK(Judged(target, {.banner = &banner}) == "banner=1 ");
  CHECK(Judged(target, {}) == "");
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
    CHECK(Judged(target, {.clear = &clear}) == c.want);
  }
}

// What a server says on either layer; nothing where it was not observed.
struct Layers {
  probe::TlsMode mode = probe::TlsMode::kOpportunistic;
  std::optional<probe::smtp::Capabilities> clear = MakeCapabilities();
  std::optional<probe::smtp::Capabilities> inside = tests::MakeInside();
};

TEST_CASE("the offer inside TLS counts, and unknown is not absent") {
  struct Case {
    const char* name;
    void (*change)(Layers&);
    std::string want;
  };
  const std::vector<Case> cases = {
      {"both layers known", [](Layers&) {},
       "starttls=1 auth=0 size_at_least=1 capabilities=1 "},
      {"AUTH inside only", [](Layers& l) { l.inside->auth = true; },
       "starttls=1 auth=1 size_at_least=1 capabilities=1 "},
      {"AUTH in clear only", [](Layers& l) { l.clear->auth = true; },
       "starttls=1 auth=1 size_at_least=1 capabilities=1 "},
      {"nothing known of the inside", [](Layers& l) { l.inside.reset(); },
       "starttls=1 "},
      {"nothing known of the inside, but AUTH in clear",
       [](Layers& l) {
         l.inside.reset();
         l.clear->auth = true;
       },
       "starttls=1 auth=1 "},
      {"no STARTTLS, so there is no inside",
       [](Layers& l) {
         l.inside.reset();
         l.clear->starttls = false;
         l.clear->keywords = {"8BITMIME", "SIZE"};
       },
       "starttls=0 auth=0 size_at_least=0 capabilities=0 "},
      {"STARTTLS is not to be used",
       [](Layers& l) {
         l.mode = probe::TlsMode::kNone;
         l.inside.reset();
       },
       "starttls=1 auth=0 size_at_least=0 capabilities=0 "},
      {"implicit TLS",
       [](Layers& l) {
         l.mode = probe::TlsMode::kImplicit;
         l.clear.reset();
         l.inside->auth = true;
       },
       "auth=1 size_at_least=1 capabilities=0 "},
      {"a smaller size inside",
       [](Layers& l) {
         l.clear->size_limit = 1e9;
         l.inside->size_limit = 1000;
       },
       "starttls=1 auth=0 size_at_least=0 capabilities=1 "},
      {"no size inside",
       [](Layers& l) {
         l.clear->size_limit = 1e9;
         l.inside->size_limit.reset();
       },
       "starttls=1 auth=0 capabilities=1 "},
      {"a capability in clear only",
       [](Layers& l) {
         l.clear->keywords = {"8BITMIME", "REQUIRETLS", "SIZE", "STARTTLS"};
         l.inside->keywords = {"8BITMIME", "SIZE"};
       },
       "starttls=1 auth=0 size_at_least=1 capabilities=0 "},
      {"nothing known", [](Layers& l) { l.clear.reset(), l.inside.reset(); },
       ""},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    Layers layers;
    c.change(layers);
    probe::Target target = MakeTarget(layers.mode);
    target.expect.starttls = true;
    target.expect.auth = true;
    target.expect.size_at_least = 52428800;
    target.expect.capabilities = {"REQUIRETLS", "STARTTLS"};
    CHECK(Judged(target, {.clear = layers.clear ? &*layers.clear : nullptr,
                          .inside = layers.inside ? &*layers.inside
                                                  : nullptr}) == c.want);
  }
}

TEST_CASE("AUTH that is not wanted") {
  probe::Target target = MakeTarget(probe::TlsMode::kOpportunistic);
  target.expect.auth = false;
  const probe::smtp::Capabilities clear = MakeCapabilities();
  probe::smtp::Capabilities inside = tests::MakeInside();
  CHECK(Judged(target, {.clear = &clear, .inside = &inside}) == "auth=1 ");
  CHECK(Judged(target, {.clear = &clear}) == "");
  inside.auth = true;
  CHECK(Judged(target, {.clear = &clear, .inside = &inside}) == "auth=0 ");
}

TEST_CASE("what is expected of a handshake") {
  using probe::Expectations;
  using probe::tls::Handshake;
  using probe::tls::Version;
  using std::chrono::days;
  using tests::kNow;
  struct Case {
    const char* name;
    void (*change)(Expectations&, Handshake&);
    std::string want;
  };
  const std::vector<Case> cases = {
      {"nothing", [](Expectations&, Handshake&) {}, ""},
      {"the version itself",
       [](Expectations& e, Handshake&) { e.tls_min_version = Version::kTls13; },
       "tls_min_version=1 "},
      {"a higher version",
       [](Expectations& e, Handshake&) { e.tls_min_version = Version::kTls10; },
       "tls_min_version=1 "},
      {"a lower version",
       [](Expectations& e, Handshake& h) {
         e.tls_min_version = Version::kTls12;
         h.version = Version::kTls11;
       },
       "tls_min_version=0 "},
      {"the chain's days, to the second",
       [](Expectations& e, Handshake&) { e.certificate_days = 45; },
       "certificate_days=1 "},
      {"a second less",
       [](Expectations& e, Handshake& h) {
         e.certificate_days = 45;
         h.verdict->chain_not_after -= std::chrono::seconds(1);
       },
       "certificate_days=0 "},
      {"the certificate before its chain",
       [](Expectations& e, Handshake& h) {
         e.certificate_days = 45;
         h.certificate->not_after = kNow + days(44);
       },
       "certificate_days=0 "},
      {"valid now is enough for 0 days",
       [](Expectations& e, Handshake& h) {
         e.certificate_days = 0;
         h.certificate->not_after = kNow;
       },
       "certificate_days=1 "},
      {"expired",
       [](Expectations& e, Handshake& h) {
         e.certificate_days = 0;
         h.certificate->not_after = kNow - std::chrono::seconds(1);
       },
       "certificate_days=0 "},
      {"the end of time",
       [](Expectations& e, Handshake& h) {
         e.certificate_days = 36500;
         h.certificate->not_after = probe::WallTime::max();
         h.verdict->chain_not_after = probe::WallTime::max();
       },
       "certificate_days=1 "},
      {"before all time, and more days than there are",
       [](Expectations& e, Handshake& h) {
         e.certificate_days = std::numeric_limits<int>::max();
         h.certificate->not_after = probe::WallTime::min();
       },
       "certificate_days=0 "},
      {"no certificate",
       [](Expectations& e, Handshake& h) {
         e.certificate_days = 1;
         e.tls_min_version = Version::kTls12;
         h.certificate.reset();
         h.verdict.reset();
       },
       "tls_min_version=1 "},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    probe::Target target = MakeTarget(probe::TlsMode::kImplicit);
    Handshake handshake = tests::MakeHandshake();
    c.change(target.expect, handshake);
    CHECK(Judged(target, {.handshake = &handshake}) == c.want);
    CHECK(Judged(target, {}) == "");
  }
}

TEST_CASE("all expectations at once") {
  probe::Target target = MakeTarget(probe::TlsMode::kOpportunistic);
  target.expect = {.banner = "mx1.example.com",
                   .starttls = true,
                   .auth = false,
                   .size_at_least = 1e6,
                   .capabilities = {"8BITMIME"},
                   .tls_min_version = probe::tls::Version::kTls12,
                   .certificate_days = 14};
  const probe::smtp::Banner banner = MakeBanner("mx1.example.com");
  const probe::smtp::Capabilities clear = MakeCapabilities();
  const probe::smtp::Capabilities inside = tests::MakeInside();
  const probe::tls::Handshake handshake = tests::MakeHandshake();
  CHECK(Judged(target, {.banner = &banner,
                        .clear = &clear,
                        .inside = &inside,
                        .handshake = &handshake}) ==
        "banner=1 starttls=1 auth=1 size_at_least=1 capabilities=1 "
        "tls_min_version=1 certificate_days=1 ");
}

}  // namespace
}  // namespace exporter
