// How long one large target holds the main loop: target_json [places].
// A domain with that many places, each with all that a server can show; prints
// the time of its summary, its findings and its answer, which is written in
// pieces.
#include "exporter/api/target_json.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "exporter/api/target_answer.h"
#include "exporter/findings.h"
#include "tests/unit/metrics/domain_of_many.h"

namespace {

// Of this process: others on the machine do not count.
struct Clock {
  static std::chrono::duration<double> now() {
    return std::chrono::duration<double>(static_cast<double>(std::clock()) /
                                         CLOCKS_PER_SEC);
  }
};

// The shortest of several, in milliseconds.
template <typename Work>
double Shortest(Work work) {
  double shortest = 1e9;
  for (int round = 0; round < 5; ++round) {
    const auto start = Clock::now();
    work();
    const std::chrono::duration<double, std::milli> took = Clock::now() - start;
    shortest = std::min(shortest, took.count());
  }
  return shortest;
}

}  // namespace

int main(int argc, char* argv[]) {
  const int places = argc > 1 ? std::atoi(argv[1]) : 400;
  const tests::Page page = tests::DomainOfMany(places);
  const exporter::metrics::TargetSeries& series = *page.list().front();
  const probe::Moment now = tests::MomentAt(tests::kNow);
  const auto entries = exporter::metrics::TakeEntries(series, page.store());
  const exporter::metrics::TargetRow row(series, entries, now);
  std::size_t findings = 0;
  std::size_t bytes = 0;
  const double summary = Shortest([&] { exporter::Summarize(row); });
  const double all =
      Shortest([&] { findings = exporter::FindingsOf(row).size(); });
  const double list =
      Shortest([&] { bytes = exporter::api::SummaryJson(row).size(); });
  std::printf("summary %.2f ms, its JSON %.2f ms, %zu bytes\n", summary, list,
              bytes);
  std::printf("%zu findings %.2f ms\n", findings, all);
  double longest = 0;
  const double whole = Shortest([&] {
    const auto source = exporter::api::TellTarget(
        page.list().front(), page.store(), now, exporter::api::Kept::kWatched);
    bytes = 0;
    longest = 0;
    bool more = true;
    while (more) {
      std::string piece;
      const auto start = Clock::now();
      more = source(piece);
      const std::chrono::duration<double, std::milli> took =
          Clock::now() - start;
      longest = std::max(longest, took.count());
      bytes += piece.size();
    }
  });
  std::printf("the answer %.2f ms, %zu bytes, longest piece %.2f ms\n", whole,
              bytes, longest);
  return 0;
}
