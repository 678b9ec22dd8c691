// Reads what some patterns find: the part of TargetFiles that runs on a thread
// of libuv's pool. Knows no loop.
#ifndef EXPORTER_DISCOVERY_FILE_SCAN_H_
#define EXPORTER_DISCOVERY_FILE_SCAN_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "exporter/discovery/file_pattern.h"
#include "exporter/discovery/source.h"

namespace exporter::discovery {

// Tells, without reading it, that a file has not changed. Links are followed.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t bytes = 0;
  std::int64_t changed_nanoseconds = 0;  // Its ctime, which nobody can set.

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

struct ScanRequest {
  struct Known {
    SharedList list;                 // Never null.
    std::optional<FileStamp> stamp;  // None: read it in any case.
  };
  std::vector<FilePattern> patterns;
  std::shared_ptr<const GroupReader> reader;
  std::unordered_map<std::string, Known> known;  // By complete name.
  // Set by anyone: nobody wants the answer any more.
  std::shared_ptr<const std::atomic<bool>> cancelled;
};

struct ScannedFile {
  std::string name;
  std::optional<FileStamp> stamp;
  std::optional<ListOutcome> outcome;  // None: not read, as it is unchanged.
};

struct ScanAnswer {
  // Otherwise it was cancelled or ran out of memory, and the rest is empty.
  bool complete = false;
  // In the order of the patterns, by name within one, each file once.
  std::vector<ScannedFile> files;
  // The known files of such a pattern are among `files`.
  struct Failure {
    std::string pattern;
    std::string message;
  };
  std::vector<Failure> failures;
  std::vector<std::string> fruitless;  // Patterns that find no file.
};

ScanAnswer ScanFiles(const ScanRequest& request);

}  // namespace exporter::discovery

#endif  // EXPORTER_DISCOVERY_FILE_SCAN_H_
