#include "probe/dns/ares_resolver.h"

#include <ares.h>
#include <strings.h>
#include <uv.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "probe/dns/ares_channel.h"
#include "probe/dns/ares_failure.h"
#include "probe/dns/hosts_file.h"
#include "probe/dns/message.h"
#include "probe/dns/reverse_name.h"
#include "probe/dns/search_domains.h"
#include "probe/host_name.h"
#include "probe/net/timer.h"
#include "probe/net/uv_handle.h"

namespace probe::dns {
namespace {

// Entries of the hosts file have no TTL: as long as an edit of the file may
// take to reach whoever keeps the answer.
constexpr Duration kTtlOfFile = std::chrono::minutes(1);
// RFC 1035 2.3.4, and room for the trailing dot.
constexpr std::size_t kMaxName = 255;

// A NUL would end the name for c-ares, which would then ask for another one.
bool IsAskable(const std::string& name) {
  return !name.empty() && name.size() <= kMaxName &&
         name.find('\0') == std::string::npos;
}

template <typename T>
void SortUnique(std::vector<T>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

Addresses AddressesOf(Records records) {
  SortUnique(records.addresses);
  return {.addresses = std::move(records.addresses),
          .ttl = records.ttl,
          .alias = records.alias};
}

Addresses LocalAddresses(std::vector<IpAddress> addresses) {
  return {.addresses = std::move(addresses), .ttl = kTtlOfFile, .local = true};
}

Exchangers ExchangersOf(Records records) {
  Exchangers result{.records = {}, .ttl = records.ttl};
  for (Records::Name& name : records.names) {
    result.records.push_back(
        {.preference = name.preference, .host = std::move(name.text)});
  }
  return result;
}

ReverseNames ReverseNamesOf(Records records) {
  ReverseNames result{.names = {}, .ttl = records.ttl};
  for (Records::Name& name : records.names) {
    if (IsHostName(name.text)) result.names.push_back(std::move(name.text));
  }
  // Sorted before it is cut, so that the answer's rotation is no change.
  SortUnique(result.names);
  if (result.names.size() > kMaxReverseNames) {
    result.names.resize(kMaxReverseNames);
  }
  return result;
}

// Whether the search domains may complete a name that failed so.
bool MayBeShort(const std::string& name, int status) {
  if (name.ends_with('.')) return false;
  if (status == ARES_ENOTFOUND) return true;
  // systemd-resolved refuses to ask for one label, in these ways (the last one
  // is how c-ares 1.18 reports both).
  return name.find('.') == std::string::npos &&
         (status == ARES_ESERVFAIL || status == ARES_EREFUSED ||
          status == ARES_ECONNREFUSED);
}

}  // namespace

struct AresResolver::Impl {
  // What an address lookup that goes through the search domains remembers.
  struct Search {
    std::string name;
    RecordType type;
    Callback<Addresses> done;
    Failure first;           // To the name as it stands.
    std::size_t domain = 0;  // The next one to try.
  };

  Impl(uv_loop_t* loop, const AresOptions& options)
      : deliver(net::MakeHandle<uv_idle_t>(
            this, [loop](uv_idle_t* raw) { return uv_idle_init(loop, raw); })),
        hosts(options.hosts_file) {}

  // Nothing is handed out while c-ares is on the stack: the receiver may start
  // lookups or destroy the resolver. An idle handle keeps the loop from
  // waiting, so this costs no time.
  template <typename Found>
  void Finish(Callback<Found> done, Answer<Found> answer) {
    finished.push_back(
        [done = std::move(done), answer = std::move(answer)]() mutable {
          done(std::move(answer));
        });
    uv_idle_start(deliver.get(), OnDeliver);
  }
  // `read` makes the answer from records of this type.
  template <typename Found>
  void Ask(const std::string& name, RecordType type,
           Found (*read)(Records records), Callback<Found> done);
  void AskAddresses(const std::string& name, RecordType type,
                    Callback<Addresses> done);
  void AskNextDomain(Search search);
  // The addresses that a name has on this host, without a question. Only this
  // host knows its hosts file: none for a name that ends with a dot.
  std::vector<IpAddress> OnThisHost(const std::string& name,
                                    IpAddress::Family family);

  static std::expected<Records, Failure> Read(
      const std::string& name, RecordType type, int status,
      std::span<const std::uint8_t> message);
  static void OnDeliver(uv_idle_t* handle);

