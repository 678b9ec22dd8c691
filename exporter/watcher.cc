#include "exporter/watcher.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "exporter/config/heap.h"
#include "exporter/logging.h"
#include "exporter/reverse_log.h"
#include "exporter/verdict_log.h"
#include "probe/conversations.h"
#include "probe/dns/ares_resolver.h"
#include "probe/dns/resolv_conf_watch.h"
#include "probe/mailbox.h"
#include "probe/net/routes.h"
#include "probe/net/timer.h"
#include "probe/prober.h"

namespace exporter {
namespace {

// Of targets that are listed twice a line names so many.
constexpr std::size_t kNamedDuplicates = 5;
// What the allocator keeps of a target that came or went, roughly: its text,
// its list, its endpoint.
constexpr std::size_t kBytesPerTarget = 4096;

// After so long without another list the probe threads have heard of it, too,
// and pages that were being sent are out.
constexpr probe::Duration kHeapPause = std::chrono::seconds(5);

// On libuv's pool.
void ReturnHeap(uv_loop_t* loop, std::size_t bytes) {
  struct Work {
    uv_work_t request{};
    std::size_t bytes = 0;
  };
  auto work = std::make_unique<Work>();
  work->bytes = bytes;
  work->request.data = work.get();
  uv_queue_work(
      loop, &work.release()->request,
      [](uv_work_t* request) {
        config::ReturnHeap(static_cast<Work*>(request->data)->bytes);
      },
      [](uv_work_t* request, int) {
        delete static_cast<Work*>(request->data);
      });
}

}  // namespace

struct Watcher::Impl {
  Impl(uv_loop_t* loop_in, unsigned threads, unsigned concurrency,
       ResultStore& store_in, metrics::SelfMetrics& self_in, Expanded expanded)
      : loop(loop_in),
        store(store_in),
        self(self_in),
        mailbox(loop),
        conversations(
            loop,
            [this](const probe::Endpoint& endpoint) -> auto& {
              return ProberOf(endpoint);
            }),
        heap_timer(loop, [this] { ReturnHeap(loop, std::exchange(freed, 0)); }),
        directory(loop, &probe::net::HasRoute,
                  MakeObserver(std::move(expanded))),
        resolv_conf(loop, [this] { OnResolvConf(); }) {
    // A thread without a conversation of its own would serve nobody.
    threads = std::min(threads, concurrency);
    for (unsigned i = 0; i < threads; ++i) {
      const std::size_t share =
          concurrency / threads + (i < concurrency % threads ? 1 : 0);
      probers.push_back(
          std::make_unique<probe::Prober>(share, MakeProberObserver(i)));
    }
  }

  // The way of an endpoint.

  probe::Directory::Observer MakeObserver(Expanded expanded) {
    return {
        .put =
            [this](std::shared_ptr<const probe::Endpoint> endpoint) {
              store.Add(endpoint->id);
              probe::Prober& prober = ProberOf(*endpoint);
              owners[endpoint->id] = &prober;
              prober.Put(std::move(endpoint));
            },
        .removed =
            [this](probe::EndpointId id) {
              const auto owner = owners.find(id);
              owner->second->Remove(id);
              owners.erase(owner);
              store.Remove(id);
            },
        .expanded = std::move(expanded),
        .looked_up =
            [this](probe::RecordType record, const probe::Lookup& lookup) {
              self.DnsLookup(record, lookup.answered);
            },
        .reversed = &LogReverse,
        .taken_over =
            [this](std::size_t changed, const TargetList& left_out) {
              TellDuplicates(left_out);
              ReturnHeapSoon(changed);
            },
    };
  }

  // Lists from several sources may name a target twice. Each change of any of
  // them makes a new list, so only what is new is worth a line.
  void TellDuplicates(const TargetList& left_out) {
    self.SetDuplicates(left_out.size());
    std::string text;
    for (std::size_t i = 0; i < std::min(left_out.size(), kNamedDuplicates);
         ++i) {
      if (i > 0) text += ' ';
      text += left_out[i]->name;
    }
    if (text == duplicates) return;
    duplicates = text;
    if (left_out.empty()) return;
    LogWarn("Targets are listed twice with the same module, the first counts",
            {{"count", std::to_string(left_out.size())}, {"targets", text}});
  }

  // By server, so that politeness towards one server is one thread's business.
  probe::Prober& ProberOf(const probe::Endpoint& endpoint) {
    const std::string key =
        endpoint.address ? endpoint.ServerKey() : endpoint.server_name;
    return *probers[std::hash<std::string>()(key) % probers.size()];
  }

  // Called on prober `index`'s thread: store and self metrics are made for it.
  probe::Prober::Observer MakeProberObserver(unsigned index) {
    return {
        .started = [this](probe::Duration lag) { self.ProbeStarted(lag); },
        .ended = [this](probe::Duration took) { self.ProbeFinished(took); },
        .finished =
            [this](const probe::Endpoint& endpoint, probe::ProbeResult result) {
              const auto transition = store.Put(
                  endpoint.id, result, endpoint.conversation->tls.key_type);
              if (transition) LogTransition(endpoint, *transition);
            },
        .postponed =
            [this](probe::EndpointId id, probe::Duration interval) {
              store.SetInterval(id, interval);
            },
        .loop_lag = [this, name = "probe-" + std::to_string(index)](
                        probe::Duration lag) { self.LoopLag(name, lag); },
    };
  }

  // DNS.

