// Our own listener: the HTTP server with all that the --web. flags put around
// the pages.
#ifndef EXPORTER_LISTENER_H_
#define EXPORTER_LISTENER_H_

#include <uv.h>

#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "exporter/http/gate.h"
#include "exporter/http/server.h"
#include "exporter/options.h"
#include "exporter/web_access.h"

namespace exporter {

class Listener {
 public:
  // `loop` must outlive the listener, and runs on until a password that is
  // being checked has been. `access` is null without --web.config.file.
  Listener(uv_loop_t* loop, const Options& options,
           std::unique_ptr<WebAccess> access, const http::Limits& limits,
           http::Handler pages);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Opens all sockets. The error is a sentence with the address in it.
  std::expected<void, std::string> Listen(const Options& options);
  // Tells the log where clients may connect, and how.
  void LogAddresses() const;

 private:
  http::Handler Guarded(http::Handler pages);
  http::CurrentTls TlsSource();

  uv_loop_t* const loop_;
  const std::unique_ptr<WebAccess> access_;
  std::optional<http::Gate> gate_;  // With `access_`.
  http::Server server_;
};

}  // namespace exporter

#endif  // EXPORTER_LISTENER_H_
