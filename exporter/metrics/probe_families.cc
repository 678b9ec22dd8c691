#include "exporter/metrics/probe_families.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "exporter/metrics/family.h"
#include "exporter/metrics/row.h"

namespace exporter::metrics {
namespace {

// What the entries come to, as one connection of blackbox_exporter has it.
struct Summary {
  bool success = false;
  std::uint64_t ip_protocol = 0;  // 0: the name did not resolve.
  std::optional<probe::WallTime> earliest_expiry;
  std::optional<probe::tls::Version> version;  // The lowest.
};

Summary Summarize(std::span<const TargetFamilies::Entry> entries,
                  const probe::Moment& now) {
  Summary summary;
  summary.success = !entries.empty();
  for (const TargetFamilies::Entry& entry : entries) {
    if (entry.state == nullptr || !entry.state->verdict) {
      summary.success = false;
      continue;
    }
    const Row row(entry, now);
    if (row.failure() != nullptr) summary.success = false;
    if (const auto& address = row.place().endpoint->address;
        address && summary.ip_protocol == 0) {
      summary.ip_protocol = address->is_ip6() ? 6 : 4;
    }
    const probe::tls::Handshake* const handshake = row.handshake();
    if (handshake == nullptr) continue;
    if (!summary.version || handshake->version < *summary.version) {
      summary.version = handshake->version;
    }
    if (!handshake->verdict) continue;
    const probe::WallTime expiry = handshake->verdict->chain_not_after;
    summary.earliest_expiry =
        std::min(summary.earliest_expiry.value_or(expiry), expiry);
  }
  return summary;
}

// "TLS 1.3", as blackbox_exporter spells it.
std::string SpacedVersion(probe::tls::Version version) {
  std::string name(Name(version));
  return name.insert(3, " ");
}

}  // namespace

void WriteProbeFamilies(std::span<const TargetFamilies::Entry> entries,
                        const ProbeTimes& times, const probe::Moment& now,
                        ExpositionWriter& writer) {
  const Summary summary = Summarize(entries, now);
  const auto gauge = [&writer](std::string_view name, std::string_view help,
                               auto value, std::string_view labels = {}) {
    writer.Family(name, FamilyType::kGauge, help);
    writer.Sample(labels, {}, value);
  };
  gauge("probe_success",
        "Whether the probe did everything that its module demands, at every "
        "address of the target.",
        std::uint64_t{summary.success});
  gauge("probe_duration_seconds", "How long the probe took, names included.",
        probe::Seconds(times.took));
  gauge("probe_timeout_seconds", "The time that the probe was given.",
        probe::Seconds(times.limit));
  gauge("probe_dns_lookup_time_seconds",
        "How long it took to look up the target's names.",
        probe::Seconds(times.lookup));
  gauge("probe_ip_protocol",
        "The protocol of the target's first address, 4 or 6; 0 when it has "
        "none.",
        summary.ip_protocol);
  if (summary.earliest_expiry) {
    gauge("probe_ssl_earliest_cert_expiry",
          "When the first certificate expires in the chains of the target's "
          "addresses, as a Unix time.",
          UnixSeconds(*summary.earliest_expiry));
  }
  if (summary.version) {
    std::string labels;
    AppendLabel(labels, "version", SpacedVersion(*summary.version));
    gauge("probe_tls_version_info",
          "Always 1: the version of TLS, the lowest among the target's "
          "addresses.",
          std::uint64_t{1}, labels);
  }
}

}  // namespace exporter::metrics
