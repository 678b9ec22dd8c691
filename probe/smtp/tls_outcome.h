// What the outcome of a TLS handshake means for a probe. Pure functions.
#ifndef PROBE_SMTP_TLS_OUTCOME_H_
#define PROBE_SMTP_TLS_OUTCOME_H_

#include <optional>
#include <string>
#include <string_view>

#include "probe/result.h"
#include "probe/target.h"
#include "probe/tls/engine.h"
#include "probe/tls/handshake.h"

namespace probe::smtp {

// What a finished handshake lacks of what the module demands, phase kTls: a
// version below `min_version`; with `verify` also trust, then the name.
std::optional<Failure> JudgeHandshake(const TlsSettings& wanted,
                                      const tls::Handshake& handshake);

// Why there is no TLS (any more), phase kTls. `mode` tells what cleartext in
// the place of TLS means.
Failure FailureOf(const tls::Error& error, TlsMode mode);

// Cleartext that came where the peer had to be silent until our ClientHello,
// phase kTls. `line` is the first of it.
Failure CleartextFailure(std::string_view line, TlsMode mode);

// One line for the transcript.
std::string Summary(const tls::Handshake& handshake);

}  // namespace probe::smtp

#endif  // PROBE_SMTP_TLS_OUTCOME_H_
