// How long a page of target families takes: exposition [targets].
// About 32 samples a target; prints the time per sample and the longest piece,
// which is how long a scrape holds the main loop.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "exporter/metrics/families.h"
#include "tests/unit/metrics/fixtures.h"

namespace {

using Clock = std::chrono::steady_clock;

void Run(const tests::Page& page, exporter::metrics::Format format) {
  exporter::metrics::TargetFamilies families = page.Families();
  exporter::metrics::ExpositionWriter writer(format);
  std::size_t bytes = 0;
  std::size_t samples = 0;
  Clock::duration total{};
  Clock::duration longest{};
  bool more = true;
  while (more) {
    const Clock::time_point start = Clock::now();
    more = families.Next(writer);
    const std::string piece = writer.Take();
    const Clock::duration took = Clock::now() - start;
    total += took;
    longest = std::max(longest, took);
    bytes += piece.size();
    samples +=
        static_cast<std::size_t>(std::count(piece.begin(), piece.end(), '\n'));
  }
  const auto micros = [](Clock::duration time) {
    return std::chrono::duration<double, std::micro>(time).count();
  };
  std::printf(
      "%zu samples, %zu bytes, %.1f ms, %.3f us/sample, piece %.0f us\n",
      samples, bytes, micros(total) / 1e3,
      micros(total) / static_cast<double>(samples), micros(longest));
}

}  // namespace

int main(int argc, char* argv[]) {
  const long targets = argc > 1 ? std::atol(argv[1]) : 5300;
  tests::Page page;
  for (long i = 1; i <= targets; ++i) {
    probe::Target target = tests::MakeTarget(probe::TlsMode::kOpportunistic);
    target.name = "mx" + std::to_string(i) + ".example.com:25";
    target.labels = {{"team", "mail"}};
    const auto id = static_cast<probe::EndpointId>(i);
    page.Add(std::move(target), tests::MakeEndpoint(id, "192.0.2.1"));
    page.Put(id, tests::TlsResult());
  }
  for (int round = 0; round < 3; ++round) {
    Run(page, exporter::metrics::Format::kText);
    Run(page, exporter::metrics::Format::kOpenMetrics);
  }
}
