// The files that `tls:` blocks name, each read once per load, and the contexts
// that their settings come to: one for all that are equal, however many targets
// there are.
#ifndef EXPORTER_CONFIG_TLS_CONTEXTS_H_
#define EXPORTER_CONFIG_TLS_CONTEXTS_H_

#include <cstddef>
#include <expected>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "probe/target.h"
#include "probe/tls/context.h"

namespace exporter::config {

// The bundle of all public roots has about 220 KB.
inline constexpr std::size_t kMaxTlsFileBytes = 4 * 1024 * 1024;

// Any thread, several at once: lists of targets are read while others are.
class TlsContexts {
 public:
  // Files are relative to `folder`; "" is the current one.
  explicit TlsContexts(std::string folder) : folder_(std::move(folder)) {}
  TlsContexts(const TlsContexts&) = delete;
  TlsContexts& operator=(const TlsContexts&) = delete;

  // What is wrong, as a sentence that begins with the file's name; none if
  // nothing is. `ca_file` is to hold certificates, `file` anything.
  std::optional<std::string> CheckRoots(const std::string& ca_file);
  std::optional<std::string> CheckFile(const std::string& file);
  // For two files that are readable: whether they go together.
  const std::optional<probe::tls::ContextError>& CheckPair(
      const std::string& cert_file, const std::string& key_file);

  // For settings whose files were found good. The error is about this system's
  // roots, or the library's own.
  std::expected<std::shared_ptr<const probe::tls::Context>, std::string> Get(
      const probe::TlsSettings& settings);

  // About this system's roots, once Get() needed them.
  std::vector<std::string> Warnings() const;

 private:
  using SharedRoots = std::shared_ptr<const probe::tls::Roots>;
  struct File {
    std::expected<std::string, std::string> text;
    // None: nobody asked for them.
    std::optional<std::expected<SharedRoots, std::string>> roots;
  };

  // With the mutex held, as all that follows.
  std::optional<std::string> WrongFile(const std::string& file);
  std::optional<std::string> WrongRoots(const std::string& ca_file);
  std::string PathOf(const std::string& file) const;
  std::string Shown(const std::string& file) const;
  File& Read(const std::string& file);
  const std::string& Text(const std::string& file);
  const std::expected<SharedRoots, std::string>& SystemRoots();

  const std::string folder_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, File> files_;
  std::unordered_map<std::string, std::optional<probe::tls::ContextError>>
      pairs_;
  std::unordered_map<std::string, std::shared_ptr<const probe::tls::Context>>
      contexts_;
  // None until they are needed.
  std::optional<std::expected<SharedRoots, std::string>> system_roots_;
  std::vector<std::string> warnings_;
};

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_TLS_CONTEXTS_H_
