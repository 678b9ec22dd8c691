// The resolver: c-ares on a libuv loop.
//
// How c-ares 1.18 (Debian 12) counts: every try asks all servers in turn, and
// each further try waits twice as long as the one before, so one question to
// one silent server takes timeout * (2^tries - 1). A server that answers
// SERVFAIL or REFUSED is skipped at once. The search domains follow when a name
// has no such records (NXDOMAIN or no data), each a question of its own with
// tries of its own; what the last one says is the answer, so a search domain
// whose servers are silent turns NXDOMAIN into a timeout. A trailing dot keeps
// the search domains away.
#ifndef PROBE_DNS_ARES_RESOLVER_H_
#define PROBE_DNS_ARES_RESOLVER_H_

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "probe/clock.h"
#include "probe/dns/resolver.h"

struct uv_loop_s;

namespace probe::dns {

struct AresOptions {
  // "192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:53"; empty: what the host
  // is configured with (/etc/resolv.conf).
  std::vector<std::string> servers;
  Duration timeout = std::chrono::seconds(2);  // Of the first try.
  int tries = 2;
};

class AresResolver final : public Resolver {
 public:
  // `loop` must outlive the resolver. The error is a sentence.
  static std::expected<std::unique_ptr<AresResolver>, std::string> Create(
      uv_loop_s* loop, const AresOptions& options);
  // Forgets all lookups: their callbacks do not run any more. The loop must
  // run once more for its handles to close.
  ~AresResolver() override;
  AresResolver(const AresResolver&) = delete;
  AresResolver& operator=(const AresResolver&) = delete;

  void Lookup(const std::string& name, IpAddress::Family family,
              Callback done) override;

 private:
  struct Impl;
  explicit AresResolver(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace probe::dns

#endif  // PROBE_DNS_ARES_RESOLVER_H_
