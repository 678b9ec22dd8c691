#include "exporter/listener.h"

#include <utility>

#include "exporter/http/listen_socket.h"
#include "exporter/http/route_prefix.h"
#include "exporter/http/systemd_sockets.h"
#include "exporter/logging.h"

namespace exporter {
namespace {

http::Handler Placed(const Options& options, http::Handler pages) {
  if (options.route_prefix.empty()) return pages;
  return http::UnderPrefix(options.route_prefix, options.home,
                           std::move(pages));
}

}  // namespace

Listener::Listener(uv_loop_t* loop, const Options& options,
                   std::unique_ptr<WebAccess> access,
                   const http::Limits& limits, http::Handler pages)
    : loop_(loop),
      access_(std::move(access)),
      server_(loop, Guarded(Placed(options, std::move(pages))), limits,
              TlsSource()) {}

http::Handler Listener::Guarded(http::Handler pages) {
  if (access_ == nullptr) return pages;
  gate_.emplace(
      loop_, [this] { return access_->Config(); }, std::move(pages));
  return [this](const http::Request& request, http::Respond respond) {
    gate_->Answer(request, std::move(respond));
  };
}

http::CurrentTls Listener::TlsSource() {
  if (access_ == nullptr || !access_->speaks_tls()) return nullptr;
  return [this] { return access_->Tls(); };
}

std::expected<void, std::string> Listener::Listen(const Options& options) {
  if (options.systemd_socket) {
    auto sockets = http::TakeSystemdSockets();
    if (!sockets) return std::unexpected(sockets.error());
    return server_.Listen(*std::move(sockets));
  }
  for (const std::string& address : options.listen_addresses) {
    const auto listening = server_.Listen(address);
    if (!listening) return listening;
  }
  return {};
}

void Listener::LogAddresses() const {
  const bool has_tls = access_ != nullptr && access_->speaks_tls();
  for (const std::string& address : server_.addresses()) {
    LogInfo("Listening on", {{"address", address}});
    LogInfo(has_tls ? "TLS is enabled." : "TLS is disabled.",
            {{"http2", "false"}, {"address", address}});
  }
  if (access_ != nullptr && access_->wants_http2()) {
    LogInfo("HTTP/2 is not offered, clients use HTTP/1.1");
  }
}

}  // namespace exporter
