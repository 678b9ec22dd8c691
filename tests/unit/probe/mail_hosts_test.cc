#include "probe/plan/mail_hosts.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/catch.h"

namespace probe::plan {
namespace {

// "10 mx1 20 mx2", "null", and then the quirks.
std::string Show(const MailHosts& plan) {
  std::string text;
  for (const MxRecord& record : plan.hosts) {
    text += std::to_string(record.preference) + " " + record.host + " ";
  }
  if (plan.null_mx) text += "null ";
  for (std::size_t i = 0; i < smtp::kQuirkCount; ++i) {
    if (plan.quirks.Has(static_cast<smtp::Quirk>(i))) {
      text += std::string(smtp::kQuirkNames[i]) + " ";
    }
  }
  if (!text.empty()) text.pop_back();
  return text;
}

TEST_CASE("MX records name the hosts that take a domain's mail") {
  struct Case {
    const char* name;
    std::vector<MxRecord> records;
    std::string want;
  };
  const Case cases[] = {
      {"131: by preference, the lowest first",
       {{20, "b.example"},
        {10, "c.example"},
        {65535, "z.example"},
        {0, "a.example"}},
       "0 a.example 10 c.example 20 b.example 65535 z.example"},
      {"131: equal ones by name, whatever the order",
       {{10, "mx2.example"}, {10, "mx1.example"}},
       "10 mx1.example 10 mx2.example"},
      {"131: by number, not by text",
       {{100, "b.example"}, {20, "a.example"}},
       "20 a.example 100 b.example"},
      {"132: none is the domain itself", {}, "0 example.org implicit_mx"},
      {"135: a null MX", {{0, ""}}, "null"},
      {"135: whatever its preference", {{10, ""}}, "null"},
      {"135: said twice", {{0, ""}, {10, ""}}, "null"},
      {"136: beside others it is ignored",
       {{0, ""}, {10, "mx1.example"}},
       "10 mx1.example null_mx_mixed"},
      {"136: beside one of no use",
       {{0, ""}, {10, "10.0.0.1"}},
       "null_mx_mixed mx_invalid"},
      {"each host once, by its best preference",
       {{20, "mx1.example"}, {10, "mx1.example"}, {10, "mx1.example"}},
       "10 mx1.example"},
      {"the domain itself is a host like others",
       {{5, "example.org"}},
       "5 example.org"},
      {"141: an address, and what remains",
       {{5, "10.0.0.1"}, {10, "mx1.example"}},
       "10 mx1.example mx_invalid"},
      {"133: nothing of use is not the domain itself",
       {{10, "10.0.0.1"}},
       "mx_invalid"},
      {"141: underscores occur",
       {{10, "mail_1.example"}, {10, "_mx.example"}},
       "10 _mx.example 10 mail_1.example"},
      {"a name without dot", {{10, "mail"}}, "10 mail"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.name);
    std::vector<MxRecord> records = one.records;
    CHECK(Show(PlanMailHosts("example.org", records)) == one.want);
    std::reverse(records.begin(), records.end());
    CHECK(Show(PlanMailHosts("example.org", records)) == one.want);
  }
}

TEST_CASE("an MX is skipped when it is no host name") {
  const std::string label(63, 'a');
  // 253 characters.
  const std::string longest =
      label + "." + label + "." + label + "." + std::string(61, 'a');
  struct Case {
    std::string host;
    bool valid;
  };
  const Case cases[] = {
      {"mx1.example", true},
      {"xn--bcher-kva.example", true},
      {"1mx.2.example", true},
      {"a--b.example", true},
      {"3com", true},
      {label + ".example", true},
      {longest, true},
      {"mx.0xyz", true},

      {"10.0.0.1", false},
      {"127.1", false},
      {"2130706433", false},
      {"0x7f.0x1", false},
      {"0x", false},
      {"mx.0", false},
      {"2001:db8::1", false},
      {"[10.0.0.1]", false},
      {"10\\.0\\.0\\.1", false},
      {"mx 1.example", false},
      {"mx\\0321.example", false},
      {"mx\\001.example", false},
      {"*.example", false},
      {"http://mx.example", false},
      {"mx.example:25", false},
      {"postmaster@example.org", false},
      {"m\xC3\xBC.example", false},
      {std::string("mx\0.example", 11), false},
      {"mx..example", false},
      {".example", false},
      {"mx.", false},
      {"-mx.example", false},
      {"mx-.example", false},
      {"mx.-example", false},
      {"mx.example-", false},
      {"mx.0x7f", false},
      {"a" + label + ".example", false},
      {"a" + longest, false},
      {std::string(100'000, '.'), false},
      {std::string(100'000, 'a'), false},
  };
  for (const Case& one : cases) {
    CAPTURE(one.host.substr(0, 300));
    const MailHosts plan = PlanMailHosts("example.org", {{10, one.host}});
    CHECK_FALSE(plan.null_mx);
    CHECK(plan.quirks.Has(smtp::Quirk::kMxInvalid) == !one.valid);
    CHECK(plan.hosts.size() == (one.valid ? 1 : 0));
  }
}

TEST_CASE("what a stranger publishes does not grow our work at will") {
  std::vector<MxRecord> records;
  for (int i = 0; i < 3'000; ++i) {
    // The best ones last, each twice, and as many of no use.
    const auto preference = static_cast<std::uint16_t>(3'000 - i);
    const std::string host = "mx" + std::to_string(i) + ".example";
    records.push_back({preference, host});
    records.push_back({static_cast<std::uint16_t>(preference + 1), host});
    records.push_back({0, std::to_string(i)});
  }
  const MailHosts plan = PlanMailHosts("example.org", records);
  REQUIRE(plan.hosts.size() == kMaxMailHosts);
  CHECK(plan.hosts[0] == MxRecord{1, "mx2999.example"});
  CHECK(plan.hosts[19] == MxRecord{20, "mx2980.example"});
  CHECK(plan.quirks.Has(smtp::Quirk::kTooManyMx));
  CHECK(plan.quirks.Has(smtp::Quirk::kMxInvalid));

  // As many as are probed are not too many, however often they are named.
  std::erase_if(records, [](const MxRecord& record) {
    return record.preference > 20 || record.preference == 0;
  });
  const MailHosts few = PlanMailHosts("example.org", records);
  CHECK(few.hosts.size() == kMaxMailHosts);
  CHECK(few.quirks.Empty());
}

}  // namespace
}  // namespace probe::plan
