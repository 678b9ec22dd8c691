#include "exporter/config/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace exporter::config {
namespace {

constexpr std::size_t kMebibyte = 1024 * 1024;

std::unexpected<std::string> CannotBeRead() {
  return std::unexpected(std::string("cannot be read: ") +
                         std::strerror(errno));
}

}  // namespace

std::expected<std::string, std::string> ReadTextFile(const std::string& path,
                                                     std::size_t most_bytes) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  // Not blocking: to open a FIFO, or to read from one, can take for ever, and a
  // reload that hangs would hold up every later one.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  const std::unique_ptr<std::FILE, Close> file(
      descriptor < 0 ? nullptr : fdopen(descriptor, "rb"));
  struct stat status {};
  if (!file || fstat(descriptor, &status) != 0) return CannotBeRead();
  // Reading tells of a folder what it is.
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
    return std::unexpected("is not a regular file");
  }
  std::string text;
  std::array<char, 64 * 1024> piece{};
  while (const std::size_t bytes =
             std::fread(piece.data(), 1, piece.size(), file.get())) {
    text.append(piece.data(), bytes);
    if (text.size() > most_bytes) {
      return std::unexpected("is larger than " +
                             std::to_string(most_bytes / kMebibyte) + " MiB");
    }
  }
  if (std::ferror(file.get()) != 0) return CannotBeRead();
  return text;
}

}  // namespace exporter::config
