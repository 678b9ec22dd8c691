// The resolver: c-ares on a libuv loop.
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
