#include "exporter/metrics/process_metrics.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

namespace exporter::metrics {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

// proc(5), /proc/[pid]/stat: numbers of the fields in use.
constexpr std::size_t kState = 3;  // The first behind the program's name.
constexpr std::size_t kUserTime = 14;
constexpr std::size_t kSystemTime = 15;
constexpr std::size_t kThreads = 20;
constexpr std::size_t kStartTime = 22;
constexpr std::size_t kVirtualBytes = 23;
constexpr std::size_t kResidentPages = 24;

class Stat {
 public:
  explicit Stat(const std::string& path) {
    std::ifstream file(path);
    std::getline(file, line_);
    // The name may hold blanks and parentheses; nothing behind it does.
    const std::size_t name_end = line_.rfind(')');
    fields_ = name_end == std::string::npos
                  ? std::string_view()
                  : std::string_view(line_).substr(name_end + 1);
  }
  Stat(const Stat&) = delete;
  Stat& operator=(const Stat&) = delete;

  std::optional<double> Field(std::size_t number) const {
    std::string_view rest = fields_;
    for (std::size_t i = kState;; ++i) {
      rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
      const std::string_view field = rest.substr(0, rest.find(' '));
      if (field.empty()) return std::nullopt;
      if (i == number) return Parse(field);
      rest.remove_prefix(field.size());
    }
  }

 private:
  static std::optional<double> Parse(std::string_view field) {
    std::int64_t value = 0;
    const char* const end = field.data() + field.size();
    const auto parsed = std::from_chars(field.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    return static_cast<double>(value);
  }

  std::string line_;
  std::string_view fields_;  // From kState on.
};

double SecondsOf(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) +
         static_cast<double>(now.tv_nsec) / 1e9;
}

double TicksPerSecond() { return static_cast<double>(sysconf(_SC_CLK_TCK)); }

// Not from the boot time in /proc/stat, which systemd's ProcSubset=pid hides.
std::optional<double> StartTime(const std::string& proc_self) {
  const auto ticks = Stat(proc_self + "/stat").Field(kStartTime);
  if (!ticks) return std::nullopt;
  return SecondsOf(CLOCK_REALTIME) - SecondsOf(CLOCK_BOOTTIME) +
         *ticks / TicksPerSecond();
}

std::optional<double> OpenDescriptors(const std::string& proc_self) {
  std::error_code error;
  std::filesystem::directory_iterator entry(proc_self + "/fd", error);
  double count = 0;
  for (; !error && entry != std::filesystem::directory_iterator();
       entry.increment(error)) {
    ++count;
  }
  if (error) return std::nullopt;
  return count - 1;  // Without the one that reads the directory.
}

template <typename Resource>
std::optional<double> Limit(Resource resource) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0) return std::nullopt;
  return limit.rlim_cur == RLIM_INFINITY
             ? std::numeric_limits<double>::infinity()
             : static_cast<double>(limit.rlim_cur);
}

std::optional<double> Scaled(std::optional<double> value, double factor) {
  if (value) *value *= factor;
  return value;
}

std::optional<double> Sum(std::optional<double> left,
                          std::optional<double> right) {
  if (!left || !right) return std::nullopt;
  return *left + *right;
}

void Add(std::vector<MetricFamily>& families, std::string_view name,
         std::string_view help, std::optional<double> value) {
  if (!value) return;
  MetricFamily family;
  family.name = name;
  family.help = help;
  family.type =
      name.ends_with("_total") ? MetricType::Counter : MetricType::Gauge;
  prometheus::ClientMetric metric;
  metric.counter.value = *value;
  metric.gauge.value = *value;
  family.metric.push_back(std::move(metric));
  families.push_back(std::move(family));
}

}  // namespace

ProcessMetrics::ProcessMetrics(std::string proc_self)
    : proc_self_(std::move(proc_self)), start_time_(StartTime(proc_self_)) {}

std::vector<MetricFamily> ProcessMetrics::Collect() const {
  const Stat stat(proc_self_ + "/stat");
  std::vector<MetricFamily> families;
  Add(families, "process_cpu_seconds_total",
      "Processor time used, in user and in system mode.",
      Scaled(Sum(stat.Field(kUserTime), stat.Field(kSystemTime)),
             1 / TicksPerSecond()));
  Add(families, "process_open_fds", "Open file descriptors.",
      OpenDescriptors(proc_self_));
  Add(families, "process_max_fds", "How many file descriptors may be open.",
      Limit(RLIMIT_NOFILE));
  Add(families, "process_virtual_memory_bytes", "Size of the address space.",
      stat.Field(kVirtualBytes));
  Add(families, "process_virtual_memory_max_bytes",
      "How big the address space may become; +Inf when unlimited.",
      Limit(RLIMIT_AS));
  Add(families, "process_resident_memory_bytes", "Memory in use.",
      Scaled(stat.Field(kResidentPages),
             static_cast<double>(sysconf(_SC_PAGESIZE))));
  Add(families, "process_start_time_seconds",
      "When the process started, as a Unix time.", start_time_);
  Add(families, "process_threads", "Threads of the process.",
      stat.Field(kThreads));
  return families;
}

}  // namespace exporter::metrics
