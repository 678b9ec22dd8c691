#include "probe/dns/system_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace probe::dns {
namespace {

constexpr std::size_t kChunk = 64 * 1024;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }

 private:
  const int number_;
};

}  // namespace

SystemFile::Stamp::Stamp(const struct stat& status)
    : device(status.st_dev),
      inode(status.st_ino),
      size(status.st_size),
      modified(status.st_mtim.tv_sec, status.st_mtim.tv_nsec),
      changed(status.st_ctim.tv_sec, status.st_ctim.tv_nsec) {}

SystemFile::SystemFile(std::string path, std::size_t max_size)
    : path_(std::move(path)), max_size_(max_size) {}

bool SystemFile::IsFit(const struct stat& status) const {
  return S_ISREG(status.st_mode) &&
         static_cast<std::uint64_t>(status.st_size) <= max_size_;
}

// All of it, even if it grows meanwhile; nothing when it grows too big.
std::optional<std::string> SystemFile::ReadAll(int descriptor) const {
  std::string text;
  while (text.size() <= max_size_) {
    const std::size_t before = text.size();
    text.resize(before + kChunk);
    const ssize_t got = read(descriptor, text.data() + before, kChunk);
    if (got < 0 && errno != EINTR) return std::nullopt;
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return text;
  }
  return std::nullopt;
}

std::optional<std::string> SystemFile::ReadIfChanged() {
  struct stat status {};
  if (stat(path_.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return Forget();
    return std::nullopt;
  }
  // Not even opened: a FIFO or a device may do something then.
  if (!IsFit(status)) return Forget();
  if (stamp_ == Stamp(status)) return std::nullopt;
  // What cannot be read now (no descriptor is left, say) is tried again at the
  // next call, for `stamp_` stays. It may have become a FIFO meanwhile, and
  // opening that would wait for a writer.
  const Descriptor file(
      open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (file.number() < 0 || fstat(file.number(), &status) != 0 ||
      !IsFit(status)) {
    return std::nullopt;
  }
  auto text = ReadAll(file.number());
  // From before the reading: what is written during it is a change.
  if (text) stamp_ = Stamp(status);
  return text;
}

std::optional<std::string> SystemFile::Forget() {
  if (!stamp_) return std::nullopt;
  stamp_.reset();
  return "";
}

}  // namespace probe::dns
