#include "exporter/expansion_log.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/exporter/stderr.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter {
namespace {

using probe::Expansion;
using probe::Reason;
using probe::smtp::Quirk;
using tests::DnsFailure;

// A domain whose exchangers are named so, all of one preference.
Expansion With(const std::vector<std::string>& hosts) {
  Expansion expansion = tests::MakeExpansion(tests::MakeDomain());
  expansion.mail.emplace();
  for (const std::string& host : hosts) {
    expansion.mail->hosts.push_back({10, host});
    expansion.places.push_back(tests::MakePlace(1, "192.0.2.1", host));
  }
  return expansion;
}

Expansion Null() {
  Expansion expansion = With({});
  expansion.mail->null_mx = true;
  return expansion;
}

// The last known exchangers, and why there may be none.
Expansion Failed(Expansion expansion, Reason reason = Reason::kDnsTimeout) {
  expansion.mail->failure = DnsFailure(reason);
  return expansion;
}

Expansion Odd(Expansion expansion, Quirk quirk) {
  for (auto& place : expansion.places) place.quirks.Add(quirk);
  return expansion;
}

Expansion Pending() { return tests::MakeExpansion(tests::MakeDomain()); }

// The lines without their time and the field that all share.
std::string Logged(const Expansion* before, const Expansion& after) {
  const std::string text = tests::Stderr([&] { LogExpansion(before, after); });
  const std::string_view common = " target=example.org:25";
  std::string lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    std::string line = text.substr(at, end - at);
    at = end + 1;
    line.erase(0, line.find("level="));
    const std::size_t found = line.find(common);
    REQUIRE(found != std::string::npos);
    lines += line.erase(found, common.size()) + "\n";
  }
  return lines;
}

TEST_CASE("each thing that changed in DNS is a line") {
  struct Case {
    const char* name;
    std::optional<Expansion> before;
    Expansion after;
    std::string want;
  };
  const std::string failed =
      "level=WARN msg=\"Domain does not resolve to mail exchangers\" "
      "reason=dns_timeout detail=DNS\n";
  const std::string null_mx =
      "level=WARN msg=\"Domain takes no mail (null MX), so there is nothing to "
      "probe: remove the target if that is meant\"\n";
  const std::string again = "level=INFO msg=\"Domain resolves again\" ";
  const std::vector<Case> cases = {
      {"a good start", std::nullopt, With({"a"}), ""},
      {"a good answer at last", Pending(), With({"a"}), ""},
      {"no answer yet", std::nullopt, Pending(), ""},
      {"a start with a failure", Pending(), Failed(With({})), failed},
      {"a start with a null MX", std::nullopt, Null(), null_mx},
      {"an odd start", Pending(), Odd(With({"a"}), Quirk::kImplicitMx), ""},
      {"nothing", With({"a", "b"}), With({"a", "b"}), ""},
      {"another order", With({"a", "b"}), With({"b", "a"}), ""},
      {"one more", With({"b"}), With({"b", "a"}),
       "level=INFO msg=\"Domain has more mail exchangers\" added=a\n"},
      {"one less", With({"a", "b"}), With({"a"}),
       "level=INFO msg=\"Domain has fewer mail exchangers\" removed=b\n"},
      {"others", With({"a"}), With({"f", "e", "d", "c", "b", "g"}),
       "level=INFO msg=\"Domain has more mail exchangers\" added=\"b c d e f "
       "...\"\n"
       "level=INFO msg=\"Domain has fewer mail exchangers\" removed=a\n"},
      {"null MX", With({"a"}), Null(), null_mx},
      {"the same null MX", Null(), Null(), ""},
      {"no null MX any more", Null(), With({"a", "b"}),
       "level=INFO msg=\"Domain takes mail again\" hosts=\"a b\"\n"},
      {"a failure", With({"a"}), Failed(With({"a"})), failed},
      {"the same failure", Failed(With({"a"})), Failed(With({"a"})), ""},
      {"another failure", Failed(With({"a"}), Reason::kDnsNotFound),
       Failed(With({"a"})), failed},
      {"over", Failed(With({"a"})), With({"a"}), again + "hosts=a\n"},
      {"over, for the first time", Failed(With({})), With({"a"}),
       again + "hosts=a\n"},
      {"over, and changed", Failed(With({"a"})), With({"b"}),
       again +
           "hosts=b\n"
           "level=INFO msg=\"Domain has more mail exchangers\" added=b\n"
           "level=INFO msg=\"Domain has fewer mail exchangers\" removed=a\n"},
      {"odd", With({"a", "b"}), Odd(With({"a", "b"}), Quirk::kMxIsCname),
       "level=WARN msg=\"Domain's MX records are odd now\" quirk=mx_is_cname "
       "hosts=\"a b\"\n"},
      {"just as odd", Odd(With({"a"}), Quirk::kMxInvalid),
       Odd(With({"a"}), Quirk::kMxInvalid), ""},
      {"not odd any more", Odd(With({"a"}), Quirk::kMxInvalid), With({"a"}),
       ""},
      {"odd, but not in MX", With({"a"}),
       Odd(With({"a"}), Quirk::kTooManyAddresses), ""},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(Logged(c.before ? &*c.before : nullptr, c.after) == c.want);
  }
}

TEST_CASE("nothing is said of a host") {
  const Expansion host = tests::MakeExpansion(
      tests::MakeTarget(), {tests::MakePlace(1, "192.0.2.1", "")});
  CHECK(Logged(nullptr, host).empty());
  CHECK(Logged(&host, Odd(host, Quirk::kPrivateAddress)).empty());
}

}  // namespace
}  // namespace exporter
