// The running program: wires configuration, directory, probers, result store,
// metrics and HTTP on the main loop, tells the service manager, and lives until
// SIGTERM or SIGINT.
#ifndef EXPORTER_DAEMON_H_
#define EXPORTER_DAEMON_H_

#include <expected>
#include <memory>
#include <string>

#include "exporter/config/config.h"
#include "exporter/options.h"
#include "exporter/web_access.h"

namespace exporter {

class Daemon {
 public:
  // Starts everything; `access` is null without --web.config.file. The error is
  // a sentence: a listen address that is taken, a resolver that cannot be had.
  static std::expected<std::unique_ptr<Daemon>, std::string> Start(
      const Options& options, Config config, std::unique_ptr<WebAccess> access);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Returns once the program was asked to stop and conversations have ended.
  void Run();

 private:
  struct Impl;
  explicit Daemon(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace exporter

#endif  // EXPORTER_DAEMON_H_
