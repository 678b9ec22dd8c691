// How long the main loop is held when targets come, change and leave while
// pages are sent: turnover [targets]. Half of the targets are domains. Prints
// for each step how long all of it took, and its longest turn; no turn should
// take 20 ms.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exporter/metrics_page.h"
#include "exporter/vantage.h"
#include "probe/directory.h"
#include "tests/unit/metrics/fixtures.h"

namespace {

using Clock = std::chrono::steady_clock;
using Expansions = std::vector<std::shared_ptr<const probe::Expansion>>;

class Step {
 public:
  explicit Step(const char* name) : name_(name) {}
  ~Step() {
    std::printf("%-44s %8.1f ms, longest turn %6.2f ms\n", name_, Ms(total_),
                Ms(longest_));
  }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  template <typename Action>
  auto Turn(Action action) {
    const Stopwatch stopwatch(*this);
    return action();
  }

 private:
  struct Stopwatch {
    explicit Stopwatch(Step& step_in) : step(step_in) {}
    ~Stopwatch() {
      const Clock::duration took = Clock::now() - start;
      step.total_ += took;
      step.longest_ = std::max(step.longest_, took);
    }
    Step& step;
    const Clock::time_point start = Clock::now();
  };

  static double Ms(Clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
  }

  const char* const name_;
  Clock::duration total_{};
  Clock::duration longest_{};
};

std::shared_ptr<const probe::Expansion> MakeExpansion(std::size_t index) {
  const bool domain = index % 2 == 1;
  const std::string number = std::to_string(index);
  probe::Target target =
      domain ? tests::MakeDomain("example" + number + ".org")
             : tests::MakeTarget(probe::TlsMode::kOpportunistic);
  if (!domain) target.name = "mx" + number + ".example.com:25";
  target.labels = {{"team", "mail"}};
  const std::string mx = domain ? "mx.example" + number + ".org" : "";
  const std::string address = "192.0." + std::to_string(index / 256 % 256) +
                              "." + std::to_string(index % 256);
  probe::Expansion expansion = tests::MakeExpansion(
      std::move(target), {tests::MakePlace(index + 1, address, mx)});
  if (domain) expansion.mail.emplace().hosts = {{10, mx}};
  expansion.lookups = {{probe::RecordType::kA, mx, tests::MakeLookup(true)}};
  return std::make_shared<const probe::Expansion>(std::move(expansion));
}

// Tells the page in slices, as the directory does.
void Expand(const char* name, exporter::MetricsPage& page,
            const Expansions& expansions, bool leave = false) {
  Step step(name);
  for (std::size_t i = 0; i < expansions.size();) {
    step.Turn([&] {
      const std::size_t end =
          std::min(expansions.size(), i + probe::kSliceTargets);
      for (; i < end; ++i) {
        page.OnExpanded(i, leave ? nullptr : expansions[i]);
      }
    });
  }
}

void Scrape(const char* name, exporter::MetricsPage& page) {
  Step step(name);
  exporter::http::Response response =
      step.Turn([&] { return page.Answer(exporter::http::Request()); });
  bool more = true;
  while (more) {
    more = step.Turn([&] {
      std::string piece;
      return response.source(piece);
    });
  }
  step.Turn([&] { response.source = nullptr; });
}

}  // namespace

int main(int argc, char* argv[]) {
  const long count = argc > 1 ? std::atol(argv[1]) : 100000;
  exporter::ResultStore store;
  exporter::metrics::SelfMetrics self;
  exporter::MetricsPage page(store, self);
  exporter::Vantage vantage(store, self);
  Expansions expansions;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    expansions.push_back(MakeExpansion(i));
    store.Add(i + 1);
  }
  const probe::ProbeResult good = tests::TlsResult();
  const probe::ProbeResult bad = [] {
    probe::ProbeResult result = tests::BusyResult(tests::kNow);
    result.failure->phase = probe::Phase::kConnect;
    result.failure->reason = probe::Reason::kTimeout;
    return result;
  }();
  const auto put_all = [&](const probe::ProbeResult& result) {
    for (std::size_t i = 0; i < expansions.size(); ++i)
      store.Put(i + 1, result);
  };
  const auto check = [&](const char* name) {
    Step(name).Turn([&] { vantage.Check(page.series(), probe::Time{}); });
  };

  Expand("targets come", page, expansions);
  Scrape("scrape before the first result", page);
  put_all(bad);
  check("vantage, all fail");
  put_all(good);
  check("vantage, all are well");
  Scrape("scrape", page);
  {
    const exporter::http::Response sending =
        page.Answer(exporter::http::Request());
    Expand("targets change while a page is sent", page, expansions);
  }
  {
    exporter::http::Response sending = page.Answer(exporter::http::Request());
    std::string piece;
    for (int i = 0; i < 200; ++i) sending.source(piece);
    put_all(bad);
    Step("a slow page ends, all states are others").Turn([&] {
      sending.source = nullptr;
    });
  }
  {
    exporter::http::Response old = page.Answer(exporter::http::Request());
    std::string piece;
    for (int i = 0; i < 200; ++i) old.source(piece);
    Expand("targets leave while a page is sent", page, expansions, true);
    expansions.clear();
    Step("the page is given up").Turn([&] { old.source = nullptr; });
  }
  Scrape("scrape of nothing", page);
}
