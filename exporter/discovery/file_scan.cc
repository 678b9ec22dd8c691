#include "exporter/discovery/file_scan.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <unordered_set>
#include <utility>

#include "exporter/config/config.h"
#include "exporter/config/text_file.h"

namespace exporter::discovery {
namespace {

// File systems count time in ticks of up to a second or two: a file that was
// changed so shortly ago may change again and look the same.
constexpr std::chrono::nanoseconds kStampTick = std::chrono::seconds(2);

std::optional<FileStamp> StampOf(const std::string& name) {
  struct stat status {};
  if (stat(name.c_str(), &status) != 0) return std::nullopt;
  const std::chrono::nanoseconds changed =
      std::chrono::seconds(status.st_ctim.tv_sec) +
      std::chrono::nanoseconds(status.st_ctim.tv_nsec);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  if (changed + kStampTick > now) return std::nullopt;
  return FileStamp{.device = status.st_dev,
                   .inode = status.st_ino,
                   .bytes = status.st_size,
                   .changed_nanoseconds = changed.count()};
}

GroupFormat FormatOf(const std::string& name) {
  return name.ends_with(".json") || name.ends_with(".JSON")
             ? GroupFormat::kJson
             : GroupFormat::kYaml;
}

ListOutcome ReadFile(const GroupReader& reader, const std::string& name,
                     const SharedList& old) {
  const auto text = config::ReadTextFile(name, kMaxConfigBytes);
  if (!text) return std::unexpected(ConfigError{{name + " " + text.error()}});
  return ReadList(reader, *text, name, FormatOf(name), old);
}

// Nothing when there is no such file any more.
std::optional<ScannedFile> ScanFile(const ScanRequest& request,
                                    const std::string& name) {
  static const SharedList kNone = std::make_shared<const TargetList>();
  const auto known = request.known.find(name);
  const bool is_known = known != request.known.end();
  // Taken before reading: what changes behind it differs from it.
  ScannedFile file{.name = name, .stamp = StampOf(name), .outcome = {}};
  if (is_known && file.stamp && file.stamp == known->second.stamp) return file;
  file.outcome =
      ReadFile(*request.reader, name, is_known ? known->second.list : kNone);
  // Removed since its folder was listed.
  if (!*file.outcome && !FileExists(name)) return std::nullopt;
  return file;
}

// What could not be listed is unknown, which is not the same as absent.
std::vector<std::string> KnownFiles(const ScanRequest& request,
                                    const FilePattern& pattern) {
  std::vector<std::string> names;
  for (const auto& [name, known] : request.known) {
    if (pattern.Matches(name)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

ScanAnswer ScanFiles(const ScanRequest& request) {
  ScanAnswer answer;
  std::unordered_set<std::string> seen;
  for (const FilePattern& pattern : request.patterns) {
    auto names = pattern.List();
    if (!names) {
      answer.failures.push_back({pattern.text(), names.error()});
      names = KnownFiles(request, pattern);
    } else if (names->empty()) {
      answer.fruitless.push_back(pattern.text());
    }
    for (const std::string& name : *names) {
      if (request.cancelled->load()) return {};
      if (!seen.insert(name).second) continue;
      if (auto file = ScanFile(request, name)) {
        answer.files.push_back(*std::move(file));
      }
    }
  }
  answer.complete = true;
  return answer;
}

}  // namespace exporter::discovery
