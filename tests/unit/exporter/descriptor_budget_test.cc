#include "exporter/descriptor_budget.h"

#include <string>

#include "tests/support/catch.h"

namespace exporter {
namespace {

TEST_CASE("descriptors are shared between conversations and connections") {
  struct Row {
    std::uint64_t limit;
    DescriptorBudget wanted;
    DescriptorBudget want;
  };
  const Row rows[] = {
      {1 << 20, {1000, 4096}, {1000, 4096}},
      {UINT64_MAX, {100'000, 4096}, {100'000, 4096}},
      {2000 + 4096 + 128, {1000, 4096}, {1000, 4096}},
      // One short: who has more gives.
      {2000 + 4096 + 127, {1000, 4096}, {1000, 4095}},
      {4096, {1000, 4096}, {1000, 1968}},
      {4096, {100'000, 4096}, {1323, 1322}},
      {1024, {1000, 4096}, {299, 298}},
      {1024, {100, 4096}, {100, 696}},
      {4096, {100'000, 10}, {1979, 10}},
      {8, {1000, 4096}, {2, 2}},
      {1, {1000, 4096}, {1, 1}},
      {0, {1000, 4096}, {1, 1}},
  };
  for (const Row& row : rows) {
    INFO(row.limit << " for " << row.wanted.conversations << " and "
                   << row.wanted.connections);
    const DescriptorBudget got = FitDescriptors(row.limit, row.wanted);
    CHECK(got.conversations == row.want.conversations);
    CHECK(got.connections == row.want.connections);
  }
}

TEST_CASE("the soft limit becomes the hard one") {
  const std::uint64_t limit = RaiseDescriptorLimit();
  CHECK(limit > 0);
  CHECK(RaiseDescriptorLimit() == limit);
}

}  // namespace
}  // namespace exporter
