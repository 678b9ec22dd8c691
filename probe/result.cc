#include "probe/result.h"

namespace probe {

std::string_view Name(Phase phase) {
  static constexpr std::array<std::string_view, kPhaseCount> kNames = {
      "resolve",  "connect", "greeting", "ehlo",
      "starttls", "tls",     "ehlo_tls", "quit"};
  return kNames[static_cast<std::size_t>(phase)];
}

std::string_view Name(Reason reason) {
  static constexpr std::array<std::string_view, kReasonCount> kNames = {
      "dns_not_found",
      "dns_timeout",
      "dns_failure",
      "null_mx",
      "no_address",
      "refused",
      "unreachable",
      "timeout",
      "reset",
      "closed",
      "rejected_temporary",
      "rejected_permanent",
      "service_closing",
      "protocol_error",
      "not_smtp",
      "reply_too_large",
      "desync",
      "plaintext_injection",
      "tls_on_plain_port",
      "plain_on_tls_port",
      "starttls_not_advertised",
      "tls_alert",
      "tls_protocol",
      "tls_local_policy",
      "certificate_untrusted",
      "certificate_name",
      "backoff",
      "shutdown",
      "internal"};
  return kNames[static_cast<std::size_t>(reason)];
}

bool IsOurOwn(Reason reason) {
  return reason == Reason::kBackoff || reason == Reason::kShutdown ||
         reason == Reason::kInternal;
}

}  // namespace probe
