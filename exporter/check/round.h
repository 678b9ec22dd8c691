// Tests each of a list of targets once: a loop, a resolver and a thread that
// probes, for as long as it takes.
#ifndef EXPORTER_CHECK_ROUND_H_
#define EXPORTER_CHECK_ROUND_H_

#include <cstddef>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "exporter/check/tested_targets.h"
#include "exporter/config/config.h"
#include "exporter/config/target_list.h"
#include "probe/clock.h"

namespace exporter::check {

// Targets that are tested at the same time. Each may be a domain with many
// servers.
inline constexpr std::size_t kMaxAtOnce = 50;
// Conversations at the same time.
inline constexpr unsigned kMaxConversations = 200;

struct Round {
  TargetList targets;  // Each once.
  DnsConfig dns;
  // For one target; none: what its conversations need.
  std::optional<probe::Duration> limit;
  // Told at the start and after each test, with the index of one that is
  // waited for (the number of targets: none).
  std::function<void(std::size_t waiting)> progress;
};

// Blocks until all are tested, or SIGINT or SIGTERM ask for the end: then
// running conversations still say QUIT, and what is not tested is not in
// `tested`. The error, a sentence, is about the resolver.
std::expected<void, std::string> RunRound(const Round& round,
                                          TestedTargets& tested);

}  // namespace exporter::check

#endif  // EXPORTER_CHECK_ROUND_H_
