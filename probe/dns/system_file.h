// A text file of this host that anybody may change at any time: edited in
// place, replaced by another, reached by a link that is turned.
#ifndef PROBE_DNS_SYSTEM_FILE_H_
#define PROBE_DNS_SYSTEM_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

struct stat;

namespace probe::dns {

class SystemFile {
 public:
  // Reads nothing yet. One of more than `max_size` bytes counts as empty, as
  // one that is absent or not a regular one does.
  SystemFile(std::string path, std::size_t max_size);
  SystemFile(const SystemFile&) = delete;
  SystemFile& operator=(const SystemFile&) = delete;

  const std::string& path() const { return path_; }
  // All of it, if the file is another or has been touched since this was last
  // told; before the first time an empty one was. None too while it cannot be
  // read: what it said before stands. Costs a stat(2) when nothing happened.
  std::optional<std::string> ReadIfChanged();

 private:
  // Tells two states of a file apart. A change of mode counts too (ctime): it
  // may make the file readable.
  struct Stamp {
    explicit Stamp(const struct stat& status);
    friend bool operator==(const Stamp&, const Stamp&) = default;

    std::uint64_t device;
    std::uint64_t inode;
    std::int64_t size;
    // Seconds and nanoseconds. Not a Duration: a file may claim to be from the
    // year 3000, which no Duration holds.
    std::pair<std::int64_t, std::int64_t> modified;
    std::pair<std::int64_t, std::int64_t> changed;
  };

  bool IsFit(const struct stat& status) const;
  std::optional<std::string> ReadAll(int descriptor) const;
  std::optional<std::string> Forget();

  const std::string path_;
  const std::size_t max_size_;
  std::optional<Stamp> stamp_;  // Of what was told; none: as an empty one.
};

}  // namespace probe::dns

#endif  // PROBE_DNS_SYSTEM_FILE_H_
