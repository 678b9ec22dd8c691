// A failed probe in plain words. Part of exporter/findings.
#ifndef EXPORTER_FINDINGS_FAILURE_WORDS_H_
#define EXPORTER_FINDINGS_FAILURE_WORDS_H_

#include <string_view>

#include "exporter/findings.h"
#include "exporter/findings/collector.h"
#include "probe/result.h"

namespace exporter::findings {

// The finding's code: the name of the reason, but for those that the facts
// give, too, such as "starttls_missing".
std::string_view CodeOf(const probe::Failure& failure);
Level LevelOf(const probe::Failure& failure);
// What was being done, what came, the likely causes, what to do.
Text WordsOf(const probe::Failure& failure);

}  // namespace exporter::findings

#endif  // EXPORTER_FINDINGS_FAILURE_WORDS_H_
