#include "exporter/metrics/families.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

#include "exporter/metrics/family.h"

namespace exporter::metrics {
namespace {

// The configuration is ours to trust, and a value cut short could make two
// series of one.
constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

// Whether `certificate` is of the type that was asked for. A server that
// presents another one all the same would be on the page twice with it.
bool IsOfType(const probe::tls::Certificate& certificate,
              probe::tls::KeyType type) {
  switch (type) {
    case probe::tls::KeyType::kAny:
      return true;
    case probe::tls::KeyType::kEcdsa:
      return certificate.key.starts_with("ecdsa");
    case probe::tls::KeyType::kRsa:
      return certificate.key.starts_with("rsa");
  }
  return false;
}

struct Table {
  std::span<const Family> families;
  bool of_certificate;  // For series that are about a certificate only, too.
};

const std::array<Table, 5>& Tables() {
  static const std::array<Table, 5> kTables = {{
      {VerdictFamilies(), false},
      {FactFamilies(), false},
      {TlsFamilies(), false},
      {CertificateFamilies(), true},
      {ExpectationFamilies(), true},
  }};
  return kTables;
}

}  // namespace

const probe::tls::Handshake* Row::certified() const {
  const probe::tls::Handshake* const known = handshake();
  if (known == nullptr || !known->certificate || !known->verdict) {
    return nullptr;
  }
  bool shown = IsOfType(*known->certificate, series_.key_type);
  if (!certificate_only()) {
    for (const auto& further : target().certificate_conversations) {
      shown = shown && !IsOfType(*known->certificate, further->tls.key_type);
    }
  }
  return shown ? known : nullptr;
}

Series::Series(std::shared_ptr<const probe::Target> wanted,
               const probe::Endpoint& joined)
    : target(std::move(wanted)),
      endpoint(joined.id),
      key_type(joined.conversation->tls.key_type),
      banner_matcher(*target) {
  AppendLabel(labels, "target", target->name, kNoLimit);
  AppendLabel(labels, "module", target->module, kNoLimit);
  if (joined.address) {
    AppendLabel(labels, "address", joined.address->ToString());
  }
  for (const auto& [name, value] : target->labels) {
    AppendLabel(labels, name, value, kNoLimit);
  }
}

TargetFamilies::TargetFamilies(TargetSnapshot snapshot)
    : snapshot_(std::move(snapshot)) {}

bool TargetFamilies::Next(ExpositionWriter& writer) {
  if (snapshot_.series == nullptr) return false;
  const SeriesList& series = *snapshot_.series;
  const std::size_t count = std::min(series.size(), snapshot_.states.size());
  const std::size_t full = writer.size() + kPieceBytes;
  std::size_t looked_at = 0;
  for (; table_ < Tables().size(); ++table_, family_ = 0) {
    const Table& table = Tables()[table_];
    for (; family_ < table.families.size();
         ++family_, series_ = 0, started_ = false) {
      const Family& family = table.families[family_];
      Samples samples(writer, family, started_, more_);
      while (series_ < count) {
        if (writer.size() >= full || looked_at++ == kMaxSeriesPerPiece) {
          return true;
        }
        const std::size_t index = series_++;
        const ResultStore::State& state = snapshot_.states[index];
        if (state == nullptr) continue;
        const Row row(series[index], *state, snapshot_.now);
        if (row.certificate_only() && !table.of_certificate) continue;
        samples.SetLabels(series[index].labels);
        family.append(row, samples);
      }
    }
  }
  return false;
}

}  // namespace exporter::metrics
