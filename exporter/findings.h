// What somebody who runs mail servers should know of a target, in plain words
// and with what to do: the verdict of a person who reads the metrics.
//
// Pure functions of what was observed. What was not observed is not judged:
// one finding says that it was not, or since when.
#ifndef EXPORTER_FINDINGS_H_
#define EXPORTER_FINDINGS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/metrics/row.h"

namespace exporter {

// Of one finding. kOk: good news; kInfo: worth knowing, nothing to be done at
// night.
enum class Level { kOk, kInfo, kWarning, kCritical };

// Of a place or a target, the worse the greater. kUnknown: there is no result
// yet, or the test failed here and not at the server.
enum class Status { kOk, kUnknown, kWarning, kCritical };

// "ok", "info", "warning", "critical"; "ok", "unknown", ...
std::string_view Name(Level level);
std::string_view Name(Status status);

struct Finding {
  Level level = Level::kOk;
  // One of FindingCodes().
  std::string_view code;
  // One line. Texts of a server in it are printable UTF-8, and foreign.
  std::string title;
  // What was seen, the likely causes and what to do, in whole sentences. ""
  // only for good news.
  std::string advice;
  // Where it was found; "" for the whole target. `mx` only of a domain.
  std::string address{};
  std::string mx{};
};

// Of one place, the worst first.
std::vector<Finding> FindingsOf(const metrics::Row& row);
// Of a target: of the whole of it, and of all its places. What every place
// shows is said once, of the whole. A dead exchanger is no dead domain: while
// another of the best takes mail, it is a warning.
std::vector<Finding> FindingsOf(const metrics::TargetRow& target);

struct Summary {
  Status status = Status::kUnknown;
  // The title of the first finding; "" when it is not even a warning.
  std::string headline;
};

// The same verdict as that of the findings, at a fraction of their cost: for
// lists of thousands of targets.
Summary Summarize(const metrics::Row& row);
Summary Summarize(const metrics::TargetRow& target);

// The closed set of codes. To rename one is a breaking change.
std::span<const std::string_view> FindingCodes();

}  // namespace exporter

#endif  // EXPORTER_FINDINGS_H_