  net::Handle<uv_idle_t> deliver;
  std::vector<std::function<void()>> finished;
  std::vector<std::string> domains;
  HostsFile hosts;
  std::unique_ptr<AresChannel> channel;
};

void AresResolver::Impl::OnDeliver(uv_idle_t* handle) {
  auto* self = static_cast<Impl*>(handle->data);
  if (self == nullptr) return;
  // Those that finish meanwhile have the next turn, so that a chain of lookups
  // cannot hold the loop.
  std::vector<std::function<void()>> batch = std::exchange(self->finished, {});
  uv_idle_stop(handle);
  for (const std::function<void()>& each : batch) {
    each();
    if (handle->data == nullptr) return;  // It destroyed the resolver.
  }
}

std::expected<Records, Failure> AresResolver::Impl::Read(
    const std::string& name, RecordType type, int status,
    std::span<const std::uint8_t> message) {
  if (status != ARES_SUCCESS) {
    return std::unexpected(AresFailure(name, status, type));
  }
  auto records = ReadMessage(message, type);
  if (!records) return std::unexpected(AresFailure(name, records.error()));
  // An IPv4 address in IPv6 form is no way to reach a host by IPv6 (RFC 4038
  // 4.2), and would be a second name of the same server.
  std::erase_if(records->addresses, [](const IpAddress& address) {
    return address.Unmapped() != address;
  });
  // Nothing but CNAMEs, or records of others.
  if (records->Empty()) {
    return std::unexpected(AresFailure(name, ARES_ENODATA, type));
  }
  return std::move(*records);
}

template <typename Found>
void AresResolver::Impl::Ask(const std::string& name, RecordType type,
                             Found (*read)(Records records),
                             Callback<Found> done) {
  if (!IsAskable(name)) {
    Finish<Found>(std::move(done),
                  std::unexpected(AresFailure(name, ARES_EBADNAME, type)));
    return;
  }
  channel->Query(name, type,
                 [this, name, type, read, done = std::move(done)](
                     int status, std::span<const std::uint8_t> message) {
                   auto records = Read(name, type, status, message);
                   if (records) {
                     Finish<Found>(done, read(std::move(*records)));
                   } else {
                     Finish<Found>(done, std::unexpected(records.error()));
                   }
                 });
}

void AresResolver::Impl::AskAddresses(const std::string& name, RecordType type,
                                      Callback<Addresses> done) {
  channel->Query(name, type,
                 [this, name, type, done = std::move(done)](
                     int status, std::span<const std::uint8_t> message) {
                   auto records = Read(name, type, status, message);
                   if (records) {
                     Finish<Addresses>(done, AddressesOf(std::move(*records)));
                   } else if (MayBeShort(name, status)) {
                     AskNextDomain({.name = name,
                                    .type = type,
                                    .done = done,
                                    .first = std::move(records.error())});
                   } else {
                     Finish<Addresses>(
                         done, std::unexpected(std::move(records.error())));
                   }
                 });
}

// Ends with the first domain that has the name: the next one would answer the
// question for the other family with another host's address.
void AresResolver::Impl::AskNextDomain(Search search) {
  if (search.domain == domains.size()) {
    Finish<Addresses>(std::move(search.done),
                      std::unexpected(std::move(search.first)));
    return;
  }
  const std::string full = search.name + '.' + domains[search.domain++];
  const RecordType type = search.type;
  channel->Query(
      full, type,
      [this, full, search = std::move(search)](
          int status, std::span<const std::uint8_t> message) mutable {
        auto records = Read(full, search.type, status, message);
        if (records) {
          Finish<Addresses>(std::move(search.done),
                            AddressesOf(std::move(*records)));
        } else if (status == ARES_ENOTFOUND) {
          AskNextDomain(std::move(search));
        } else {
          // A name of one label means one in a search domain, as a rule: where
          // that is not known, neither is the name.
          const bool open = search.name.find('.') == std::string::npos &&
                            !IsCertainlyAbsent(records.error());
          Finish<Addresses>(std::move(search.done),
                            std::unexpected(open ? std::move(records.error())
                                                 : std::move(search.first)));
        }
      });
}

AresResolver::AresResolver(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}

AresResolver::~AresResolver() = default;

std::expected<std::unique_ptr<AresResolver>, std::string> AresResolver::Create(
    uv_loop_s* loop, const AresOptions& options) {
  auto channel = AresChannel::Create(loop, options);
  if (!channel) return std::unexpected(channel.error());
  auto impl = std::make_unique<Impl>(loop, options);
  impl->channel = std::move(*channel);
  impl->domains = HostSearchDomains();
  return std::unique_ptr<AresResolver>(new AresResolver(std::move(impl)));
}

std::vector<IpAddress> AresResolver::Impl::OnThisHost(
    const std::string& name, IpAddress::Family family) {
  // RFC 6761 6.3, whatever the file says.
  if (strcasecmp(name.c_str(), "localhost") == 0 ||
      strcasecmp(name.c_str(), "localhost.") == 0) {
    return {*IpAddress::Parse(family == IpAddress::Family::kIp6 ? "::1"
                                                                : "127.0.0.1")};
  }
  if (name.ends_with('.')) return {};
  return hosts.Find(name, family, net::Now());
}

void AresResolver::Lookup(const std::string& name, IpAddress::Family family,
                          Callback<Addresses> done) {
  const RecordType type =
      family == IpAddress::Family::kIp6 ? RecordType::kAaaa : RecordType::kA;
  if (!IsAskable(name)) {
    impl_->Finish<Addresses>(std::move(done), std::unexpected(AresFailure(
                                                  name, ARES_EBADNAME, type)));
    return;
  }
  if (const auto literal = IpAddress::Parse(name)) {
    Answer<Addresses> answer =
        std::unexpected(AresFailure(name, ARES_ENODATA, type));
    if (literal->family() == family) {
      answer = LocalAddresses({*literal});
    }
    impl_->Finish<Addresses>(std::move(done), std::move(answer));
    return;
  }
  auto local = impl_->OnThisHost(name, family);
  if (!local.empty()) {
    impl_->Finish<Addresses>(std::move(done), LocalAddresses(std::move(local)));
    return;
  }
  impl_->AskAddresses(name, type, std::move(done));
}

void AresResolver::LookupMx(const std::string& domain,
                            Callback<Exchangers> done) {
  impl_->Ask<Exchangers>(domain, RecordType::kMx, ExchangersOf,
                         std::move(done));
}

void AresResolver::LookupPtr(const IpAddress& address,
                             Callback<ReverseNames> done) {
  impl_->Ask<ReverseNames>(ReverseName(address), RecordType::kPtr,
                           ReverseNamesOf, std::move(done));
}

}  // namespace probe::dns
