// `target_files:`, the way of Prometheus' file_sd: what the patterns find, read
// again when something happens in one of their folders, and now and then in
// any case.
#ifndef EXPORTER_DISCOVERY_TARGET_FILES_H_
#define EXPORTER_DISCOVERY_TARGET_FILES_H_

#include <uv.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "exporter/discovery/file_pattern.h"
#include "exporter/discovery/file_scan.h"
#include "exporter/discovery/folder_watch.h"
#include "exporter/discovery/notices.h"
#include "exporter/discovery/source.h"
#include "exporter/pool.h"
#include "probe/clock.h"
#include "probe/net/timer.h"

namespace exporter::discovery {

// For what a watch does not tell: what happens on other hosts to a network file
// system. Prometheus' default.
inline constexpr probe::Duration kFilesRefresh = std::chrono::minutes(5);
// Folders that come, go, or are replaced as a whole are noticed so soon. That
// takes a stat(2) each.
inline constexpr probe::Duration kFoldersCheck = std::chrono::seconds(5);
// Whoever writes many files, or writes one piece by piece, is read once.
inline constexpr probe::Duration kEventsPause = std::chrono::milliseconds(100);

struct FilesPeriods {
  probe::Duration refresh = kFilesRefresh;
  probe::Duration folders = kFoldersCheck;
};

class TargetFiles {
 public:
  // All three outlive it. `periods` are for tests.
  TargetFiles(uv_loop_t* loop, Notices* notices, Pool* pool,
              const FilesPeriods& periods = FilesPeriods());
  ~TargetFiles();
  TargetFiles(const TargetFiles&) = delete;
  TargetFiles& operator=(const TargetFiles&) = delete;

  // Reads all files with the new reader; what an earlier one is reading is
  // thrown away.
  void Configure(const std::vector<std::string>& patterns,
                 std::shared_ptr<const GroupReader> reader);
  bool settled() const { return settled_; }
  // In the order of the patterns, and by name within one.
  void AppendLists(std::vector<SharedList>* lists) const;

 private:
  struct File {
    std::unique_ptr<Source> source;  // Never null.
    std::optional<FileStamp> stamp;
  };
  struct Scan;
  struct Check;
  enum class Extent { kChanged, kAll };

  void SetPatterns(const std::vector<std::string>& patterns);
  void DropUnmatched();
  void OnFolderEvent();
  void CheckFolders();
  void OnChecked(const Check& check);
  void StartScan(Extent extent);
  void OnScanned(ScanAnswer answer);
  void TakeFiles(std::vector<ScannedFile> files);
  void TakeFailures(const std::vector<ScanAnswer::Failure>& failures);
  void TakeFruitless(std::vector<std::string> patterns);

  uv_loop_t* const loop_;
  Notices* const notices_;
  Pool* const pool_;
  const FilesPeriods periods_;
  std::vector<FilePattern> patterns_;
  std::shared_ptr<const GroupReader> reader_;
  std::vector<std::unique_ptr<FolderWatch>> watches_;
  std::vector<File> files_;
  // Patterns that could not be listed, by their text.
  std::unordered_map<std::string, std::unique_ptr<Source>> failed_;
  std::vector<std::string> fruitless_;  // Patterns that found no file.
  std::shared_ptr<std::atomic<bool>>
      cancel_;                    // Of the scan under way, or null.
  std::shared_ptr<Check> check_;  // The latest one.
  bool scan_again_ = false;
  bool pausing_ = false;  // events_timer_ runs.
  bool settled_ = true;
  probe::net::Timer events_timer_;
  probe::net::Timer check_timer_;
  probe::net::Timer refresh_timer_;
};

}  // namespace exporter::discovery

#endif  // EXPORTER_DISCOVERY_TARGET_FILES_H_
