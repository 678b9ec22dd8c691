// A full page, as others read it: Prometheus' own checker for text 0.0.4, and
// the rules of OpenMetrics 1.0 that Prometheus enforces by dropping the page.
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "exporter/metrics/families.h"
#include "exporter/metrics/self_metrics.h"
#include "probe/utf8.h"
#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter::metrics {
namespace {

using tests::BusyResult;
using tests::kNow;
using tests::MakeEndpoint;
using tests::MakeTarget;
using tests::milliseconds;
using tests::TlsResult;

// A domain with two exchangers, one of which does not resolve.
probe::Expansion Domain() {
  probe::Target target = tests::MakeDomain();
  target.labels = {{"team", "mail"}};
  probe::Expansion expansion = tests::MakeExpansion(
      std::move(target), {tests::MakePlace(4, "192.0.2.4", "mx1.example.org"),
                          tests::MakePlace(5, "", "mx2.example.org")});
  expansion.mail.emplace().hosts = {{10, "mx1.example.org"},
                                    {20, "mx2.example.org"}};
  expansion.places[0].reverse =
      tests::MakeReverse(true, std::vector<std::string>{"mx1.example.org"});
  expansion.places[0].quirks.Add(probe::smtp::Quirk::kMxIsCname);
  const auto good = tests::MakeLookup(true, milliseconds(2));
  const auto none = tests::MakeLookup(false);
  using enum probe::RecordType;
  expansion.lookups = {{kMx, "", good},
                       {kA, "mx1.example.org", good},
                       {kAaaa, "mx1.example.org", good},
                       {kA, "mx2.example.org", none},
                       {kAaaa, "mx2.example.org", none}};
  return expansion;
}

// Every family has a sample, and peers said what they could to break it.
std::string FullPage(Format format) {
  tests::Page page;
  probe::Target target = MakeTarget(probe::TlsMode::kOpportunistic);
  target.labels = {{"team", "a\"b\\c\nd é"}};
  target.expect.starttls = true;
  page.Add(target, MakeEndpoint(1, "192.0.2.1"));
  page.Add(target, MakeEndpoint(2, "2001:db8::1"));
  target.name = "new.example.com:25";
  page.Add(target, MakeEndpoint(3, ""));
  probe::ProbeResult result = TlsResult();
  result.banner->hostname = "\xff\x1b\"\n\\} 1\r" + std::string(500, 'x');
  result.banner->quirks.Add(probe::smtp::Quirk::kBareLf);
  result.clear->auth = true;
  result.clear->auth_mechanisms = {"LOGIN\t", "PLAIN"};
  result.clear->keywords = {"\x80", "# EOF", "X\n# EOF\n"};
  result.clear->size_limit = std::numeric_limits<double>::infinity();
  result.inside->keywords = result.clear->keywords;
  result.handshake->certificate->subject = "CN=\xff\"\n\\} 1\r# EOF";
  result.handshake->certificate->issuer = std::string(1000, '"');
  page.Put(1, result);
  page.Put(2, TlsResult());
  page.Put(2, BusyResult(kNow));
  page.Add(Domain());
  page.Put(4, TlsResult());

  SelfMetrics self;
  self.ConfigLoaded(true, kNow);
  self.SetTargets(2, 3);
  self.ProbeStarted(milliseconds(2));
  self.ProbeFinished(milliseconds(250));
  self.LoopLag("main", milliseconds(1));
  self.LoopLag("probe-0", milliseconds(1));
  self.DiscoveryRead("/etc/\"targets\"\n.yaml", true, 2, kNow);
  self.SetVantage("resolver", true);
  self.SetVantage("outbound_25", false);

  std::string text;
  for (const std::string& piece : page.Pieces(format)) text += piece;
  ExpositionWriter writer(format);
  writer.Registry(self.Collect());
  writer.Finish();
  return text + writer.Take();
}

TEST_CASE("promtool finds nothing to complain about") {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
    WARN("SKIPPED: promtool is not installed, the page was not checked");
    return;
  }
  const std::string page = FullPage(Format::kText);
  std::FILE* const promtool = popen("promtool check metrics", "w");
  REQUIRE(promtool != nullptr);
  CHECK(std::fwrite(page.data(), 1, page.size(), promtool) == page.size());
  INFO(page);
  CHECK(pclose(promtool) == 0);
}

