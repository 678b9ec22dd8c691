#include "exporter/token_bucket.h"

#include <chrono>

#include "tests/support/catch.h"

namespace exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr probe::Time kStart{std::chrono::hours(1000)};

// How many it gives at once.
int TakeAll(TokenBucket& bucket, probe::Time now) {
  int taken = 0;
  while (taken < 1000 && bucket.Take(now)) ++taken;
  return taken;
}

TEST_CASE("a bucket is full at the beginning and fills as time goes on") {
  TokenBucket bucket(/*per_second=*/10, /*most=*/50);
  CHECK(TakeAll(bucket, kStart) == 50);
  CHECK(TakeAll(bucket, kStart) == 0);
  CHECK(TakeAll(bucket, kStart + milliseconds(99)) == 0);
  CHECK(TakeAll(bucket, kStart + milliseconds(100)) == 1);
  CHECK(TakeAll(bucket, kStart + milliseconds(1100)) == 10);
  // Never over the brim.
  CHECK(TakeAll(bucket, kStart + seconds(3600)) == 50);
}

TEST_CASE("asking in vain costs nothing") {
  TokenBucket bucket(/*per_second=*/1, /*most=*/1);
  CHECK(bucket.Take(kStart));
  for (int i = 1; i < 10; ++i) {
    CHECK_FALSE(bucket.Take(kStart + milliseconds(100 * i)));
  }
  CHECK(bucket.Take(kStart + milliseconds(1001)));
}

}  // namespace
}  // namespace exporter
