// The names of TLS alerts.
#ifndef PROBE_TLS_ALERT_H_
#define PROBE_TLS_ALERT_H_

#include <string>

namespace probe::tls {

// "handshake_failure (40)"; "unknown (200)" for a number without a name.
std::string AlertText(int number);

}  // namespace probe::tls

#endif  // PROBE_TLS_ALERT_H_
