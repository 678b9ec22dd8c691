#include "exporter/reverse_log.h"

#include <string>

#include "exporter/logging.h"

namespace exporter {
namespace {

std::string Names(const probe::Reverse& reverse) {
  std::string text;
  if (!reverse.names) return text;
  for (const std::string& name : *reverse.names) {
    if (!text.empty()) text += ' ';
    text += name;
  }
  return text;
}

}  // namespace

void LogReverse(const probe::IpAddress& address, const probe::Reverse& now,
                probe::ReverseVerdict before) {
  using enum probe::ReverseVerdict;
  const LogField where = {"address", address.ToString()};
  const LogField names = {"names", Names(now)};
  switch (VerdictOf(now)) {
    case kUnknown:
      return;
    case kNone:
      return LogInfo("Address has no reverse name", {where});
    case kLeadsElsewhere:
      return LogInfo("Reverse name does not lead back to the address",
                     {where, names});
    case kLeadsBack:
      if (before == kUnknown) return;
      return LogInfo("Reverse name leads back to the address now",
                     {where, names});
  }
}

}  // namespace exporter
