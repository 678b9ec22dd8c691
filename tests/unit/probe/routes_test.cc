#include "probe/net/routes.h"

#include <sys/resource.h>

#include "tests/support/catch.h"

namespace probe::net {
namespace {

// What this machine's routes to elsewhere are is not for a test to know.
TEST_CASE("loopback has a route") {
  CHECK(HasRoute(*IpAddress::Parse("127.0.0.1")));
  CHECK(HasRoute(*IpAddress::Parse("127.200.0.9")));
}

TEST_CASE("without descriptors no address is left out") {
  // 240/4 is routed nowhere, but a default route may take it.
  const IpAddress nowhere = *IpAddress::Parse("240.0.0.1");
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  rlimit none = limit;
  none.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &none);
  const bool starved = HasRoute(nowhere);
  setrlimit(RLIMIT_NOFILE, &limit);
  CHECK(starved);
}

}  // namespace
}  // namespace probe::net
