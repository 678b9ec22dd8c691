// `smtp_prober check TARGET...`: tests mail servers once, without daemon or
// configuration, and tells what is wrong with them.
#ifndef EXPORTER_CHECK_COMMAND_H_
#define EXPORTER_CHECK_COMMAND_H_

#include "exporter/check/options.h"

namespace exporter::check {

// Writes the report to stdout, and what keeps it from being made to stderr. The
// exit code: 0 ok, 1 warning, 2 critical, 3 unknown.
int RunCommand(const Options& options);

}  // namespace exporter::check

#endif  // EXPORTER_CHECK_COMMAND_H_
