// An item of `target_files:`.
#ifndef EXPORTER_DISCOVERY_FILE_PATTERN_H_
#define EXPORTER_DISCOVERY_FILE_PATTERN_H_

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::discovery {

// So that a pattern that catches a mail spool does not read it. One file holds
// 100,000 targets; a file for each team is some hundred.
inline constexpr std::size_t kMaxFilesPerPattern = 10'000;

class FilePattern {
 public:
  // A complete name with at most one '*', in the last part.
  explicit FilePattern(std::string pattern);

  const std::string& text() const { return text_; }
  // What to watch: a file that is replaced by rename(2) is another file, and
  // only its folder tells.
  const std::string& folder() const { return folder_; }
  // Whether a complete name is one that List could find.
  bool Matches(std::string_view name) const;

  // The complete names of the files there are, sorted; no folder means none.
  // Looks into the file system, which may take its time; any thread. The error
  // is a sentence without the pattern.
  std::expected<std::vector<std::string>, std::string> List(
      std::size_t most = kMaxFilesPerPattern) const;

  friend bool operator==(const FilePattern&, const FilePattern&) = default;

 private:
  std::string text_;
  std::string folder_;
  bool wild_ = false;
  // Of the last part, before and behind the '*'.
  std::string prefix_;
  std::string suffix_;
};

// Whether there is a file of that name, of whatever kind: a link that leads
// nowhere is one.
bool FileExists(const std::string& name);

}  // namespace exporter::discovery

#endif  // EXPORTER_DISCOVERY_FILE_PATTERN_H_
