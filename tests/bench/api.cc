// How long the JSON API holds the main loop: api [targets]. One request for a
// target by its id, and the longest piece of the lists.
#include "exporter/api/api.h"

#include <uv.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporter/api/target_json.h"
#include "exporter/metrics/self_metrics.h"
#include "exporter/metrics_page.h"
#include "exporter/on_demand.h"
#include "exporter/result_store.h"
#include "exporter/watcher.h"
#include "tests/unit/metrics/fixtures.h"

namespace {

using Clock = std::chrono::steady_clock;
using Arguments = std::vector<std::pair<std::string, std::string>>;

double Millis(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// Asks, and takes the answer piece by piece as the server does.
void Measure(exporter::api::Api& api, const std::string& path,
             const Arguments& arguments = {}) {
  Clock::duration total{};
  Clock::duration longest{};
  const auto timed = [&](const auto& work) {
    const Clock::time_point start = Clock::now();
    work();
    const Clock::duration took = Clock::now() - start;
    total += took;
    longest = std::max(longest, took);
  };
  std::optional<exporter::http::Response> response;
  timed([&] {
    api.Answer(
        {.method = "GET",
         .path = "/api/v1/" + path,
         .headers = {},
         .arguments = arguments},
        [&](exporter::http::Response given) { response = std::move(given); });
  });
  std::size_t bytes = response->body.size();
  bool more = response->source != nullptr;
  while (more) {
    std::string piece;
    timed([&] { more = response->source(piece); });
    bytes += piece.size();
  }
  std::printf("%-28s %d %10zu bytes %9.2f ms, longest turn %6.2f ms\n",
              (path + (arguments.empty() ? "" : "?...")).c_str(),
              response->status, bytes, Millis(total), Millis(longest));
}

}  // namespace

int main(int argc, char* argv[]) {
  const long targets = argc > 1 ? std::atol(argv[1]) : 100'000;
  uv_loop_t loop;
  uv_loop_init(&loop);
  {
    exporter::ResultStore store;
    exporter::metrics::SelfMetrics self;
    exporter::MetricsPage page(store, self);
    std::string last;
    for (long i = 0; i < targets; ++i) {
      probe::Target target = tests::MakeTarget(probe::TlsMode::kOpportunistic);
      target.name = "mx" + std::to_string(i) + ".example.com:25";
      target.labels = {{"team", "mail"}};
      const auto id = static_cast<probe::EndpointId>(i);
      last = exporter::api::IdText(exporter::IdOf(target));
      page.OnExpanded(
          static_cast<std::size_t>(i),
          std::make_shared<const probe::Expansion>(tests::MakeExpansion(
              std::move(target),
              {tests::MakePlace(tests::MakeEndpoint(id, "192.0.2.1"))})));
      store.Add(id);
      store.Put(id, tests::TlsResult());
    }
    exporter::Watcher watcher(&loop, 1, 1, store, self,
                              [](std::size_t, const auto&) {});
    exporter::OnDemand on_demand(watcher, page, store, self);
    exporter::api::Api api(page, store, on_demand,
                           [] { return exporter::api::Api::Status{}; });
    for (int round = 0; round < 3; ++round) {
      Measure(api, "targets/" + last);
      Measure(api, "targets/0000000000000000");
      Measure(api, "targets");
      Measure(api, "targets", {{"target", "mx7.example.com:25"}});
      Measure(api, "targets", {{"since", "9999999999"}});
      Measure(api, "sd");
    }
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  return uv_loop_close(&loop);
}