TEST_CASE("every family of this version is on the page") {
  const std::string page = FullPage(Format::kText);
  for (const std::string name : {"smtp_reachable",
                                 "smtp_probe_success",
                                 "smtp_probe_failure_info",
                                 "smtp_probe_timestamp_seconds",
                                 "smtp_probe_interval_seconds",
                                 "smtp_probe_duration_seconds",
                                 "smtp_probe_phase_duration_seconds",
                                 "smtp_probes_total",
                                 "smtp_probe_failures_total",
                                 "smtp_observed_timestamp_seconds",
                                 "smtp_starttls_advertised",
                                 "smtp_auth_on_25",
                                 "smtp_auth_mechanism",
                                 "smtp_size_limit_bytes",
                                 "smtp_banner_match",
                                 "smtp_banner_hostname_info",
                                 "smtp_capability",
                                 "smtp_esmtp",
                                 "smtp_expectation_met",
                                 "smtp_quirk",
                                 "smtp_starttls_success",
                                 "smtp_plaintext_after_starttls",
                                 "smtp_tls_info",
                                 "smtp_tls_certificate_not_after_timestamp_"
                                 "seconds",
                                 "smtp_tls_certificate_not_before_timestamp_"
                                 "seconds",
                                 "smtp_tls_chain_not_after_timestamp_seconds",
                                 "smtp_tls_certificate_trusted",
                                 "smtp_tls_certificate_name_match",
                                 "smtp_tls_verify_info",
                                 "smtp_tls_certificate_info",
                                 "smtp_reverse_dns_match",
                                 "smtp_banner_reverse_dns_match",
                                 "smtp_domain_reachable",
                                 "smtp_mx_hosts",
                                 "smtp_mx_preference",
                                 "smtp_null_mx",
                                 "smtp_dns_success",
                                 "smtp_dns_duration_seconds",
                                 "smtp_prober_discovery_refreshes_total",
                                 "smtp_prober_discovery_failures_total",
                                 "smtp_prober_discovery_targets",
                                 "smtp_prober_discovery_last_success_timestamp_"
                                 "seconds",
                                 "smtp_prober_duplicate_targets",
                                 "smtp_prober_dns_lookups_total",
                                 "smtp_prober_dns_lookup_failures_total",
                                 "smtp_prober_vantage_ok",
                                 "smtp_prober_build_info",
                                 "smtp_prober_event_loop_lag_seconds",
                                 "process_open_fds"}) {
    INFO(name);
    CHECK(page.find("\n# TYPE " + name + " ") != std::string::npos);
  }
}

// Reads a page as OpenMetrics wants it; the first offence, or "".
class OpenMetricsReader {
 public:
  std::string Check(const std::string& page) {
    if (probe::FindInvalidUtf8(page)) return "not UTF-8";
    if (!page.ends_with("\n# EOF\n")) return "no EOF at the end";
    std::istringstream lines(page.substr(0, page.size() - 6));
    for (std::string line; std::getline(lines, line);) {
      const std::string offence =
          line.starts_with("# ") ? Comment(line) : Sample(line);
      if (!offence.empty()) return offence + ": " + line;
    }
    return "";
  }

 private:
  std::string Comment(const std::string& line) {
    std::istringstream words(line);
    std::string hash, keyword, name, rest;
    words >> hash >> keyword >> name;
    std::getline(words >> std::ws, rest);
    if (keyword == "TYPE") {
      if (!families_.insert(name).second) return "family twice";
      family_ = name, type_ = rest, stage_ = 1;
      const bool total = name.ends_with("_total");
      return total ? "family name ends in _total" : "";
    }
    if (name != family_) return "comment of another family";
    if (keyword == "UNIT") {
      if (stage_++ != 1) return "UNIT out of order";
      return name.ends_with("_" + rest) ? "" : "UNIT is no suffix";
    }
    if (keyword != "HELP") return "unknown comment";
    if (stage_ == 3) return "HELP twice";
    const bool unit = stage_ == 2;
    stage_ = 3;
    if (!unit && (name.ends_with("_seconds") || name.ends_with("_bytes"))) {
      return "no UNIT";
    }
    return rest.empty() ? "no HELP" : "";
  }

