#include "exporter/daemon.h"

#include <uv.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporter/api/api.h"
#include "exporter/asset_page.h"
#include "exporter/config_page.h"
#include "exporter/descriptor_budget.h"
#include "exporter/discovery/discovery.h"
#include "exporter/expansion_log.h"
#include "exporter/http/routes.h"
#include "exporter/http/server.h"
#include "exporter/listener.h"
#include "exporter/logging.h"
#include "exporter/metrics/self_metrics.h"
#include "exporter/metrics_page.h"
#include "exporter/on_demand.h"
#include "exporter/probe_page.h"
#include "exporter/reloader.h"
#include "exporter/result_store.h"
#include "exporter/service_manager.h"
#include "exporter/vantage.h"
#include "exporter/watcher.h"
#include "probe/net/timer.h"
#include "probe/net/uv_handle.h"

namespace exporter {
namespace {

constexpr probe::Duration kLagPeriod = std::chrono::seconds(1);
// So long a reload waits for its lists; what a silent server brings later comes
// later.
constexpr probe::Duration kSettleLimit = std::chrono::seconds(10);
// Between two turns in which memory is freed, so that others have theirs.
constexpr probe::Duration kFreePause = std::chrono::milliseconds(10);

DescriptorBudget FitDescriptorLimit(unsigned concurrency) {
  const std::uint64_t limit = RaiseDescriptorLimit();
  const DescriptorBudget wanted{.conversations = concurrency,
                                .connections = http::kMaxConnections};
  const DescriptorBudget fits = FitDescriptors(limit, wanted);
  if (fits.conversations < wanted.conversations) {
    LogWarn("Fewer conversations at once than --probe.concurrency allows",
            {{"descriptor_limit", std::to_string(limit)},
             {"conversations", std::to_string(fits.conversations)}});
  }
  return fits;
}

http::Limits LimitsFor(const DescriptorBudget& budget) {
  http::Limits limits;
  limits.connections = budget.connections;
  limits.connections_per_address = std::max(budget.connections / 2, 1U);
  return limits;
}

}  // namespace

// Members are in the order of their making; Finish takes them apart.
struct Daemon::Impl {
  explicit Impl(const Options& options_in)
      : options(options_in), page(store, self), vantage(store, self) {
    uv_loop_init(&loop);
    discovery.emplace(&loop, MakeDiscoveryObserver());
    reloader.emplace(&loop, options.config_file, options.shard,
                     [this](std::expected<Config, ConfigError> config) {
                       return OnConfigRead(std::move(config));
                     });
    lag_timer.emplace(&loop, [this] { MeasureLag(); });
    settle_timer.emplace(&loop, [this] {
      if (!stopping) SetTargets();
    });
    free_timer.emplace(&loop, [this] { LetGo(); });
  }

  ~Impl() {
    Finish();
    uv_run(&loop, UV_RUN_DEFAULT);
    [[maybe_unused]] const int left = uv_loop_close(&loop);
    assert(left == 0);
  }

  std::expected<void, std::string> Start(Config config,
                                         std::unique_ptr<WebAccess> access) {
    const DescriptorBudget budget =
        FitDescriptorLimit(options.probe_concurrency);
    listener.emplace(&loop, options, std::move(access), LimitsFor(budget),
                     http::MakeRoutes(MakePages()));
    if (const auto listening = listener->Listen(options); !listening) {
      return listening;
    }
    WatchSignal(SIGHUP, [this] { Reload([](const auto&) {}); });
    WatchSignal(SIGTERM, [this] { OnStopSignal("SIGTERM"); });
    WatchSignal(SIGINT, [this] { OnStopSignal("SIGINT"); });
    watcher.emplace(&loop, options.probe_threads, budget.conversations, store,
                    self,
                    [this](std::size_t slot,
                           std::shared_ptr<const probe::Expansion> expansion) {
                      OnExpanded(slot, std::move(expansion));
                    });
    on_demand.emplace(*watcher, page, store, self);
    probe_page.emplace(*on_demand, store, options.timeout_offset);
    api.emplace(page, store, *on_demand, [this] {
      return api::Api::Status{.targets = watcher->target_count(),
                              .endpoints = watcher->endpoint_count(),
                              .notices = vantage.Notices()};
    });
    if (const auto applied = ApplyConfig(std::move(config)); !applied) {
      return applied;
    }
    lag_due = probe::net::Now() + kLagPeriod;
    lag_timer->At(lag_due);
    listener->LogAddresses();
    manager.emplace(&loop, [this](std::function<void()> answered) {
      watcher->AskThreads(std::move(answered));
    });
    manager->Ready();
    return {};
  }

