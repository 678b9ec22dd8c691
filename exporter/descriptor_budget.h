// Shares the descriptors that the system allows us between conversations with
// mail servers and the clients of our listeners. Running out would fail probes
// for a reason of our own, and shut scrapes out.
#ifndef EXPORTER_DESCRIPTOR_BUDGET_H_
#define EXPORTER_DESCRIPTOR_BUDGET_H_

#include <cstdint>

namespace exporter {

// At the same time.
struct DescriptorBudget {
  // Of those on schedule, and as many again that are asked for.
  unsigned conversations = 1;
  unsigned connections = 1;  // Of HTTP clients.
};

// What fits into `limit` descriptors of what is `wanted`; at least one of each.
// When not all fits, connections get no more than a third.
DescriptorBudget FitDescriptors(std::uint64_t limit,
                                const DescriptorBudget& wanted);

// Raises this process' soft limit (often 1024: it exists for programs that use
// select(2)) and returns it; UINT64_MAX when it is not known.
std::uint64_t RaiseDescriptorLimit();

}  // namespace exporter

#endif  // EXPORTER_DESCRIPTOR_BUDGET_H_
