// The TLS of our own listener: what a web configuration says, as OpenSSL keeps
// it. Made anew whenever that changes.
#ifndef EXPORTER_HTTP_SERVER_TLS_H_
#define EXPORTER_HTTP_SERVER_TLS_H_

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/config/web_config.h"
#include "exporter/http/server.h"

struct ssl_ctx_st;
struct x509_store_ctx_st;

namespace exporter::http {

// Immutable. Connections keep the one that they began with.
//
// Sessions are not resumed: whoever comes back shows its certificate again, and
// what the configuration says now counts.
class ServerTls {
 public:
  // The error is a sentence about settings that OpenSSL does not take.
  static std::expected<std::shared_ptr<const ServerTls>, std::string> Create(
      const WebTls& settings);
  ~ServerTls();
  ServerTls(const ServerTls&) = delete;
  ServerTls& operator=(const ServerTls&) = delete;

  ssl_ctx_st* get() const { return context_; }

 private:
  ServerTls() = default;

  // Whether the certificate that a client shows will do.
  bool Accepts(x509_store_ctx_st* presented) const;

  ssl_ctx_st* context_ = nullptr;
  bool verifies_ = false;
  std::optional<std::vector<std::string>> allowed_sans_;
};

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_SERVER_TLS_H_
