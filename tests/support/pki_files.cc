#include "tests/support/pki_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tests {
namespace {

std::expected<void, std::string> Write(const std::string& path, mode_t mode,
                                       const std::string& text) {
  const auto fail = [&path] {
    return std::unexpected(path + ": " + std::strerror(errno));
  };
  // A file that is there would keep its mode.
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return fail();
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL, mode);
  if (file < 0) return fail();
  const ssize_t written = write(file, text.data(), text.size());
  if (close(file) != 0 || written < 0) return fail();
  if (static_cast<std::size_t>(written) != text.size()) {
    return std::unexpected(path + ": cannot be written whole");
  }
  return {};
}

}  // namespace

std::expected<void, std::string> WritePki(const Pki& pki,
                                          const std::string& directory) {
  if (mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
    return std::unexpected(directory + ": " + std::strerror(errno));
  }
  const std::string base = directory + '/';
  auto done = Write(base + "roots.pem", 0644, pki.roots());
  if (done) done = Write(base + "cross-roots.pem", 0644, pki.cross_roots());
  for (const auto& [name, identity] : pki.identities()) {
    if (done) done = Write(base + name + ".crt", 0644, identity.chain);
    if (done) done = Write(base + name + ".key", 0600, identity.key);
  }
  return done;
}

}  // namespace tests
