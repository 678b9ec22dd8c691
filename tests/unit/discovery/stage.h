// What the tests of discovery share: a loop, a reader of lists that are lines,
// and an observer that remembers.
#ifndef TESTS_UNIT_DISCOVERY_STAGE_H_
#define TESTS_UNIT_DISCOVERY_STAGE_H_

#include <uv.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/config/target_groups.h"
#include "exporter/discovery/discovery.h"
#include "probe/net/timer.h"
#include "tests/support/catch.h"
#include "tests/support/checked_loop.h"

namespace tests {

// What must happen may take so long, under sanitizers and on a busy machine;
// only a failing test waits for it.
inline constexpr auto kPatience = std::chrono::seconds(30);

// Runs the loop until `condition` holds, or for too long; whether it holds.
inline bool RunUntil(uv_loop_t* loop, const std::function<bool()>& condition) {
  const probe::Time deadline = probe::net::Now() + kPatience;
  // Wakes the loop up, so that the deadline is seen.
  auto tick = probe::net::MakeHandle<uv_timer_t>(
      nullptr, [loop](uv_timer_t* raw) { return uv_timer_init(loop, raw); });
  uv_timer_start(
      tick.get(), [](uv_timer_t*) {}, /*timeout=*/10, /*repeat=*/10);
  while (!condition() && probe::net::Now() < deadline) {
    uv_run(loop, UV_RUN_ONCE);
  }
  return condition();
}

// A target for each line; the last line is "end", so that a list that is torn
// is noticed. A line that begins with '!' is an error. Each target has the
// reader's own port.
class LineReader : public exporter::GroupReader {
 public:
  explicit LineReader(std::uint16_t port = 25) : port_(port) {}

  std::expected<exporter::TargetList, exporter::ConfigError> Read(
      std::string_view text, const std::string& name,
      exporter::GroupFormat format) const override {
    ++reads;
    (format == exporter::GroupFormat::kJson ? json : yaml) = true;
    exporter::TargetList targets;
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      const std::string line(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (line == "end" && text.empty()) return targets;
      if (line.starts_with('!')) {
        return std::unexpected(exporter::ConfigError{{name + ": " + line}});
      }
      targets.push_back(MakeTarget(line));
    }
    torn = true;
    return std::unexpected(exporter::ConfigError{{name + ": is torn"}});
  }
  // Lists name no single targets.
  std::expected<std::shared_ptr<const probe::Target>, exporter::ConfigError>
  ReadOne(const exporter::NamedTarget& named,
          std::string (*)(const std::string&)) const override {
    return MakeTarget(named.text);
  }
  std::vector<std::string> ModuleNames() const override { return {}; }

  // Counted on whatever thread.
  mutable std::atomic<int> reads = 0;
  mutable std::atomic<bool> torn = false;
  mutable std::atomic<bool> json = false;
  mutable std::atomic<bool> yaml = false;

 private:
  std::shared_ptr<const probe::Target> MakeTarget(
      const std::string& host) const {
    static const auto kConversation =
        std::make_shared<const probe::Conversation>();
    auto target = std::make_shared<probe::Target>();
    target->host = host;
    target->port = port_;
    target->name = host + ":" + std::to_string(port_);
    target->conversation = kConversation;
    return target;
  }

  const std::uint16_t port_;
};

// A discovery on a loop of its own.
struct Stage {
  struct Record {
    int good = 0;
    int bad = 0;
    std::size_t targets = 0;
  };

  exporter::discovery::Discovery::Observer MakeObserver() {
    return {
        .changed = [this] { ++changes; },
        .read =
            [this](const std::string& source, bool ok, std::size_t targets) {
              Record& record = records[source];
              ++(ok ? record.good : record.bad);
              record.targets = targets;
            },
        .forgotten =
            [this](const std::string& source) {
              forgotten.insert(source);
              records.erase(source);
            }};
  }

  void Start() {
    discovery = std::make_unique<exporter::discovery::Discovery>(
        &loop.loop, MakeObserver());
  }
  bool Until(const std::function<bool()>& condition) {
    return RunUntil(&loop.loop, condition);
  }
  bool UntilSettled() {
    return Until([this] { return discovery->settled() && changes > 0; });
  }
  // "a:25 b:25 |c:25 |": the targets of all lists.
  std::string Targets() const {
    std::string text;
    for (const auto& list : discovery->Lists()) {
      for (const auto& target : *list) text += target->name + " ";
      text += "|";
    }
    return text;
  }

  CheckedLoop loop;
  int changes = 0;
  std::map<std::string, Record> records;
  std::set<std::string> forgotten;
  std::unique_ptr<exporter::discovery::Discovery> discovery;
};

}  // namespace tests

#endif  // TESTS_UNIT_DISCOVERY_STAGE_H_
