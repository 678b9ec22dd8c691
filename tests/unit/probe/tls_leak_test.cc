// A daemon shakes hands for months.
#include <unistd.h>

#include <fstream>
#include <memory>

#include "probe/tls/engine.h"
#include "tests/support/catch.h"
#include "tests/support/pki.h"
#include "tests/support/tls_connection.h"
#include "tests/support/tls_peer.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDER_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNDER_SANITIZER 1
#endif
#endif

namespace {

// The sanitizers hold back what was freed, so that the size of the process says
// nothing, and take their time. LeakSanitizer sees a leak after one handshake.
#ifdef UNDER_SANITIZER
constexpr int kHandshakes = 1000;
constexpr bool kMeasurable = false;
#else
constexpr int kHandshakes = 10'000;
constexpr bool kMeasurable = true;
#endif

// Of so many handshakes: 26 bytes each would be seen.
constexpr long kMaxGrowth = 256L * 1024;

long ResidentBytes() {
  long size = 0;
  long resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace

TEST_CASE("Handshakes leave nothing behind") {
  tests::TlsPeerSettings settings;
  // All of a verdict's ways: a chain, a fault, a client certificate, a failure.
  const auto peer = [&settings](const char* identity, tests::TlsRange range) {
    settings.identities = {tests::TestPki().Get(identity)};
    settings.versions = range;
    return std::make_unique<tests::TlsPeerContext>(settings);
  };
  const auto good = peer("good", tests::TlsRange::kTls13Only);
  const auto expired = peer("expired", tests::TlsRange::kTls12Only);
  settings.only_sni = "mx.example.net";
  const auto failing = peer("good", tests::TlsRange::kTls13Only);
  const auto context = tests::TlsContext();

  const auto shake = [&context](const tests::TlsPeerContext& with, bool open) {
    tests::TlsConnection connection(with, context);
    connection.Exchange();
    REQUIRE(connection.engine.open() == open);
    if (!open) return;
    connection.peer.Write("220 mx.example.com\r\n");
    connection.engine.Close();
    connection.Exchange();
  };
  const auto shake_many = [&](int count) {
    for (int i = 0; i < count; ++i) {
      if (i % 10 == 8) {
        shake(*expired, true);
      } else if (i % 10 == 9) {
        shake(*failing, false);
      } else {
        shake(*good, true);
      }
    }
  };
  // Until OpenSSL has all that it keeps for the life of the process.
  shake_many(kHandshakes / 10);
  const long before = ResidentBytes();
  shake_many(kHandshakes);
  const long growth = ResidentBytes() - before;
  CAPTURE(growth);
  if (kMeasurable) CHECK(growth < kMaxGrowth);
}
