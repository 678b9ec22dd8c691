#include "exporter/verdict_log.h"

#include <optional>
#include <string>
#include <string_view>

#include "exporter/logging.h"

namespace exporter {
namespace {

std::string ServerText(const probe::Endpoint& endpoint) {
  if (endpoint.server_name.empty()) return endpoint.ServerKey();
  return endpoint.server_name + ":" + std::to_string(endpoint.port);
}

std::string AddressText(const probe::Endpoint& endpoint) {
  return endpoint.address ? endpoint.address->ToString() : "none";
}

bool SameVerdict(const std::optional<probe::Failure>& a,
                 const std::optional<probe::Failure>& b) {
  if (!a || !b) return !a && !b;
  return a->phase == b->phase && a->reason == b->reason;
}

void LogVerdict(const probe::Endpoint& endpoint,
                const std::optional<probe::Failure>& failure) {
  const std::string server = ServerText(endpoint);
  const std::string address = AddressText(endpoint);
  if (!failure) {
    return LogInfo("Probe succeeds again",
                   {{"server", server}, {"address", address}});
  }
  LogWarn("Probe failed", {{"server", server},
                           {"address", address},
                           {"phase", std::string(Name(failure->phase))},
                           {"reason", std::string(Name(failure->reason))},
                           {"detail", failure->detail}});
}

// `lost` is worth a warning in the direction that harms.
void LogOffer(const probe::Endpoint& endpoint, LogLevel level,
              std::string_view message) {
  Log(level, message,
      {{"server", ServerText(endpoint)}, {"address", AddressText(endpoint)}});
}

}  // namespace

void LogTransition(const probe::Endpoint& endpoint,
                   const ResultStore::Transition& transition) {
  const EndpointState* before = transition.before.get();
  const EndpointState& after = *transition.after;
  const std::optional<probe::Failure> was =
      before != nullptr ? before->verdict->failure : std::nullopt;
  if (!SameVerdict(was, after.verdict->failure)) {
    LogVerdict(endpoint, after.verdict->failure);
  }
  if (before == nullptr || !before->clear || !after.clear) return;
  if (before->clear->starttls && !after.clear->starttls) {
    LogOffer(endpoint, LogLevel::kWarn, "STARTTLS is no longer advertised");
  }
  if (!before->clear->starttls && after.clear->starttls) {
    LogOffer(endpoint, LogLevel::kInfo, "STARTTLS is advertised now");
  }
  if (before->clear->auth != after.clear->auth) {
    LogOffer(endpoint, LogLevel::kInfo,
             after.clear->auth ? "AUTH is offered in clear now"
                               : "AUTH is no longer offered in clear");
  }
}

}  // namespace exporter
