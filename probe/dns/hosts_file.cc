#include "probe/dns/hosts_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace probe::dns {
namespace {

// What isspace(3) says in the C locale, but the end of a line.
constexpr std::string_view kBlanks = " \t\r\v\f";
constexpr std::size_t kChunk = 64 * 1024;
// "0.0.0.0 ads.example.com".
constexpr std::size_t kUsualLine = 24;

char LowerCase(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string Plain(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string plain(name);
  std::transform(plain.begin(), plain.end(), plain.begin(), LowerCase);
  return plain;
}

// Takes the first word off `line`; empty when there is none.
std::string_view TakeWord(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

void ParseLine(std::string_view line, Hosts& hosts) {
  line = line.substr(0, line.find('#'));
  const auto address = IpAddress::Parse(TakeWord(line));
  if (!address) return;
  while (true) {
    const std::string_view name = TakeWord(line);
    if (name.empty()) return;
    // The root is no host.
    if (name != ".") hosts[Plain(name)].push_back(*address);
  }
}

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

bool IsFit(const struct stat& status) {
  return S_ISREG(status.st_mode) &&
         static_cast<std::uint64_t>(status.st_size) <= kMaxHostsFile;
}

// All of it, even if it grows meanwhile; nothing when it grows too big.
std::optional<std::string> ReadAll(int descriptor) {
  std::string text;
  while (text.size() <= kMaxHostsFile) {
    const std::size_t before = text.size();
    text.resize(before + kChunk);
    const ssize_t got = read(descriptor, text.data() + before, kChunk);
    if (got < 0 && errno != EINTR) return std::nullopt;
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return text;
  }
  return std::nullopt;
}

}  // namespace

Hosts ParseHosts(std::string_view text) {
  Hosts hosts;
  // Growing on the way takes a third longer. Not by the lines: they may be
  // empty.
  hosts.reserve(text.size() / kUsualLine);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    ParseLine(line, hosts);
  }
  for (auto& [name, addresses] : hosts) {
    std::sort(addresses.begin(), addresses.end());
    addresses.erase(std::unique(addresses.begin(), addresses.end()),
                    addresses.end());
  }
  return hosts;
}

HostsFile::Stamp::Stamp(const struct stat& status)
    : device(status.st_dev),
      inode(status.st_ino),
      size(status.st_size),
      modified(status.st_mtim.tv_sec, status.st_mtim.tv_nsec),
      changed(status.st_ctim.tv_sec, status.st_ctim.tv_nsec) {}

HostsFile::HostsFile(std::string path) : path_(std::move(path)) {}

std::vector<IpAddress> HostsFile::Find(std::string_view name,
                                       IpAddress::Family family, Time now) {
  if (!checked_ || now - *checked_ >= kHostsFileCheck) {
    checked_ = now;
    Refresh();
  }
  std::vector<IpAddress> found;
  const auto known = hosts_.find(Plain(name));
  if (known == hosts_.end()) return found;
  for (const IpAddress& address : known->second) {
    if (address.family() == family) found.push_back(address);
  }
  return found;
}

void HostsFile::Refresh() {
  struct stat status {};
  if (stat(path_.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) Forget();
    return;
  }
  // Not even opened: a FIFO or a device may do something then.
  if (!IsFit(status)) {
    Forget();
    return;
  }
  if (stamp_ == Stamp(status)) return;
  // What cannot be read now (no descriptor is left, say) is tried again at the
  // next check, for `stamp_` stays. It may have become a FIFO meanwhile, and
  // opening that would wait for a writer.
  const Descriptor file(
      open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (file.number() < 0 || fstat(file.number(), &status) != 0 ||
      !IsFit(status)) {
    return;
  }
  const auto text = ReadAll(file.number());
  if (!text) return;
  // From before the reading: what is written during it is a change.
  stamp_ = Stamp(status);
  hosts_ = ParseHosts(*text);
}

void HostsFile::Forget() {
  stamp_.reset();
  hosts_ = Hosts();
}

}  // namespace probe::dns
