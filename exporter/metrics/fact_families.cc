// What the server said in SMTP, as last observed.
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/metrics/family.h"
#include "probe/smtp/ehlo.h"
#include "probe/smtp/quirk.h"
#include "probe/target.h"

namespace exporter::metrics {
namespace {

using probe::smtp::Capabilities;

void AppendSizeLimit(const Row& row, Samples& samples) {
  // Inside TLS wins, also by announcing none.
  const Capabilities* const offer =
      row.inside() != nullptr ? row.inside() : row.clear();
  if (offer != nullptr && offer->size_limit) samples.Add(*offer->size_limit);
}

// An item of a list of the EHLO reply, on either layer.
void AppendList(const Row& row, Samples& samples, std::string_view label,
                std::vector<std::string> Capabilities::*list) {
  const auto append = [&](const Capabilities* layer, std::string_view tls) {
    if (layer == nullptr) return;
    for (const std::string& item : layer->*list) {
      samples.Info({{label, item}, {"tls", tls}});
    }
  };
  append(row.clear(), "no");
  append(row.inside(), "yes");
}

void AppendQuirks(const Row& row, Samples& samples) {
  probe::smtp::Quirks quirks = row.state().quirks;
  quirks.Add(row.place().quirks);
  if (row.banner() != nullptr) quirks.Add(row.banner()->quirks);
  if (row.clear() != nullptr) quirks.Add(row.clear()->quirks);
  if (row.inside() != nullptr) quirks.Add(row.inside()->quirks);
  if (quirks.Empty()) return;
  for (std::size_t i = 0; i < probe::smtp::kQuirkCount; ++i) {
    if (quirks.Has(static_cast<probe::smtp::Quirk>(i))) {
      samples.Info({{"quirk", probe::smtp::kQuirkNames[i]}});
    }
  }
}

constexpr Family kFamilies[] = {
    {"smtp_observed_timestamp_seconds", FamilyType::kGauge,
     "When the answer to EHLO was last observed, as a Unix time. A probe that "
     "observes nothing (a 421, a silent server) leaves the facts as they "
     "were; they are dropped once older than stale_after. Probes run on a "
     "schedule of their own and not when this page is scraped.",
     [](const Row& row, Samples& samples) {
       if (row.clear() != nullptr) {
         samples.Add(UnixSeconds(row.state().clear_observed.wall));
       } else if (row.inside() != nullptr) {
         samples.Add(UnixSeconds(row.state().inside_observed.wall));
       }
     }},
    {"smtp_starttls_advertised", FamilyType::kGauge,
     "Whether the server offered STARTTLS in its answer to EHLO, as last "
     "observed. Also 0 when it only took HELO. Absent where TLS comes first "
     "(implicit).",
     [](const Row& row, Samples& samples) {
       if (row.clear() != nullptr) samples.Add(row.clear()->starttls);
     }},
    {"smtp_auth_on_25", FamilyType::kGauge,
     "Whether a server that takes mail from other servers (module role mx) "
     "offered AUTH, where it has no business, before or after STARTTLS. Absent "
     "for submission, and while nothing is known of the answer after STARTTLS.",
     [](const Row& row, Samples& samples) {
       if (row.target().role != probe::Role::kMx) return;
       const probe::TlsMode mode = row.target().conversation->tls.mode;
       if (const auto offered = OffersAuth(row.facts(), mode)) {
         samples.Add(*offered);
       }
     }},
    {"smtp_auth_mechanism", FamilyType::kGauge,
     "Always 1 for each AUTH mechanism that the server offered, in clear "
     "(tls=\"no\") or inside TLS (tls=\"yes\").",
     [](const Row& row, Samples& samples) {
       AppendList(row, samples, "mechanism", &Capabilities::auth_mechanisms);
     }},
    {"smtp_size_limit_bytes", FamilyType::kGauge,
     "The largest message that the server says it takes (SIZE), inside TLS if "
     "that was observed. +Inf: it declares no fixed limit. Absent: it told no "
     "usable number.",
     AppendSizeLimit},
    {"smtp_banner_match", FamilyType::kGauge,
     "Whether the greeting names the expected host: the one in expect.banner, "
     "or else the target's own name, for a domain the exchanger's (mx). Absent "
     "where no name is expected (an IP address).",
     [](const Row& row, Samples& samples) {
       if (const auto match = row.BannerMatch()) samples.Add(*match);
     }},
    {"smtp_banner_hostname_info", FamilyType::kGauge,
     "Always 1: the host name that the server gave in its greeting.",
     [](const Row& row, Samples& samples) {
       if (row.banner() != nullptr && !row.banner()->hostname.empty()) {
         samples.Info({{"hostname", row.banner()->hostname}});
       }
     }},
    {"smtp_capability", FamilyType::kGauge,
     "Always 1 for each keyword in the answer to EHLO, in clear (tls=\"no\") "
     "or inside TLS (tls=\"yes\").",
     [](const Row& row, Samples& samples) {
       AppendList(row, samples, "capability", &Capabilities::keywords);
     }},
    {"smtp_esmtp", FamilyType::kGauge,
     "Whether the server took EHLO. 0: it only took HELO, so it has no "
     "extensions.",
     [](const Row& row, Samples& samples) {
       if (row.clear() != nullptr) {
         samples.Add(row.clear()->esmtp);
       } else if (row.inside() != nullptr) {
         samples.Add(row.inside()->esmtp);
       }
     }},
    {"smtp_quirk", FamilyType::kGauge,
     "Always 1 for each oddity observed in what the server said, such as a "
     "bare line feed or a middlebox that masks its answers, or in what DNS "
     "says on the way to it, such as an exchanger that is a CNAME.",
     AppendQuirks},
};

void AppendExpectations(const Row& row, Samples& samples) {
  if (!row.certificate_only()) {
    for (const auto& [name, met] : row.Expectations()) {
      samples.Add({{"expectation", name}}, met);
    }
    return;
  }
  const probe::tls::Handshake* const shown = row.certified();
  if (shown == nullptr) return;
  if (const auto met = row.OutlastsExpectedDays(*shown)) {
    samples.Add(
        {{"expectation", kCertificateDays}, {"key", shown->certificate->key}},
        *met);
  }
}

constexpr Family kExpectations[] = {
    {"smtp_expectation_met", FamilyType::kGauge,
     "Whether an item of the target's expect block holds, for those that the "
     "observed facts can decide. With the label key: for one of the "
     "certificates that certificate_types asks for.",
     AppendExpectations},
};

}  // namespace

std::span<const Family> FactFamilies() { return kFamilies; }

std::span<const Family> ExpectationFamilies() { return kExpectations; }

}  // namespace exporter::metrics
