// The resolver: c-ares on a libuv loop.
//
// How c-ares 1.18 (Debian 12) counts: every try asks all servers in turn, and
// each further try waits twice as long as the one before, so one question to
// one silent server takes timeout * (2^tries - 1). A server that answers
// SERVFAIL or REFUSED is skipped at once. A name that does not exist as it
// stands takes one more such question for each search domain, until one of them
// has the name (with or without such records) or does not answer. Then, and
// when no domain has it, the first answer stands.
#ifndef PROBE_DNS_ARES_RESOLVER_H_
#define PROBE_DNS_ARES_RESOLVER_H_

#include <expected>
#include <memory>
#include <string>

#include "probe/dns/ares_options.h"
#include "probe/dns/resolver.h"

struct uv_loop_s;

namespace probe::dns {

class AresResolver final : public Resolver {
 public:
  // `loop` must outlive the resolver. The search domains are those of the host
  // ($LOCALDOMAIN, /etc/resolv.conf), whatever the servers. The error is a
  // sentence.
  static std::expected<std::unique_ptr<AresResolver>, std::string> Create(
      uv_loop_s* loop, const AresOptions& options);
  // Forgets all lookups: their callbacks do not run any more. The loop must
  // run once more for its handles to close.
  ~AresResolver() override;
  AresResolver(const AresResolver&) = delete;
  AresResolver& operator=(const AresResolver&) = delete;

  void Lookup(const std::string& name, IpAddress::Family family,
              Callback<Addresses> done) override;
  void LookupMx(const std::string& domain, Callback<Exchangers> done) override;
  void LookupPtr(const IpAddress& address,
                 Callback<ReverseNames> done) override;

 private:
  struct Impl;
  explicit AresResolver(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace probe::dns

#endif  // PROBE_DNS_ARES_RESOLVER_H_
