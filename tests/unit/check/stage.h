// Targets that were tested.
#ifndef TESTS_UNIT_CHECK_STAGE_H_
#define TESTS_UNIT_CHECK_STAGE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exporter/check/tested_targets.h"
#include "tests/unit/metrics/fixtures.h"

namespace tests {

inline probe::Target NamedTarget(const std::string& host) {
  probe::Target target = MakeTarget(probe::TlsMode::kOpportunistic);
  target.name = host + ":25";
  target.host = host;
  return target;
}

inline std::shared_ptr<const probe::ProbeResult> Shared(
    probe::ProbeResult result) {
  return std::make_shared<const probe::ProbeResult>(std::move(result));
}

// A host with one address.
inline void PutHost(exporter::check::TestedTargets& targets, std::size_t index,
                    const probe::Target& target, probe::ProbeResult result) {
  targets.Put(index,
              MakeExpansion(target, {MakePlace(MakeEndpoint(1, "192.0.2.1"))}),
              {Shared(std::move(result))}, MomentAt(kNow));
}

inline probe::ProbeResult RefusedResult() {
  probe::ProbeResult result;
  result.finished = MomentAt(kNow);
  result.duration = milliseconds(12);
  PhaseDuration(result, probe::Phase::kConnect) = milliseconds(12);
  result.failure = probe::Failure{
      probe::Phase::kConnect, probe::Reason::kRefused, "connection refused"};
  return result;
}

}  // namespace tests

#endif  // TESTS_UNIT_CHECK_STAGE_H_
