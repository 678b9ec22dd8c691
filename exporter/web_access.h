// What --web.config.file says now. Whoever asks gets what is in the file, and
// in the certificates that it names, at this moment: they are looked at (a
// stat(2) each) and read again when they have changed.
#ifndef EXPORTER_WEB_ACCESS_H_
#define EXPORTER_WEB_ACCESS_H_

#include <sys/types.h>
#include <time.h>

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/config/config_error.h"
#include "exporter/config/web_config.h"
#include "exporter/http/server_tls.h"
#include "probe/clock.h"

namespace exporter {

// One thread. It reads on that thread: the files are small, and a client must
// not be let in by what was true a moment ago.
class WebAccess {
 public:
  // The error is that of the file, or of what OpenSSL thinks of it. Logs what
  // is odd.
  static std::expected<std::unique_ptr<WebAccess>, ConfigError> Open(
      const std::string& path);
  WebAccess(const WebAccess&) = delete;
  WebAccess& operator=(const WebAccess&) = delete;

  // Decided at the start, as in the toolkit: a port does not change its
  // protocol.
  bool speaks_tls() const { return speaks_tls_; }
  bool wants_http2() const { return config_->wants_http2; }

  // Null while something is wrong, which is logged once: nobody is let in then.
  std::shared_ptr<const WebConfig> Config();
  std::shared_ptr<const http::ServerTls> Tls();

 private:
  // What tells one state of a file from another.
  struct Stamp {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = -1;            // -1: there is no file.
    std::int64_t modified = 0;  // ns.
    std::int64_t changed = 0;   // Likewise.

    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  explicit WebAccess(std::string path) : path_(std::move(path)) {}

  static Stamp StampOf(const std::string& path);
  std::vector<Stamp> Stamps() const;
  bool MustRead(const std::vector<Stamp>& stamps) const;
  void Refresh();
  std::expected<void, ConfigError> Read();
  void LogOutcome(const std::expected<void, ConfigError>& outcome);
  void LogWarnings();

  const std::string path_;
  bool speaks_tls_ = false;
  std::shared_ptr<const WebConfig> config_;
  std::shared_ptr<const http::ServerTls> tls_;
  std::vector<std::string> files_;  // Beside `path_`.
  std::vector<Stamp> stamps_;       // Of `path_` and `files_`.
  // They may change again without showing it, or what was read was bad.
  bool is_unsettled_ = false;
  probe::Time read_at_{};
  // Logged already.
  std::vector<std::string> complaints_;
  std::vector<std::string> warnings_;
};

}  // namespace exporter

#endif  // EXPORTER_WEB_ACCESS_H_
