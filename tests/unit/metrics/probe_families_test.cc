// What a test on demand says in blackbox_exporter's words, and in ours.
#include "exporter/metrics/probe_families.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace exporter::metrics {
namespace {

using tests::Contains;
using tests::GoodResult;
using tests::kNow;
using tests::MakeDomain;
using tests::MakeEndpoint;
using tests::MakeExpansion;
using tests::MakePlace;
using tests::MakeTarget;
using tests::milliseconds;
using tests::MomentAt;
using tests::seconds;
using tests::TlsResult;

// A target that was asked for, and the results of its places.
class Asking {
 public:
  explicit Asking(probe::Expansion expansion)
      : series_(std::make_shared<const TargetSeries>(
            std::make_shared<const probe::Expansion>(std::move(expansion)),
            nullptr, Asked::kOnDemand)) {
    for (const Series& one : series_->series) store_.Add(one.endpoint);
  }
  Asking& Put(probe::EndpointId id, const probe::ProbeResult& result) {
    store_.Put(id, result);
    return *this;
  }

  // Samples alone.
  std::string Samples() const {
    ExpositionWriter writer(Format::kText);
    WriteProbeFamilies(TakeEntries(*series_, store_),
                       {.limit = seconds(9),
                        .lookup = milliseconds(40),
                        .took = milliseconds(1250)},
                       MomentAt(kNow), writer);
    const std::string page = writer.Take();
    std::string samples;
    for (std::size_t at = 0; at < page.size();) {
      const std::size_t end = page.find('\n', at);
      if (page[at] != '#') samples += page.substr(at, end + 1 - at);
      at = end + 1;
    }
    return samples;
  }
  const TargetSeries& series() const { return *series_; }

 private:
  std::shared_ptr<const TargetSeries> series_;
  ResultStore store_;
};

Asking OneHost() {
  return Asking(
      MakeExpansion(MakeTarget(), {MakePlace(MakeEndpoint(1, "192.0.2.1"))}));
}

TEST_CASE("a good probe in clear") {
  CHECK(OneHost().Put(1, GoodResult()).Samples() == R"(probe_success 1
probe_duration_seconds 1.25
probe_timeout_seconds 9
probe_dns_lookup_time_seconds 0.04
probe_ip_protocol 4
)");
}

TEST_CASE("a good probe inside TLS") {
  const std::string samples = OneHost().Put(1, TlsResult()).Samples();
  // The chain's first expiry, 45 days from now.
  CHECK(Contains(samples, "probe_ssl_earliest_cert_expiry 1799316000\n"));
  CHECK(Contains(samples, "probe_tls_version_info{version=\"TLS 1.3\"} 1\n"));
}

TEST_CASE("a failed probe") {
  const std::string samples =
      OneHost().Put(1, tests::BusyResult(kNow)).Samples();
  CHECK(samples.starts_with("probe_success 0\n"));
  CHECK(Contains(samples, "probe_ip_protocol 4\n"));
  CHECK_FALSE(Contains(samples, "probe_ssl"));
  CHECK_FALSE(Contains(samples, "probe_tls"));
}

TEST_CASE("a name without an address") {
  probe::ProbeResult failed;
  failed.finished = MomentAt(kNow);
  failed.failure = tests::DnsFailure(probe::Reason::kDnsNotFound);
  Asking asking(MakeExpansion(MakeTarget(), {MakePlace(MakeEndpoint(1, ""))}));
  CHECK(asking.Put(1, failed).Samples().starts_with("probe_success 0\n"));
  CHECK(Contains(asking.Samples(), "probe_ip_protocol 0\n"));
}

TEST_CASE("several addresses are one probe: the worst of them counts") {
  Asking asking(
      MakeExpansion(MakeTarget(), {MakePlace(MakeEndpoint(1, "2001:db8::1")),
                                   MakePlace(MakeEndpoint(2, "192.0.2.2"))}));
  probe::ProbeResult old = TlsResult();
  old.handshake->version = probe::tls::Version::kTls10;
  old.handshake->verdict->chain_not_after = kNow + std::chrono::days(3);
  asking.Put(1, TlsResult()).Put(2, old);
  CHECK(asking.Samples() == R"(probe_success 1
probe_duration_seconds 1.25
probe_timeout_seconds 9
probe_dns_lookup_time_seconds 0.04
probe_ip_protocol 6
probe_ssl_earliest_cert_expiry 1795687200
probe_tls_version_info{version="TLS 1.0"} 1
)");
  asking.Put(2, tests::BusyResult(kNow + seconds(1)));
  CHECK(asking.Samples().starts_with("probe_success 0\n"));
}

TEST_CASE("a domain that takes no mail is no success") {
  probe::Expansion expansion = MakeExpansion(MakeDomain());
  expansion.mail.emplace().null_mx = true;
  CHECK(
      Asking(std::move(expansion)).Samples().starts_with("probe_success 0\n"));
}

TEST_CASE("whoever asks labels the target: only the places have labels") {
  probe::Target target = MakeDomain();
  target.labels = {{"team", "mail"}};
  const Asking asking(MakeExpansion(
      std::move(target), {MakePlace(1, "192.0.2.1", "mx1.example.org"),
                          MakePlace(2, "2001:db8::1", "mx1.example.org")}));
  CHECK(asking.series().labels.empty());
  CHECK(asking.series().series[0].labels ==
        R"(address="192.0.2.1",mx="mx1.example.org")");
  CHECK(asking.series().series[1].labels ==
        R"(address="2001:db8::1",mx="mx1.example.org")");
}

}  // namespace
}  // namespace exporter::metrics
