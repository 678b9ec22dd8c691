// The floor that a probe is measured against: the least that a client can do
// to say EHLO, STARTTLS, EHLO and QUIT to a mail server and to verify its
// certificate. Blocking, OpenSSL on the socket itself, keeps no facts.
#ifndef TESTS_BENCH_FLOOR_CLIENT_H_
#define TESTS_BENCH_FLOOR_CLIENT_H_

#include <cstdint>
#include <string>

#include "tests/support/ssl_ptr.h"

namespace bench {

class FloorClient {
 public:
  // Speaks to a port of 127.0.0.1 in clear.
  explicit FloorClient(std::uint16_t port) : port_(port) {}
  // With STARTTLS; the certificate is to name `server_name` and to have a
  // chain to a root in the file `roots`.
  FloorClient(std::uint16_t port, std::string server_name,
              const std::string& roots);

  // One conversation. False if a step of it fails.
  bool Converse() const;

 private:
  const std::uint16_t port_;
  const std::string server_name_;
  const tests::SslContextPtr context_;  // Null in clear.
};

}  // namespace bench

#endif  // TESTS_BENCH_FLOOR_CLIENT_H_
