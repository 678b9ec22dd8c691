#include "exporter/daemon.h"

#include <sys/resource.h>
#include <uv.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "exporter/build_info.h"
#include "exporter/http/routes.h"
#include "exporter/http/server.h"
#include "exporter/logging.h"
#include "exporter/metrics/self_metrics.h"
#include "exporter/metrics_page.h"
#include "exporter/reloader.h"
#include "exporter/result_store.h"
#include "exporter/verdict_log.h"
#include "probe/directory.h"
#include "probe/dns/ares_resolver.h"
#include "probe/mailbox.h"
#include "probe/net/routes.h"
#include "probe/net/timer.h"
#include "probe/net/uv_handle.h"
#include "probe/prober.h"

namespace exporter {
namespace {

constexpr probe::Duration kLagPeriod = std::chrono::seconds(1);
// Descriptors beside conversations: listeners, scrapes, DNS sockets, logs.
constexpr rlim_t kReservedDescriptors = 256;

// Raises the soft limit (often 1024: it exists for programs that use select(2))
// and returns how many conversations fit: running out of descriptors would
// fail probes for a reason of our own, and shut scrapes out.
unsigned FitDescriptorLimit(unsigned concurrency) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return concurrency;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t reserved = std::min(kReservedDescriptors, limit.rlim_cur / 2);
  const rlim_t room = limit.rlim_cur - reserved;
  if (limit.rlim_cur == RLIM_INFINITY || concurrency <= room) {
    return concurrency;
  }
  LogWarn("Fewer conversations at once than --probe.concurrency allows",
          {{"descriptor_limit", std::to_string(limit.rlim_cur)},
           {"conversations", std::to_string(room)}});
  return static_cast<unsigned>(std::max<rlim_t>(room, 1));
}

std::string IndexPage(std::size_t targets, std::size_t endpoints) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
         "<title>smtp_prober</title><style>body{font-family:sans-serif;"
         "margin:2em auto;max-width:40em;padding:0 1em}</style></head><body>\n"
         "<h1>smtp_prober</h1>\n<p>Watches mail servers by SMTP and never "
         "sends mail. Version " +
         http::EscapeHtml(GetBuildInfo().version) + ".</p>\n<p>" +
         std::to_string(targets) + " targets, " + std::to_string(endpoints) +
         " endpoints.</p>\n<ul>\n<li><a href=\"metrics\">Metrics</a></li>\n"
         "<li><a href=\"-/healthy\">Health</a></li>\n"
         "<li><a href=\"-/ready\">Readiness</a></li>\n</ul>\n"
         "</body></html>\n";
}

}  // namespace

// Members are in the order of their making; Finish takes them apart.
struct Daemon::Impl {
  explicit Impl(const Options& options_in) : options(options_in) {
    uv_loop_init(&loop);
    mailbox.emplace(&loop);
    directory.emplace(&loop, &probe::net::HasRoute, MakeObserver());
    page.emplace(*directory, store, self);
    reloader.emplace(&loop, options.config_file,
                     [this](std::expected<Config, ConfigError> config) {
                       return OnConfigRead(std::move(config));
                     });
    lag_timer.emplace(&loop, [this] { MeasureLag(); });
  }

  ~Impl() {
    Finish();
    uv_run(&loop, UV_RUN_DEFAULT);
    [[maybe_unused]] const int left = uv_loop_close(&loop);
    assert(left == 0);
  }

  std::expected<void, std::string> Start(Config config) {
    const unsigned concurrency = FitDescriptorLimit(options.probe_concurrency);
    server.emplace(&loop, http::MakeRoutes(MakePages()));
    for (const std::string& address : options.listen_addresses) {
      const auto listening = server->Listen(address);
      if (!listening) return listening;
    }
    WatchSignal(SIGHUP, [this] { Reload([](const auto&) {}); });
    WatchSignal(SIGTERM, [this] { OnStopSignal("SIGTERM"); });
    WatchSignal(SIGINT, [this] { OnStopSignal("SIGINT"); });
    // A thread without a conversation of its own would serve nobody.
    const unsigned threads = std::min(options.probe_threads, concurrency);
    for (unsigned i = 0; i < threads; ++i) {
      const std::size_t share =
          concurrency / threads + (i < concurrency % threads ? 1 : 0);
      probers.push_back(
          std::make_unique<probe::Prober>(share, MakeProberObserver(i)));
    }
    if (const auto applied = ApplyConfig(std::move(config)); !applied) {
      return applied;
    }
    lag_due = probe::net::Now() + kLagPeriod;
    lag_timer->At(lag_due);
    for (const std::string& address : server->addresses()) {
      LogInfo("Listening on", {{"address", address}});
    }
    return {};
  }

  // Configuration.

