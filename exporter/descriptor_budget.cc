#include "exporter/descriptor_budget.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace exporter {
namespace {

constexpr std::uint64_t kPerConversation = 2;
// Beside both: DNS sockets, lists that are fetched, files, logs.
constexpr std::uint64_t kReservedDescriptors = 128;

unsigned AtLeastOne(std::uint64_t count) {
  return static_cast<unsigned>(std::max<std::uint64_t>(count, 1));
}

}  // namespace

DescriptorBudget FitDescriptors(std::uint64_t limit,
                                const DescriptorBudget& wanted) {
  const std::uint64_t room = limit - std::min(kReservedDescriptors, limit / 8);
  const std::uint64_t for_conversations =
      wanted.conversations * kPerConversation;
  if (for_conversations + wanted.connections <= room) return wanted;
  const std::uint64_t left = room - std::min(for_conversations, room);
  const std::uint64_t connections =
      std::min<std::uint64_t>(wanted.connections, std::max(left, room / 3));
  return {.conversations = AtLeastOne(std::min<std::uint64_t>(
              wanted.conversations, (room - connections) / kPerConversation)),
          .connections = AtLeastOne(connections)};
}

std::uint64_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
      limit.rlim_max == RLIM_INFINITY) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace exporter