  // Configuration and discovery.

  std::expected<void, std::string> ApplyConfig(Config config) {
    if (const auto set = watcher->SetDns(config.dns); !set) return set;
    for (const std::string& warning : config.warnings) {
      LogWarn("Configuration", {{"warning", warning}});
    }
    configured = std::make_shared<const TargetList>(std::move(config.targets));
    reloader->SetCurrent(configured);
    config_text = std::move(config.text);
    on_demand->Configure(config.on_demand, config.group_reader);
    discovery->Configure(config.target_files, config.http_sd,
                         std::move(config.group_reader));
    SetTargetsOnce();
    self.ConfigLoaded(/*ok=*/true, probe::net::NowOnBothClocks().wall);
    LogInfo("Loaded configuration",
            {{"file", options.config_file},
             {"targets", std::to_string(configured->size())}});
    return {};
  }

  // A target may have moved from the configuration to a list, or between lists:
  // it must not leave and come back. At the start there is nothing to lose.
  void SetTargetsOnce() {
    const bool at_start = !std::exchange(configured_once, true);
    if (at_start || discovery->settled()) return SetTargets();
    if (!settle_due) settle_timer->At(probe::net::Now() + kSettleLimit);
    settle_due = true;
  }

  void OnListChanged() {
    if (stopping || (settle_due && !discovery->settled())) return;
    SetTargets();
  }

  // What is in the configuration comes first: of two equal targets the first
  // one counts.
  void SetTargets() {
    settle_due = false;
    settle_timer->Stop();
    TargetList all = *configured;
    for (const auto& list : discovery->Lists()) {
      all.insert(all.end(), list->begin(), list->end());
    }
    watcher->SetTargets(std::move(all));
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
    ++reloads;
    manager->Reloading();
    reloader->Reload(
        [this, reloaded = std::move(reloaded)](const auto& outcome) {
          --reloads;
          reload_failed = !outcome.has_value();
          reloaded(outcome);
          TellManager();
        });
  }

  // A reload has come to its end when its lists have come and all of it is in
  // force.
  void TellManager() {
    if (stopping) return;
    if (reloads == 0 && !settle_due && !watcher->busy()) manager->Ready();
    manager->SetStatus(
        "Targets: " + std::to_string(watcher->target_count()) +
        ", endpoints: " + std::to_string(watcher->endpoint_count()) +
        ", failing: " + std::to_string(store.failing_count()) +
        (reload_failed ? "; the last reload failed, see the log" : ""));
  }

  discovery::Discovery::Observer MakeDiscoveryObserver() {
    return {
        .changed = [this] { OnListChanged(); },
        .read =
            [this](const std::string& source, bool ok, std::size_t targets) {
              self.DiscoveryRead(source, ok, targets,
                                 probe::net::NowOnBothClocks().wall);
            },
        .forgotten =
            [this](const std::string& source) {
              self.DiscoveryForgotten(source);
            },
    };
  }

  // What the targets stand for.

  void OnExpanded(std::size_t slot,
                  std::shared_ptr<const probe::Expansion> expansion) {
    const metrics::SeriesList& shown = page.series();
    const probe::Expansion* const before =
        slot < shown.size() && shown[slot] != nullptr
            ? shown[slot]->expansion.get()
            : nullptr;
    if (expansion != nullptr) LogExpansion(before, *expansion);
    page.OnExpanded(slot, std::move(expansion));
  }