  std::expected<void, std::string> ApplyConfig(Config config) {
    // Without servers of our own the host's configuration counts, and it may
    // have changed as well.
    if (!resolver || config.dns != dns || dns.servers.empty()) {
      auto fresh = probe::dns::AresResolver::Create(
          &loop, {.servers = config.dns.servers,
                  .timeout = config.dns.timeout,
                  .tries = config.dns.tries});
      if (!fresh) return std::unexpected(fresh.error());
      resolver = std::move(*fresh);
      dns = config.dns;
      directory->SetResolver(resolver.get());
    }
    for (const std::string& warning : config.warnings) {
      LogWarn("Configuration", {{"warning", warning}});
    }
    directory->SetTargets(config.targets);
    self.ConfigLoaded(/*ok=*/true, probe::net::NowOnBothClocks().wall);
    LogInfo("Loaded configuration",
            {{"file", options.config_file},
             {"targets", std::to_string(config.targets.size())}});
    return {};
  }

  std::expected<void, std::string> OnConfigRead(
      std::expected<Config, ConfigError> config) {
    if (stopping) return std::unexpected("the program is stopping");
    std::string error;
    if (config) {
      const auto applied = ApplyConfig(std::move(*config));
      if (applied) return {};
      error = applied.error();
      LogError("Reload failed, the old configuration stays", {{"err", error}});
    } else {
      for (const std::string& message : config.error().messages) {
        LogError("Reload failed, the old configuration stays",
                 {{"err", message}});
        error += (error.empty() ? "" : "\n") + message;
      }
    }
    self.ConfigLoaded(/*ok=*/false, probe::net::NowOnBothClocks().wall);
    return std::unexpected(error);
  }

  void Reload(Reloader::Reloaded reloaded) {
    if (stopping) return reloaded(std::unexpected("the program is stopping"));
    reloader->Reload(std::move(reloaded));
  }

  // The way of an endpoint.

  probe::Directory::Observer MakeObserver() {
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
    };
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
              const auto transition = store.Put(endpoint.id, result);
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

  // HTTP.

  http::Pages MakePages() {
    return {
        .metrics =
            [this](const http::Request& request) {
              return page->Answer(request);
            },
        .index =
            [this] {
              return IndexPage(directory->entries().size(),
                               directory->endpoint_count());
            },
        .ready = [this] { return !stopping; },
        .reload =
            [this](http::Pages::Reloaded reloaded) {
              Reload(std::move(reloaded));
            },
    };
  }

  // Running and stopping.

  void MeasureLag() {
    const probe::Time now = probe::net::Now();
    self.LoopLag("main", now - lag_due);
    lag_due = now + kLagPeriod;
    lag_timer->At(lag_due);
  }

  void WatchSignal(int number, std::function<void()> act) {
    auto watch = std::make_unique<SignalWatch>();
    watch->act = std::move(act);
    watch->handle = probe::net::MakeHandle<uv_signal_t>(
        watch.get(),
        [this](uv_signal_t* raw) { return uv_signal_init(&loop, raw); });
    uv_signal_start(
        watch->handle.get(),
        [](uv_signal_t* handle, int) {
          if (handle->data == nullptr) return;
          // A copy: stopping destroys the watch.
          const auto copy = static_cast<SignalWatch*>(handle->data)->act;
          copy();
        },
        number);
    signals.push_back(std::move(watch));
  }

  void OnStopSignal(const char* name) {
    if (stopping) {
      // Asked twice: whoever asks does not want to wait for our manners.
      LogWarn("Stopping at once", {{"signal", name}});
      return Finish();
    }
    stopping = true;
    LogInfo("Stopping, conversations end with QUIT", {{"signal", name}});
    draining = probers.size();
    for (const auto& prober : probers) {
      prober->Stop([this] {
        mailbox->Post([this] {
          if (--draining == 0) Finish();
        });
      });
    }
  }

  // Closes every handle, so that the loop runs out of work. Idempotent.
  void Finish() {
    stopping = true;
    server.reset();
    signals.clear();
    lag_timer.reset();
    resolver.reset();
    probers.clear();  // Joins; nobody posts to the mailbox after this.
    page.reset();
    directory.reset();
    mailbox.reset();
  }

  struct SignalWatch {
    std::function<void()> act;
    probe::net::Handle<uv_signal_t> handle;
  };

  const Options options;
  uv_loop_t loop{};
  ResultStore store;
  metrics::SelfMetrics self;
  std::optional<probe::Mailbox> mailbox;
  std::vector<std::unique_ptr<probe::Prober>> probers;
  std::unordered_map<probe::EndpointId, probe::Prober*> owners;
  DnsConfig dns;
  std::unique_ptr<probe::dns::AresResolver> resolver;
  std::optional<probe::Directory> directory;
  std::optional<MetricsPage> page;
  std::optional<Reloader> reloader;
  std::optional<http::Server> server;
  std::vector<std::unique_ptr<SignalWatch>> signals;
  std::optional<probe::net::Timer> lag_timer;
  probe::Time lag_due{};
  std::size_t draining = 0;
  bool stopping = false;
};

Daemon::Daemon(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Daemon::~Daemon() = default;

std::expected<std::unique_ptr<Daemon>, std::string> Daemon::Start(
    const Options& options, Config config) {
  auto impl = std::make_unique<Impl>(options);
  if (const auto started = impl->Start(std::move(config)); !started) {
    return std::unexpected(started.error());
  }
  return std::unique_ptr<Daemon>(new Daemon(std::move(impl)));
}

void Daemon::Run() { uv_run(&impl_->loop, UV_RUN_DEFAULT); }

}  // namespace exporter
