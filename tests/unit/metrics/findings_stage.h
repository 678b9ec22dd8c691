// A target with results, and what is found about it.
#ifndef TESTS_UNIT_METRICS_FINDINGS_STAGE_H_
#define TESTS_UNIT_METRICS_FINDINGS_STAGE_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/findings.h"
#include "exporter/metrics/families.h"
#include "exporter/metrics/row.h"
#include "tests/support/catch.h"
#include "tests/unit/metrics/fixtures.h"

namespace tests {

class FindingsStage {
 public:
  explicit FindingsStage(probe::Expansion expansion, probe::WallTime now = kNow)
      : now_(MomentAt(now)), series_(MakeSeries(std::move(expansion))) {
    for (const auto& series : series_->series) store_.Add(series.endpoint);
  }
  explicit FindingsStage(const probe::Target& target,
                         probe::WallTime now = kNow)
      : FindingsStage(MakeExpansion(target, {OnlyPlace()}), now) {}

  FindingsStage& Put(probe::EndpointId id, const probe::ProbeResult& result) {
    store_.Put(id, result);
    return *this;
  }

  // The summary always agrees with the findings that it stands for.
  std::vector<exporter::Finding> Target() const {
    const auto entries = Entries();
    const exporter::metrics::TargetRow row(*series_, entries, now_);
    std::vector<exporter::Finding> found = exporter::FindingsOf(row);
    Check(found, exporter::Summarize(row));
    return found;
  }
  exporter::Summary Summary() const {
    const auto entries = Entries();
    return exporter::Summarize(
        exporter::metrics::TargetRow(*series_, entries, now_));
  }
  std::vector<exporter::Finding> Place(std::size_t index = 0) const {
    const auto entries = Entries();
    const exporter::metrics::Row row(entries[index], now_);
    std::vector<exporter::Finding> found = exporter::FindingsOf(row);
    Check(found, exporter::Summarize(row));
    return found;
  }
  exporter::Status PlaceStatus(std::size_t index = 0) const {
    const auto entries = Entries();
    return exporter::Summarize(exporter::metrics::Row(entries[index], now_))
        .status;
  }

 private:
  static probe::Place OnlyPlace() {
    probe::Endpoint endpoint = MakeEndpoint(1, "192.0.2.1");
    endpoint.interval = seconds(60);
    return MakePlace(endpoint);
  }

  std::vector<exporter::metrics::TargetFamilies::Entry> Entries() const {
    std::vector<exporter::metrics::TargetFamilies::Entry> entries;
    for (const auto& series : series_->series) {
      entries.push_back({.series = &series,
                         .target = series_.get(),
                         .state = store_.Find(series.endpoint)});
    }
    return entries;
  }

  static void Check(const std::vector<exporter::Finding>& found,
                    const exporter::Summary& summary) {
    using exporter::Level;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const exporter::Finding& finding = found[i];
      INFO(finding.code << ": " << finding.title << ". " << finding.advice);
      CHECK(std::ranges::find(exporter::FindingCodes(), finding.code) !=
            exporter::FindingCodes().end());
      CHECK(!finding.title.empty());
      CHECK(finding.title.back() != '.');
      CHECK((finding.level == Level::kOk || finding.advice.ends_with('.')));
      CHECK((i == 0 || finding.level <= found[i - 1].level));
    }
    const bool bad = !found.empty() && found[0].level >= Level::kWarning;
    CHECK(summary.headline == (bad ? found[0].title : ""));
    if (summary.status == exporter::Status::kUnknown) return;
    CHECK((summary.status == exporter::Status::kCritical) ==
          (bad && found[0].level == Level::kCritical));
    CHECK((summary.status == exporter::Status::kWarning) ==
          (bad && found[0].level == Level::kWarning));
  }

  const probe::Moment now_;
  const std::shared_ptr<const exporter::metrics::TargetSeries> series_;
  exporter::ResultStore store_;
};

// The first finding with this code; null: there is none.
inline const exporter::Finding* Find(
    const std::vector<exporter::Finding>& found, std::string_view code) {
  const auto at = std::ranges::find(found, code, &exporter::Finding::code);
  return at == found.end() ? nullptr : &*at;
}

// "critical starttls_missing, ok certificate_valid": all but those of `least`
// or less.
inline std::string Codes(const std::vector<exporter::Finding>& found,
                         exporter::Level above = exporter::Level::kOk) {
  std::string text;
  for (const exporter::Finding& finding : found) {
    if (finding.level <= above) continue;
    if (!text.empty()) text += ", ";
    text += Name(finding.level);
    text += ' ';
    text += finding.code;
  }
  return text;
}

}  // namespace tests

#endif  // TESTS_UNIT_METRICS_FINDINGS_STAGE_H_
