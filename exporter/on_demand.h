// The test that somebody asks for now: /probe, the web page's form and the API
// all come here. Finds the target, asks the door, and limits how many tests
// there are.
#ifndef EXPORTER_ON_DEMAND_H_
#define EXPORTER_ON_DEMAND_H_

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "exporter/door.h"
#include "exporter/metrics/self_metrics.h"
#include "exporter/metrics_page.h"
#include "exporter/report.h"
#include "exporter/result_store.h"
#include "exporter/token_bucket.h"
#include "exporter/watcher.h"
#include "probe/clock.h"
#include "probe/directory.h"
#include "probe/target.h"

namespace exporter {

// After so long another try may have better luck; told as Retry-After.
inline constexpr std::chrono::seconds kRetryAfterRate{1};
inline constexpr std::chrono::seconds kRetryAfterBusy{5};

// On the main loop's thread.
class OnDemand {
 public:
  struct Question {
    std::string target{};  // As the client wrote it.
    std::string module{};  // "": that of the configured target, else by port.
    // None: what the configured target is, else a host.
    std::optional<bool> is_domain{};
    std::string hostname{};  // For SNI and the certificate; "": the target's.
    // None: the module's timeout. The shorter of the two counts.
    std::optional<probe::Duration> limit{};
    // A configured target's latest scheduled result serves if it is not older.
    std::optional<probe::Duration> max_age{};
  };
  // Why there is no report.
  struct Refusal {
    int status = 400;  // 400, 403, 429 or 503, as HTTP has them.
    std::string sentence{};
    std::optional<std::chrono::seconds> retry_after{};
  };
  // Once: inside the call or later. Not after GiveUp.
  using Done = std::function<void(std::expected<Report, Refusal>)>;

  // All must outlive this object.
  OnDemand(Watcher& watcher, const MetricsPage& page, const ResultStore& store,
           metrics::SelfMetrics& self)
      : watcher_(watcher), page_(page), store_(store), self_(self) {}
  OnDemand(const OnDemand&) = delete;
  OnDemand& operator=(const OnDemand&) = delete;

  // What a configuration says; tests under way are not touched.
  void Configure(const OnDemandConfig& config,
                 std::shared_ptr<const GroupReader> reader);

  // None when `done` was called.
  std::optional<Watcher::InquiryNumber> Ask(const Question& question,
                                            Done done);
  void GiveUp(Watcher::InquiryNumber number) { watcher_.GiveUp(number); }

  const OnDemandConfig& config() const { return config_; }
  std::vector<std::string> ModuleNames() const {
    return reader_->ModuleNames();
  }

 private:
  struct Chosen {
    std::shared_ptr<const probe::Target> target;
    // In the configuration, or in a list that it names.
    bool configured = false;
    // What the daemon shows of exactly this target; else null.
    std::shared_ptr<const metrics::TargetSeries> scheduled;
  };

  // What is wrong with the question as such.
  std::optional<Refusal> Check(const Question& question);
  std::expected<std::shared_ptr<probe::Target>, Refusal> Read(
      const std::string& text, const std::string& module, bool is_domain,
      const std::string& hostname) const;
  // The configured targets that somebody means who asks for `target`.
  std::vector<probe::Directory::Named> Configured(
      const probe::Target& target, std::optional<bool> is_domain) const;
  std::expected<Chosen, Refusal> Choose(const Question& question);
  std::shared_ptr<const metrics::TargetSeries> Scheduled(
      std::size_t slot, const probe::Target& target) const;
  std::optional<Report> FromSchedule(const Chosen& chosen,
                                     probe::Duration max_age) const;
  std::optional<Refusal> Limit();

  Watcher& watcher_;
  const MetricsPage& page_;
  const ResultStore& store_;
  metrics::SelfMetrics& self_;
  OnDemandConfig config_;
  std::shared_ptr<const Door> door_;
  std::shared_ptr<const GroupReader> reader_;
  std::optional<TokenBucket> bucket_;
};

}  // namespace exporter

#endif  // EXPORTER_ON_DEMAND_H_
