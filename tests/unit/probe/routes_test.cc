#include "probe/net/routes.h"

#include <sys/resource.h>

#include "tests/support/catch.h"

namespace probe::net {
namespace {

// What this machine's routes are is not for a test to know; that asking needs
// no network and that trouble of our own hides no family is.
TEST_CASE("without descriptors no family is left out") {
  const plan::Routes before = DetectRoutes();
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  rlimit none = limit;
  none.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &none);
  const plan::Routes starved = DetectRoutes();
  setrlimit(RLIMIT_NOFILE, &limit);
  CHECK(starved.ip4);
  CHECK((starved.ip6 || !before.ip6));
  const plan::Routes after = DetectRoutes();
  CHECK(after.ip4 == before.ip4);
  CHECK(after.ip6 == before.ip6);
}

}  // namespace
}  // namespace probe::net