  // HTTP.

  http::Pages MakePages() {
    return {
        .metrics =
            [this](const http::Request& request) {
              self.SetTargets(watcher->target_count(),
                              watcher->endpoint_count());
              vantage.Check(page.series(), probe::net::Now());
              return page.Answer(request);
            },
        .probe =
            [this](const http::Request& request, http::Respond respond) {
              probe_page->Answer(request, std::move(respond));
            },
        .api =
            [this](const http::Request& request, http::Respond respond) {
              api->Answer(request, std::move(respond));
            },
        .config = [this] { return ConfigPage(config_text); },
        .ready = [this] { return !stopping; },
        .reload =
            [this](http::Pages::Reloaded reloaded) {
              Reload(std::move(reloaded));
            },
        .other = &AssetPage,
    };
  }

  // Running and stopping.

  void MeasureLag() {
    const probe::Time now = probe::net::Now();
    self.LoopLag("main", now - lag_due);
    lag_due = now + kLagPeriod;
    lag_timer->At(lag_due);
    vantage.Check(page.series(), now);
    LetGo();
    TellManager();
  }

  // A page that is sent slowly may keep 100,000 old series until its end.
  void LetGo() {
    if (page.LetGo()) free_timer->At(probe::net::Now() + kFreePause);
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
    manager->Stopping();
    LogInfo("Stopping, conversations end with QUIT", {{"signal", name}});
    watcher->Stop([this] { Finish(); });
  }

  // Closes every handle, so that the loop runs out of work. Idempotent.
  void Finish() {
    stopping = true;
    listener.reset();
    signals.clear();
    // libuv has put back what kills; a late reload is no reason to die of it.
    std::signal(SIGHUP, SIG_IGN);
    lag_timer.reset();
    settle_timer.reset();
    free_timer.reset();
    discovery.reset();
    watcher.reset();
    manager.reset();
  }

  struct SignalWatch {
    std::function<void()> act;
    probe::net::Handle<uv_signal_t> handle;
  };

  const Options options;
  uv_loop_t loop{};
  ResultStore store{options.retention};
  metrics::SelfMetrics self;
  MetricsPage page;
  Vantage vantage;
  // The targets of the configuration file.
  std::shared_ptr<const TargetList> configured;
  std::shared_ptr<const std::string> config_text;  // What it says.
  std::optional<discovery::Discovery> discovery;
  std::optional<Reloader> reloader;
  std::optional<Watcher> watcher;
  std::optional<OnDemand> on_demand;
  std::optional<ProbePage> probe_page;
  std::optional<api::Api> api;
  std::optional<Listener> listener;
  std::vector<std::unique_ptr<SignalWatch>> signals;
  std::optional<probe::net::Timer> lag_timer;
  bool configured_once = false;
  std::optional<probe::net::Timer> settle_timer;
  bool settle_due = false;  // The targets of a reload wait for their lists.
  std::optional<probe::net::Timer> free_timer;
  probe::Time lag_due{};
  std::optional<ServiceManager> manager;
  int reloads = 0;  // Those under way.
  bool reload_failed = false;
  bool stopping = false;
};

Daemon::Daemon(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Daemon::~Daemon() = default;

std::expected<std::unique_ptr<Daemon>, std::string> Daemon::Start(
    const Options& options, Config config, std::unique_ptr<WebAccess> access) {
  auto impl = std::make_unique<Impl>(options);
  const auto started = impl->Start(std::move(config), std::move(access));
  if (!started) return std::unexpected(started.error());
  return std::unique_ptr<Daemon>(new Daemon(std::move(impl)));
}

void Daemon::Run() { uv_run(&impl_->loop, UV_RUN_DEFAULT); }

}  // namespace exporter
