// The log line that spares an admin a dig(1): what became of the way from an
// address to its reverse name and back.
#ifndef EXPORTER_REVERSE_LOG_H_
#define EXPORTER_REVERSE_LOG_H_

#include "probe/ip_address.h"
#include "probe/reverse_table.h"

namespace exporter {

// One line for what DNS says `now` and did not say `before`. That all is well
// from the start is none.
void LogReverse(const probe::IpAddress& address, const probe::Reverse& now,
                probe::ReverseVerdict before);

}  // namespace exporter

#endif  // EXPORTER_REVERSE_LOG_H_
