// What the command `check` tells Nagios, Icinga and their like, by the
// guidelines of the monitoring plugins: one line with performance data, then
// lines for people. Pure.
#ifndef EXPORTER_CHECK_NAGIOS_REPORT_H_
#define EXPORTER_CHECK_NAGIOS_REPORT_H_

#include <cstddef>
#include <span>
#include <string>

#include "exporter/findings.h"
#include "exporter/metrics/row.h"

namespace exporter::check {

// Nagios reads no more of a plugin's output, and cuts the rest off.
inline constexpr std::size_t kMaxPluginOutput = 8192;

// The worst of several: one that is unknown could be anything, so it is worse
// than ok, but what is known to be bad comes first. Of `untested` more, which
// an interruption left out, nothing is known.
Status WorstOf(std::span<const metrics::TargetRow> targets,
               std::size_t untested = 0);
// 0 ok, 1 warning, 2 critical, 3 unknown.
int ExitCode(Status status);

// SMTP CRITICAL - mx1.example.com:25: STARTTLS is not offered | 'time'=0.25s
// ... With several targets each label begins with the target's name.
std::string NagiosReport(std::span<const metrics::TargetRow> targets,
                         std::size_t untested = 0);

}  // namespace exporter::check

#endif  // EXPORTER_CHECK_NAGIOS_REPORT_H_