  std::expected<void, std::string> SetDns(const DnsConfig& wanted) {
    if (resolver && wanted == dns && !wanted.servers.empty()) return {};
    auto fresh =
        probe::dns::AresResolver::Create(loop, {.servers = wanted.servers,
                                                .timeout = wanted.timeout,
                                                .tries = wanted.tries});
    if (!fresh) return std::unexpected(fresh.error());
    // The old one must not be used from here on, nor be gone before.
    const auto old = std::exchange(resolver, std::move(*fresh));
    dns = wanted;
    directory.SetResolver(resolver.get());
    for (const auto& [number, inquiry] : inquiries) {
      inquiry->SetResolver(*resolver);
    }
    return {};
  }

  void OnResolvConf() {
    if (!resolver || !dns.servers.empty()) return;
    // A copy: it becomes what is set.
    const auto set = SetDns(DnsConfig(dns));
    if (set) {
      LogInfo("DNS configuration of this host has changed",
              {{"file", probe::dns::kResolvConf}});
    } else {
      LogWarn("Changed DNS configuration of this host cannot be used",
              {{"file", probe::dns::kResolvConf}, {"err", set.error()}});
    }
  }

  // What is asked for.

  InquiryNumber Inquire(probe::Inquiry::Question question,
                        probe::Inquiry::Done done) {
    const InquiryNumber number = ++last_inquiry;
    inquiries[number] = std::make_unique<probe::Inquiry>(
        loop, *resolver, conversations, &probe::net::HasRoute,
        std::move(question),
        [this, number,
         done = std::move(done)](probe::Inquiry::Answer answer) mutable {
          // Whoever is told may destroy the watcher; this function goes with
          // the inquiry.
          const probe::Inquiry::Done told = std::move(done);
          const auto ended = inquiries.extract(number);
          told(std::move(answer));
        });
    return number;
  }

  void ReturnHeapSoon(std::size_t changed) {
    if (changed == 0) return;
    // One that runs is left alone: lists may change all the time.
    if (freed == 0) heap_timer.At(probe::net::Now() + kHeapPause);
    freed += changed * kBytesPerTarget;
  }

  void Stop(std::function<void()> stopped) {
    when_stopped = std::move(stopped);
    draining = probers.size();
    for (const auto& prober : probers) {
      prober->Stop([this] {
        mailbox.Post([this] {
          if (--draining > 0) return;
          // A copy: it may destroy the watcher.
          const std::function<void()> done = when_stopped;
          done();
        });
      });
    }
  }

  void AskThreads(std::function<void()> answered) {
    const auto missing = std::make_shared<std::size_t>(probers.size());
    for (const auto& prober : probers) {
      prober->Run([this, missing, answered] {
        mailbox.Post([missing, answered] {
          if (--*missing == 0) answered();
        });
      });
    }
  }

  // Taken apart from the end: the probers' threads use all that is above them,
  // and a lookup's answer finds the directory.
  uv_loop_t* const loop;
  ResultStore& store;
  metrics::SelfMetrics& self;
  probe::Mailbox mailbox;
  probe::Conversations conversations;
  std::map<probe::EndpointId, probe::Prober*> owners;
  std::string duplicates;  // Those last logged.
  std::size_t freed = 0;   // Bytes, since memory was last given back.
  std::function<void()> when_stopped;
  std::size_t draining = 0;
  probe::net::Timer heap_timer;
  probe::Directory directory;
  DnsConfig dns;
  std::unique_ptr<probe::dns::AresResolver> resolver;
  probe::dns::ResolvConfWatch resolv_conf;
  std::vector<std::unique_ptr<probe::Prober>> probers;
  // First to go: they call off their conversations.
  InquiryNumber last_inquiry = 0;
  std::map<InquiryNumber, std::unique_ptr<probe::Inquiry>> inquiries;
};

Watcher::Watcher(uv_loop_t* loop, unsigned threads, unsigned concurrency,
                 ResultStore& store, metrics::SelfMetrics& self,
                 Expanded expanded)
    : impl_(std::make_unique<Impl>(loop, threads, concurrency, store, self,
                                   std::move(expanded))) {}

Watcher::~Watcher() = default;

std::expected<void, std::string> Watcher::SetDns(const DnsConfig& dns) {
  return impl_->SetDns(dns);
}

void Watcher::SetTargets(TargetList targets) {
  impl_->directory.SetTargets(std::move(targets));
}

void Watcher::Stop(std::function<void()> stopped) {
  impl_->Stop(std::move(stopped));
}

void Watcher::AskThreads(std::function<void()> answered) {
  impl_->AskThreads(std::move(answered));
}

Watcher::InquiryNumber Watcher::Inquire(probe::Inquiry::Question question,
                                        probe::Inquiry::Done done) {
  return impl_->Inquire(std::move(question), std::move(done));
}

void Watcher::GiveUp(InquiryNumber number) { impl_->inquiries.erase(number); }

std::size_t Watcher::inquiry_count() const { return impl_->inquiries.size(); }

std::vector<probe::Directory::Named> Watcher::FindNamed(
    const std::string& name) const {
  return impl_->directory.FindNamed(name);
}

std::size_t Watcher::target_count() const {
  return impl_->directory.target_count();
}

std::size_t Watcher::endpoint_count() const {
  return impl_->directory.endpoint_count();
}

bool Watcher::busy() const { return impl_->directory.busy(); }

}  // namespace exporter
