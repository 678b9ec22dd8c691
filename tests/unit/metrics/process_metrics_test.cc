#include "exporter/metrics/process_metrics.h"

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "tests/support/catch.h"

namespace exporter::metrics {
namespace {

std::map<std::string, double> Values(const ProcessMetrics& process) {
  std::map<std::string, double> values;
  for (const prometheus::MetricFamily& family : process.Collect()) {
    REQUIRE(family.metric.size() == 1);
    CHECK_FALSE(family.help.empty());
    values[family.name] = family.type == prometheus::MetricType::Counter
                              ? family.metric[0].counter.value
                              : family.metric[0].gauge.value;
  }
  return values;
}

// A directory that stands for /proc/self.
class FakeProc {
 public:
  explicit FakeProc(const std::string& stat) {
    std::string pattern =
        std::filesystem::temp_directory_path() / "process_metrics_XXXXXX";
    path_ = mkdtemp(pattern.data());
    std::ofstream(path_ / "stat") << stat;
  }
  ~FakeProc() { std::filesystem::remove_all(path_); }
  FakeProc(const FakeProc&) = delete;
  FakeProc& operator=(const FakeProc&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST_CASE("this process") {
  const auto values = Values(ProcessMetrics());
  REQUIRE(values.size() == 8);
  CHECK(values.at("process_cpu_seconds_total") >= 0);
  CHECK(values.at("process_open_fds") >= 3);
  CHECK(values.at("process_max_fds") >= values.at("process_open_fds"));
  CHECK(values.at("process_resident_memory_bytes") > 100'000);
  CHECK(values.at("process_virtual_memory_bytes") >=
        values.at("process_resident_memory_bytes"));
  CHECK(values.at("process_virtual_memory_max_bytes") > 0);
  CHECK(values.at("process_threads") >= 1);
  const double now = std::chrono::duration<double>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
  CHECK(values.at("process_start_time_seconds") <= now + 1);
  CHECK(values.at("process_start_time_seconds") > now - 3600);
}

TEST_CASE("descriptors are counted without the one that counts") {
  const ProcessMetrics process;
  const double before = Values(process).at("process_open_fds");
  const int descriptor = dup(0);
  REQUIRE(descriptor >= 0);
  CHECK(Values(process).at("process_open_fds") == before + 1);
  close(descriptor);
  CHECK(Values(process).at("process_open_fds") == before);
}

TEST_CASE("the program's name may look like anything") {
  const FakeProc proc(
      "7 (a) b) 9 (c) S 1 7 7 0 -1 4194304 1 2 3 4 250 150 0 0 20 0 5 0 100 "
      "8192 3 18446744073709551615\n");
  std::filesystem::create_directory(proc.path() / "fd");
  std::ofstream(proc.path() / "fd" / "0");
  std::ofstream(proc.path() / "fd" / "1");
  const auto values = Values(ProcessMetrics(proc.path()));
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  CHECK(std::abs(values.at("process_cpu_seconds_total") - 400 / ticks) < 1e-9);
  CHECK(values.at("process_threads") == 5);
  CHECK(values.at("process_virtual_memory_bytes") == 8192);
  CHECK(values.at("process_resident_memory_bytes") ==
        3.0 * static_cast<double>(sysconf(_SC_PAGESIZE)));
  CHECK(values.at("process_open_fds") == 1);
  CHECK(values.count("process_start_time_seconds") == 1);
}

TEST_CASE("what cannot be read is left out") {
  const char* const stat = GENERATE("", "7 (a", "7 (a) ", "7 (a) S 1 2",
                                    "7 (a) S x x x x x x x x "
                                    "x x x x x x x x x x x x x x");
  const FakeProc proc(stat);
  const auto values = Values(ProcessMetrics(proc.path()));
  CHECK(values.size() == 2);
  CHECK(values.count("process_max_fds") == 1);
  CHECK(values.count("process_virtual_memory_max_bytes") == 1);
  CHECK(Values(ProcessMetrics("/nonexistent")).size() == 2);
}

}  // namespace
}  // namespace exporter::metrics
