#include "exporter/discovery/file_pattern.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace exporter::discovery {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

bool IsAbsence(int error) { return error == ENOENT || error == ENOTDIR; }

std::unexpected<std::string> CannotBeListed(int error) {
  return std::unexpected(std::string("cannot be listed: ") +
                         std::strerror(error));
}

}  // namespace

FilePattern::FilePattern(std::string pattern) : text_(std::move(pattern)) {
  const std::size_t slash = text_.rfind('/');
  folder_ = slash == std::string::npos ? "." : text_.substr(0, slash);
  if (slash == 0) folder_ = "/";
  prefix_ = text_.substr(slash == std::string::npos ? 0 : slash + 1);
  if (const std::size_t star = prefix_.find('*'); star != std::string::npos) {
    wild_ = true;
    suffix_ = prefix_.substr(star + 1);
    prefix_.resize(star);
  }
}

// As Prometheus' patterns, '*' takes a leading dot too.
bool FilePattern::Matches(std::string_view name) const {
  if (!wild_) return name == text_;
  const std::string_view start =
      std::string_view(text_).substr(0, text_.size() - suffix_.size() - 1);
  return name.size() >= start.size() + suffix_.size() &&
         name.starts_with(start) && name.ends_with(suffix_) &&
         name.find('/', start.size()) == std::string_view::npos;
}

std::expected<std::vector<std::string>, std::string> FilePattern::List(
    std::size_t most) const {
  std::vector<std::string> names;
  if (!wild_) {
    if (FileExists(text_)) names.push_back(text_);
    return names;
  }
  errno = 0;
  const std::unique_ptr<DIR, CloseFolder> folder(opendir(folder_.c_str()));
  if (folder == nullptr) {
    if (IsAbsence(errno)) return names;
    return CannotBeListed(errno);
  }
  const std::string start =
      text_.substr(0, text_.size() - prefix_.size() - 1 - suffix_.size());
  while (true) {
    errno = 0;
    const dirent* entry = readdir(folder.get());
    if (entry == nullptr) break;
    std::string name = start + entry->d_name;
    if (!Matches(name)) continue;
    if (names.size() == most) {
      return std::unexpected("matches more than " + std::to_string(most) +
                             " files");
    }
    names.push_back(std::move(name));
  }
  if (errno != 0) return CannotBeListed(errno);
  std::sort(names.begin(), names.end());
  return names;
}

// Anything but its absence (a folder that we may not look into) is for reading
// the file to tell.
bool FileExists(const std::string& name) {
  struct stat status {};
  return lstat(name.c_str(), &status) == 0 || !IsAbsence(errno);
}

}  // namespace exporter::discovery
