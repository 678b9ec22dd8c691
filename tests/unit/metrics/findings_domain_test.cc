// What is found about a target as a whole.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exporter/findings.h"
#include "tests/support/catch.h"
#include "tests/unit/metrics/findings_stage.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter {
namespace {

using probe::Expansion;
using probe::Phase;
using probe::ProbeResult;
using probe::Reason;
using probe::smtp::Quirk;
using tests::Codes;
using tests::Contains;
using tests::Find;
using tests::FindingsStage;
using tests::kNow;
using tests::MakeDomain;
using tests::MakeExpansion;
using tests::MakePlace;

// Two best exchangers, the first with two addresses, and a backup.
Expansion Domain() {
  Expansion expansion =
      MakeExpansion(MakeDomain(), {MakePlace(1, "2001:db8::1", "a.example.org"),
                                   MakePlace(2, "192.0.2.1", "a.example.org"),
                                   MakePlace(3, "192.0.2.2", "b.example.org"),
                                   MakePlace(4, "192.0.2.3", "c.example.org")});
  expansion.mail.emplace().hosts = {
      {10, "a.example.org"}, {10, "b.example.org"}, {20, "c.example.org"}};
  return expansion;
}

ProbeResult Good(const std::string& host) {
  ProbeResult result = tests::GoodResult();
  result.banner = tests::MakeBanner(host);
  return result;
}

ProbeResult Refused() {
  ProbeResult result;
  result.finished = tests::MomentAt(kNow);
  result.interval = tests::seconds(60);
  result.failure = probe::Failure{Phase::kConnect, Reason::kRefused, "refused"};
  return result;
}

TEST_CASE("a domain whose mail gets through") {
  FindingsStage stage(Domain());
  stage.Put(1, Good("a.example.org")).Put(2, Good("a.example.org"));
  stage.Put(3, Good("b.example.org")).Put(4, Good("c.example.org"));
  const auto found = stage.Target();
  CHECK(Codes(found) == "");
  CHECK(found[0].code == "domain_reachable");
  CHECK(found[0].address == "");
  // What every place shows is said once.
  CHECK(found[1].code == "reachable");
  CHECK(found[1].address == "");
  CHECK(found[1].mx == "");
  CHECK(Find(found, "banner_match")->mx == "a.example.org");
  CHECK(Find(found, "banner_match")->address == "2001:db8::1");
  CHECK(stage.Summary().status == Status::kOk);
}

ProbeResult Failing(Reason reason) {
  ProbeResult result = Refused();
  result.failure = probe::Failure{Phase::kGreeting, reason, "as it was"};
  return result;
}

TEST_CASE("a domain whose best exchangers are busy is no dead domain") {
  FindingsStage stage(Domain());
  for (probe::EndpointId id = 1; id <= 4; ++id) {
    stage.Put(id, Failing(Reason::kServiceClosing));
  }
  const auto found = stage.Target();
  CHECK(Codes(found).starts_with(
      "warning domain_unreachable, warning service_closing"));
  CHECK(stage.Summary().status == Status::kWarning);
}

TEST_CASE("our own trouble is no verdict on a domain") {
  for (const Reason reason :
       {Reason::kBackoff, Reason::kInternal, Reason::kShutdown}) {
    CAPTURE(Name(reason));
    FindingsStage stage(Domain());
    for (probe::EndpointId id = 1; id <= 4; ++id) {
      stage.Put(id, Failing(reason));
    }
    CHECK_FALSE(Find(stage.Target(), "domain_unreachable"));
    CHECK(stage.Summary().status == Status::kUnknown);
  }
}

TEST_CASE("a dead backup is no dead domain") {
  FindingsStage stage(Domain());
  stage.Put(1, Good("a.example.org")).Put(2, Good("a.example.org"));
  stage.Put(3, Good("b.example.org")).Put(4, Refused());
  const auto found = stage.Target();
  CHECK(Codes(found) ==
        "warning backup_mx_down, warning refused, info not_observed");
  CHECK(found[0].title == "Backup mail servers are down: c.example.org");
  CHECK(found[1].mx == "c.example.org");
  CHECK(found[1].address == "192.0.2.3");
  // Of itself it is dead.
  CHECK(stage.PlaceStatus(3) == Status::kCritical);
  CHECK(stage.Summary().status == Status::kWarning);
}

TEST_CASE("one best exchanger of two is down") {
  FindingsStage stage(Domain());
  stage.Put(1, Good("a.example.org")).Put(2, Refused());
  stage.Put(3, Refused()).Put(4, Good("c.example.org"));
  const auto found = stage.Target();
  CHECK(Codes(found) ==
        "warning best_mx_down, warning refused, warning refused, info "
        "not_observed, info not_observed");
  CHECK(found[0].title ==
        "Of the mail servers that senders try first, some are down: "
        "b.example.org");
}

TEST_CASE("all best exchangers are down") {
  FindingsStage stage(Domain());
  stage.Put(1, Refused()).Put(2, Refused()).Put(3, Refused());
  stage.Put(4, Good("c.example.org"));
  const auto found = stage.Target();
  CHECK(Codes(found, Level::kInfo) ==
        "critical domain_unreachable, critical refused, critical refused, "
        "critical refused");
  CHECK(Contains(found[0].title, "backups do"));

  FindingsStage dead(Domain());
  for (probe::EndpointId id = 1; id <= 4; ++id) dead.Put(id, Refused());
  const auto all = dead.Target();
  CHECK(Codes(all) ==
        "critical domain_unreachable, critical refused, info not_observed");
  CHECK(all[0].title == "No mail server of the domain takes mail");
  CHECK(all[1].address == "");
}

TEST_CASE("what is still to be tested is not dead") {
  FindingsStage stage(Domain());
  CHECK(Codes(stage.Target()) == "info not_tested");
  CHECK(stage.Summary().status == Status::kUnknown);
  stage.Put(1, Good("a.example.org"));
  CHECK(Codes(stage.Target()) ==
        "info not_tested, info not_tested, info not_tested");
  CHECK(stage.Summary().status == Status::kOk);
}

TEST_CASE("a name that is still looked up") {
  FindingsStage stage(MakeExpansion(MakeDomain()));
  CHECK(Codes(stage.Target()) == "info not_tested");
  CHECK(stage.Summary().status == Status::kUnknown);
}

TEST_CASE("a domain that does not resolve says so once") {
  Expansion expansion = Domain();
  expansion.mail->failure = tests::DnsFailure(Reason::kDnsNotFound);
  for (probe::Place& place : expansion.places) {
    place.unresolved = expansion.mail->failure;
  }
  FindingsStage stage(std::move(expansion));
  auto found = stage.Target();
  CHECK(Codes(found) == "critical dns_not_found, info not_tested");
  CHECK(found[0].address == "");
  CHECK(stage.Summary().status == Status::kCritical);
  // However well its servers do.
  for (probe::EndpointId id = 1; id <= 4; ++id) stage.Put(id, Good("mx"));
  found = stage.Target();
  CHECK(Codes(found, Level::kInfo) == "critical dns_not_found");
}

TEST_CASE("a null MX is told as what it is") {
  Expansion expansion = MakeExpansion(MakeDomain());
  expansion.mail.emplace().null_mx = true;
  const FindingsStage stage(std::move(expansion));
  CHECK(Codes(stage.Target()) == "warning null_mx");
  CHECK(stage.Summary().status == Status::kWarning);
}

TEST_CASE("oddities of MX records are said once, of the domain") {
  Expansion expansion = Domain();
  for (probe::Place& place : expansion.places) {
    place.quirks.Add(Quirk::kNullMxMixed);
    place.quirks.Add(Quirk::kTooManyMx);
  }
  expansion.places[2].quirks.Add(Quirk::kMxIsCname);
  expansion.places[2].quirks.Add(Quirk::kPrivateAddress);
  for (const bool permitted : {false, true}) {
    auto target = std::make_shared<probe::Target>(*expansion.target);
    target->private_addresses = permitted ? probe::PrivateAddresses::kProbe
                                          : probe::PrivateAddresses::kSkip;
    expansion.target = target;
    FindingsStage stage{Expansion(expansion)};
    for (probe::EndpointId id = 1; id <= 4; ++id) {
      stage.Put(id, Good(id < 3    ? "a.example.org"
                         : id == 3 ? "b.example.org"
                                   : "c.example.org"));
    }
    const auto found = stage.Target();
    CHECK(Codes(found) == (permitted
                               ? "warning null_mx_mixed, info too_many_mx, "
                                 "info mx_is_cname"
                               : "warning null_mx_mixed, warning "
                                 "private_address, info too_many_mx, info "
                                 "mx_is_cname"));
    CHECK(Find(found, "null_mx_mixed")->mx == "");
    CHECK(Find(found, "mx_is_cname")->mx == "b.example.org");
  }
}

TEST_CASE("DNS that leaves questions open, and families without a route") {
  Expansion expansion = Domain();
  expansion.lookups = {
      {probe::RecordType::kMx, "", tests::MakeLookup(true)},
      {probe::RecordType::kA, "a.example.org", tests::MakeLookup(true)},
      {probe::RecordType::kAaaa, "a.example.org", tests::MakeLookup(false)},
      {probe::RecordType::kAaaa, "b.example.org", tests::MakeLookup(false)}};
  expansion.no_ip6_route = true;
  FindingsStage stage(std::move(expansion));
  const auto found = stage.Target();
  CHECK(Codes(found) == "info dns_unanswered, info no_route, info not_tested");
  CHECK(found[0].title ==
        "DNS gives no answer about AAAA of a.example.org, AAAA of "
        "b.example.org");
  CHECK(found[1].title == "IPv6 addresses are left out");
}

TEST_CASE("a host whose every address fails alike says so once") {
  const probe::Endpoint first = tests::MakeEndpoint(1, "192.0.2.1");
  const probe::Endpoint second = tests::MakeEndpoint(2, "192.0.2.2");
  FindingsStage stage(MakeExpansion(tests::MakeTarget(),
                                    {MakePlace(first), MakePlace(second)}));
  stage.Put(1, Refused()).Put(2, Refused());
  auto found = stage.Target();
  CHECK(Codes(found) == "critical refused, info not_observed");
  CHECK(found[0].address == "");
  stage.Put(2, tests::TlsResult());
  found = stage.Target();
  CHECK(Codes(found) == "critical refused, info not_observed");
  CHECK(found[0].address == "192.0.2.1");
}

}  // namespace
}  // namespace exporter
