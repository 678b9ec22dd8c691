#include "exporter/findings.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <tuple>
#include <utility>

#include "exporter/findings/codes.h"
#include "exporter/findings/collector.h"
#include "exporter/findings/parts.h"
#include "probe/result.h"
#include "probe/smtp/quirk.h"

namespace exporter {
namespace {

using findings::Collector;
using metrics::Row;
using metrics::TargetRow;

// What a finding says, wherever it was found; as good as until it is changed.
using Said =
    std::tuple<std::string_view, Level, std::string_view, std::string_view>;

Said SaidBy(const Finding& finding) {
  return {finding.code, finding.level, finding.title, finding.advice};
}

// Of findings that say the same: what is said of the whole target is not said
// again of a place, and what every one of `places` shows is said of the whole.
// By a map, as a domain of hundreds of addresses has thousands of findings.
void Merge(std::vector<Finding>& all, std::size_t places) {
  struct Group {
    std::size_t count = 0;
    bool said = false;  // Of the whole target.
  };
  std::map<Said, Group> groups;
  std::vector<Group*> group_of;
  group_of.reserve(all.size());
  for (const Finding& finding : all) {
    Group& group = groups[SaidBy(finding)];
    ++group.count;
    group_of.push_back(&group);
  }
  std::vector<Finding> merged;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Group& group = *group_of[i];
    if (group.said) continue;
    Finding& finding = merged.emplace_back(std::move(all[i]));
    if (group.count > 1 && group.count == places) {
      finding.address.clear();
      finding.mx.clear();
    }
    group.said = finding.address.empty() && finding.mx.empty();
  }
  all = std::move(merged);
}

// The worst first, else as they came. Not std::stable_sort: libstdc++'s uses
// what C++23 has deprecated.
void Sort(std::vector<Finding>& all) {
  std::vector<Finding> sorted;
  sorted.reserve(all.size());
  using enum Level;
  for (const Level level : {kCritical, kWarning, kInfo, kOk}) {
    for (Finding& finding : all) {
      if (finding.level == level) sorted.push_back(std::move(finding));
    }
  }
  all = std::move(sorted);
}

Summary SummaryOf(Collector& worst, bool has_result) {
  if (worst.found().empty()) {
    return {has_result ? Status::kOk : Status::kUnknown, ""};
  }
  Finding& first = worst.found().front();
  const bool critical = first.level == Level::kCritical;
  const Status known = critical ? Status::kCritical : Status::kWarning;
  return {has_result || critical ? known : Status::kUnknown,
          std::move(first.title)};
}

}  // namespace

std::string_view Name(Level level) {
  static constexpr std::array<std::string_view, 4> kNames = {
      "ok", "info", "warning", "critical"};
  return kNames[static_cast<std::size_t>(level)];
}

std::string_view Name(Status status) {
  static constexpr std::array<std::string_view, 4> kNames = {
      "ok", "unknown", "warning", "critical"};
  return kNames[static_cast<std::size_t>(status)];
}

std::vector<Finding> FindingsOf(const Row& row) {
  Collector all(Collector::Keep::kAll);
  findings::AddPlace(row, Level::kCritical, all);
  Sort(all.found());
  return std::move(all.found());
}

std::vector<Finding> FindingsOf(const TargetRow& target) {
  Collector all(Collector::Keep::kAll);
  findings::AddTarget(target, all);
  std::size_t places = 0;
  target.ForEachRow([&](const Row&) { ++places; });
  Merge(all.found(), places);
  Sort(all.found());
  return std::move(all.found());
}

Summary Summarize(const Row& row) {
  Collector worst(Collector::Keep::kWorst);
  findings::AddPlace(row, Level::kCritical, worst);
  return SummaryOf(worst, findings::HasResult(row));
}

Summary Summarize(const TargetRow& target) {
  Collector worst(Collector::Keep::kWorst);
  findings::AddTarget(target, worst);
  return SummaryOf(worst, findings::HasResult(target));
}

std::span<const std::string_view> FindingCodes() {
  static const std::vector<std::string_view> kCodes = [] {
    std::vector<std::string_view> codes(findings::kOwnCodes.begin(),
                                        findings::kOwnCodes.end());
    for (std::size_t i = 0; i < probe::kReasonCount; ++i) {
      codes.push_back(Name(static_cast<probe::Reason>(i)));
    }
    codes.insert(codes.end(), probe::smtp::kQuirkNames.begin(),
                 probe::smtp::kQuirkNames.end());
    return codes;
  }();
  return kCodes;
}

}  // namespace exporter