  std::string Sample(const std::string& line) {
    if (stage_ != 3) return "sample before HELP";
    const std::size_t name_end = line.find_first_of("{ ");
    if (name_end == std::string::npos) return "no value";
    std::string suffix = line.substr(0, name_end);
    if (!suffix.starts_with(family_)) return "sample of another family";
    suffix.erase(0, family_.size());
    static const std::map<std::string, std::set<std::string>> kSuffixes = {
        {"gauge", {""}},
        {"counter", {"_total"}},
        {"histogram", {"_bucket", "_sum", "_count"}},
    };
    const auto allowed = kSuffixes.find(type_);
    if (allowed == kSuffixes.end()) return "unknown type " + type_;
    if (!allowed->second.contains(suffix)) return "wrong suffix";
    std::size_t value = name_end;
    if (line[name_end] == '{') {
      value = LabelsEnd(line, name_end);
      if (value == std::string::npos) return "bad labels";
    }
    if (!samples_.insert(line.substr(0, value)).second) return "sample twice";
    if (line[value] != ' ') return "no blank before the value";
    const std::string number = line.substr(value + 1);
    char* end = nullptr;
    std::strtod(number.c_str(), &end);
    return number.empty() || *end != '\0' ? "bad value" : "";
  }

  // The offset behind '}'; npos when something between is wrong.
  static std::size_t LabelsEnd(const std::string& line, std::size_t at) {
    while (true) {
      const std::size_t equals = line.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyz0123456789_", at + 1);
      if (equals == std::string::npos || equals == at + 1 ||
          line.compare(equals, 2, "=\"") != 0) {
        return std::string::npos;
      }
      for (at = equals + 2; at < line.size() && line[at] != '"'; ++at) {
        const auto byte = static_cast<unsigned char>(line[at]);
        if (byte < 0x20 || byte == 0x7F) return std::string::npos;
        if (line[at] != '\\') continue;
        ++at;
        const std::string_view escapes = "\\\"n";
        if (at >= line.size() ||
            escapes.find(line[at]) == std::string_view::npos) {
          return std::string::npos;
        }
      }
      if (++at >= line.size()) return std::string::npos;
      if (line[at] == '}') return at + 1;
      if (line[at] != ',') return std::string::npos;
    }
  }

  std::set<std::string> families_;
  std::set<std::string> samples_;
  std::string family_;
  std::string type_;
  int stage_ = 0;  // 1 behind TYPE, 2 behind UNIT, 3 behind HELP.
};

TEST_CASE("the OpenMetrics page is well formed") {
  const std::string page = FullPage(Format::kOpenMetrics);
  INFO(page);
  CHECK(OpenMetricsReader().Check(page) == "");
}

TEST_CASE("the reader of this test sees offences") {
  const std::string head = "# TYPE a gauge\n# HELP a A.\n";
  struct Case {
    std::string page;
    bool good;
  };
  const std::vector<Case> cases = {
      {head + "a{x=\"1\"} 1\n# EOF\n", true},
      {head + "a 1\n", false},
      {head + "a 1\n# EOF\n# EOF\n", false},
      {head + "a{x=\"\xff\"} 1\n# EOF\n", false},
      {head + "a 1\na 1\n# EOF\n", false},
      {head + "b 1\n# EOF\n", false},
      {head + "a{x=\"1\"}\n# EOF\n", false},
      {head + "a one\n# EOF\n", false},
      {head + "a{x=\"\\q\"} 1\n# EOF\n", false},
      {head + head + "a 1\n# EOF\n", false},
      {"# HELP a A.\n# TYPE a gauge\na 1\n# EOF\n", false},
      {"# TYPE a_seconds gauge\n# HELP a_seconds A.\na_seconds 1\n# EOF\n",
       false},
      {"# TYPE a_total counter\n# HELP a_total A.\na_total 1\n# EOF\n", false},
  };
  for (const Case& c : cases) {
    INFO(c.page);
    CHECK(OpenMetricsReader().Check(c.page).empty() == c.good);
  }
}

}  // namespace
}  // namespace exporter::metrics
