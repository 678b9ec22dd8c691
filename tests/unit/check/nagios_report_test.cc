#include "exporter/check/nagios_report.h"

#include <algorithm>
#include <map>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "exporter/check/tested_targets.h"
#include "tests/support/catch.h"
#include "tests/unit/check/stage.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter::check {
namespace {

using probe::ProbeResult;
using tests::Contains;
using tests::NamedTarget;
using tests::PutHost;
using tests::TlsResult;

struct Plugin {
  std::string status;
  std::string text;
  std::map<std::string, std::string> performance;  // By label, in one piece.
  std::vector<std::string> more;
};

// The grammar of the monitoring plugins' guidelines, strictly: the first line
// has a status, a text and performance data; a bar stands only before those.
Plugin Read(const std::string& output) {
  Plugin plugin;
  REQUIRE(output.ends_with('\n'));
  CHECK(output.size() <= kMaxPluginOutput);
  std::size_t at = output.find('\n');
  std::string first = output.substr(0, at);
  while (++at < output.size()) {
    const std::size_t end = output.find('\n', at);
    plugin.more.push_back(output.substr(at, end - at));
    CHECK(!Contains(plugin.more.back(), "|"));
    at = end;
  }
  const std::size_t bar = first.find('|');
  std::string performance;
  if (bar != first.npos) {
    REQUIRE(first.substr(bar - 1, 3) == " | ");
    performance = first.substr(bar + 1);
    first.resize(bar - 1);
    CHECK(!Contains(performance, "|"));
  }
  static const std::regex kStatus(
      "SMTP (OK|WARNING|CRITICAL|UNKNOWN) - (.+[^ ])");
  std::smatch status;
  REQUIRE(std::regex_match(first, status, kStatus));
  plugin.status = status[1];
  plugin.text = status[2];
  static const std::string kNumber = "-?[0-9]+(\\.[0-9]+)?";
  static const std::string kRange =
      "(@?((" + kNumber + "|~):)?(" + kNumber + ")?)";
  static const std::regex kItem("^ '(([^'=]|'')+)'=(" + kNumber +
                                "(s|us|ms|%|B|KB|MB|TB|c)?(;" + kRange +
                                "){0,2}(;(" + kNumber + ")?){0,2})");
  std::smatch item;
  while (std::regex_search(performance, item, kItem)) {
    CHECK(plugin.performance.emplace(item[1], item[3]).second);
    performance = item.suffix();
  }
  CHECK(performance == "");
  return plugin;
}

Plugin Report(const TestedTargets& targets) {
  return Read(NagiosReport(targets.Rows()));
}

TEST_CASE("one line, and performance data, for a good server") {
  TestedTargets targets(1);
  PutHost(targets, 0, NamedTarget("mx1.example.com"), TlsResult());
  const Plugin plugin = Report(targets);
  CHECK(plugin.status == "OK");
  CHECK(plugin.text ==
        "mx1.example.com:25: The server answers, in 250 ms; STARTTLS works: "
        "TLS1.3, TLS_AES_256_GCM_SHA384; The certificate is good for 45 more "
        "days");
  CHECK(plugin.performance ==
        std::map<std::string, std::string>{{"time", "0.25s;;;0;45"},
                                           {"reachable", "1;;;0;1"},
                                           {"certificate_days", "45;21:;3:"},
                                           {"size_limit", "52428800B;;;0"}});
  REQUIRE(plugin.more.size() == 6);
  CHECK(plugin.more[0] ==
        "[OK] mx1.example.com:25 192.0.2.1: The server answers, in 250 ms.");
  CHECK(ExitCode(WorstOf(targets.Rows())) == 0);
}

TEST_CASE("the worst finding is the headline") {
  TestedTargets targets(1);
  PutHost(targets, 0, NamedTarget("mx1.example.com"), tests::RefusedResult());
  const Plugin plugin = Report(targets);
  CHECK(plugin.status == "CRITICAL");
  CHECK(plugin.text == "mx1.example.com:25: The connection was refused");
  CHECK(plugin.performance ==
        std::map<std::string, std::string>{{"time", "0.012s;;;0;45"},
                                           {"reachable", "0;;;0;1"}});
  CHECK(plugin.more[0].starts_with(
      "[CRITICAL] mx1.example.com:25 192.0.2.1: The connection was refused. "
      "Connecting: connection refused. The host"));
  CHECK(ExitCode(WorstOf(targets.Rows())) == 2);
}

TEST_CASE("limits are those that the findings go by") {
  ProbeResult result = TlsResult();
  result.handshake->certificate->not_before =
      tests::kNow - std::chrono::days(2);
  result.handshake->certificate->not_after = tests::kNow + std::chrono::days(4);
  probe::Target target = NamedTarget("mx1.example.com");
  target.expect.size_at_least = 1e8;
  TestedTargets targets(1);
  PutHost(targets, 0, target, result);
  const Plugin plugin = Report(targets);
  CHECK(plugin.status == "WARNING");
  CHECK(plugin.performance.at("certificate_days") == "4;2:;0.6:");
  CHECK(plugin.performance.at("size_limit") == "52428800B;100000000:;;0");
  target.expect.certificate_days = 1;
  result.handshake->certificate->not_before =
      tests::kNow - std::chrono::days(88);
  result.handshake->certificate->not_after = tests::kNow + std::chrono::days(2);
  TestedTargets content(1);
  PutHost(content, 0, target, result);
  CHECK(Report(content).performance.at("certificate_days") == "2;1:;1:");
  result.handshake->certificate->not_before =
      tests::kNow - std::chrono::days(2);
  target.expect.certificate_days = 30;
  result.handshake->certificate->not_after =
      tests::kNow - std::chrono::hours(1);
  result.inside->size_limit = std::numeric_limits<double>::infinity();
  TestedTargets expired(1);
  PutHost(expired, 0, target, result);
  CHECK(Report(expired).performance.at("certificate_days") == "-1;30:;0.2:");
  CHECK(!Report(expired).performance.contains("size_limit"));
}

TEST_CASE("several targets: the worst counts, and labels tell them apart") {
  TestedTargets targets(3);
  PutHost(targets, 0, NamedTarget("mx1.example.com"), TlsResult());
  PutHost(targets, 1, NamedTarget("mx2.example.com"), tests::RefusedResult());
  ProbeResult busy = tests::BusyResult(tests::kNow);
  PutHost(targets, 2, NamedTarget("mx3.example.com"), busy);
  const Plugin plugin = Report(targets);
  CHECK(plugin.status == "CRITICAL");
  CHECK(plugin.text ==
        "1 of 3 targets critical; mx2.example.com:25: The connection was "
        "refused");
  CHECK(plugin.performance.contains("mx1.example.com:25 certificate_days"));
  CHECK(plugin.performance.contains("mx2.example.com:25 time"));
  CHECK(std::ranges::count_if(plugin.more, [](const std::string& line) {
          return Contains(line, "mx3.example.com:25");
        }) == 2);

  TestedTargets good(2);
  PutHost(good, 0, NamedTarget("mx1.example.com"), TlsResult());
  PutHost(good, 1, NamedTarget("mx2.example.com"), [] {
    ProbeResult result = TlsResult();
    result.banner = tests::MakeBanner("mx2.example.com");
    return result;
  }());
  CHECK(Report(good).text == "2 of 2 targets ok");
}

TEST_CASE("unknown is worse than ok and better than a warning") {
  ProbeResult ours = tests::RefusedResult();
  ours.failure = probe::Failure{probe::Phase::kConnect,
                                probe::Reason::kInternal, "EMFILE"};
  TestedTargets targets(2);
  PutHost(targets, 0, NamedTarget("mx1.example.com"), TlsResult());
  PutHost(targets, 1, NamedTarget("mx2.example.com"), ours);
  CHECK(ExitCode(WorstOf(targets.Rows())) == 3);
  const Plugin plugin = Report(targets);
  CHECK(plugin.status == "UNKNOWN");
  CHECK(Contains(plugin.text, "The test failed here and not at the server"));
  TestedTargets worse(2);
  PutHost(worse, 0, NamedTarget("mx1.example.com"),
          tests::BusyResult(tests::kNow));
  PutHost(worse, 1, NamedTarget("mx2.example.com"), ours);
  CHECK(ExitCode(WorstOf(worse.Rows())) == 1);
}

TEST_CASE("what an interruption left out is unknown") {
  const TestedTargets nothing(2);
  Plugin plugin = Read(NagiosReport(nothing.Rows(), nothing.left()));
  CHECK(plugin.status == "UNKNOWN");
  CHECK(plugin.text == "2 of 2 targets were not tested");
  CHECK(plugin.more.empty());
  CHECK(WorstOf(nothing.Rows(), nothing.left()) == Status::kUnknown);

  TestedTargets good(2);
  PutHost(good, 1, NamedTarget("mx1.example.com"), TlsResult());
  plugin = Read(NagiosReport(good.Rows(), good.left()));
  CHECK(plugin.status == "UNKNOWN");
  CHECK(plugin.text == "1 of 2 targets were not tested");
  CHECK(plugin.performance.contains("mx1.example.com:25 time"));

  // What is known to be bad comes first.
  TestedTargets bad(3);
  PutHost(bad, 0, NamedTarget("mx1.example.com"), TlsResult());
  PutHost(bad, 2, NamedTarget("mx2.example.com"), tests::RefusedResult());
  plugin = Read(NagiosReport(bad.Rows(), bad.left()));
  CHECK(plugin.status == "CRITICAL");
  CHECK(plugin.text ==
        "1 of 3 targets were not tested; mx2.example.com:25: The connection "
        "was refused");
  CHECK(WorstOf(bad.Rows(), bad.left()) == Status::kCritical);
}

TEST_CASE("what a server says breaks nothing") {
  ProbeResult result = tests::RefusedResult();
  result.failure->detail = "554 go | 'away'=1\n\x1b[2J;;; ok";
  probe::Target target = NamedTarget("mx1.example.com");
  target.name = "it's=odd|:25";
  TestedTargets targets(2);
  PutHost(targets, 0, target, result);
  PutHost(targets, 1, NamedTarget("mx2.example.com"), TlsResult());
  const Plugin plugin = Report(targets);
  CHECK(plugin.performance.contains("it''s_odd_:25 time"));
  CHECK(Contains(plugin.more[0], "554 go / 'away'=1\\x0a\\x1b[2J;;; ok"));
}

TEST_CASE("numbers have no exponent") {
  ProbeResult result = TlsResult();
  result.duration = std::chrono::nanoseconds(74103);
  result.inside->size_limit = 1e20;
  TestedTargets targets(1);
  PutHost(targets, 0, NamedTarget("mx1.example.com"), result);
  const auto performance = Report(targets).performance;
  CHECK(performance.at("time") == "0.000074s;;;0;45");
  CHECK(performance.at("size_limit") == "100000000000000000000B;;;0");
}

TEST_CASE("output has an end") {
  TestedTargets targets(100);
  for (std::size_t i = 0; i < 100; ++i) {
    PutHost(targets, i, NamedTarget("mx" + std::to_string(i)),
            tests::RefusedResult());
  }
  const std::string output = NagiosReport(targets.Rows());
  CHECK(output.size() > 4000);
  CHECK(Read(output).performance.size() == 200);

  TestedTargets more(200);
  for (std::size_t i = 0; i < 200; ++i) {
    PutHost(more, i, NamedTarget("mx" + std::to_string(i)),
            tests::RefusedResult());
  }
  CHECK(Report(more).performance.empty());
}

}  // namespace
}  // namespace exporter::check
