#include "exporter/config/config.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "exporter/config/config_reader.h"
#include "exporter/config/document.h"
#include "exporter/config/problems.h"

namespace exporter {
namespace {

// Below this the gain is not worth a walk over the heap.
constexpr std::size_t kTrimBytes = 1024 * 1024;

std::unexpected<ConfigError> Refused(std::string message) {
  return std::unexpected(ConfigError{{std::move(message)}});
}

}  // namespace

std::expected<Config, ConfigError> LoadConfig(const std::string& path) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  // Not blocking: to open a FIFO, or to read from one, can take for ever, and a
  // reload that hangs would hold up every later one.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  const std::unique_ptr<std::FILE, Close> file(
      descriptor < 0 ? nullptr : fdopen(descriptor, "rb"));
  struct stat status {};
  if (!file || fstat(descriptor, &status) != 0) {
    return Refused(path + ": cannot be read: " + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
    return Refused(path + ": is not a regular file");
  }
  std::string text;
  std::array<char, 64 * 1024> piece{};
  while (const std::size_t bytes =
             std::fread(piece.data(), 1, piece.size(), file.get())) {
    text.append(piece.data(), bytes);
    // ParseConfig refuses it; no need to read on.
    if (text.size() > kMaxConfigBytes) break;
  }
  if (std::ferror(file.get()) != 0) {
    return Refused(path + ": cannot be read: " + std::strerror(errno));
  }
  auto config = ParseConfig(text, path);
#ifdef __GLIBC__
  // The tree of a big file lies between the targets; without this the process
  // stays at three times what it needs.
  if (text.size() > kTrimBytes) malloc_trim(0);
#endif
  return config;
}

std::expected<Config, ConfigError> ParseConfig(std::string_view text,
                                               const std::string& name) {
  if (text.size() > kMaxConfigBytes) {
    return Refused(name + ": is larger than 64 MiB");
  }
  config::Problems problems(name);
  const auto document = config::Document::Parse(text);
  if (!document) {
    problems.Add(document.error().place, "", document.error().sentence);
    return std::unexpected(ConfigError{problems.Messages()});
  }
  static const config::Value nothing;
  const config::Value* const root = document->root();
  Config config =
      config::ReadConfig(root != nullptr ? *root : nothing, problems);
  if (problems.count() > 0) {
    return std::unexpected(ConfigError{problems.Messages()});
  }
  return config;
}

}  // namespace exporter
