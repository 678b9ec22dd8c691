// Stands before all pages and lets in whom the web configuration lets in: first
// the configuration itself, then the rate limit, the headers, the password.
#ifndef EXPORTER_HTTP_GATE_H_
#define EXPORTER_HTTP_GATE_H_

#include <uv.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "exporter/config/web_config.h"
#include "exporter/http/auth_cache.h"
#include "exporter/http/password_checker.h"
#include "exporter/http/server.h"
#include "exporter/token_bucket.h"

namespace exporter::http {

// Asked for each request; null while the file is bad: then all get 500.
using CurrentWebConfig = std::function<std::shared_ptr<const WebConfig>()>;

class Gate {
 public:
  // `loop` must outlive the gate, and runs on until a password that is being
  // checked has been. `next` gets the requests that are let in.
  Gate(uv_loop_t* loop, CurrentWebConfig current, Handler next);
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // A Handler.
  void Answer(const Request& request, Respond respond);

 private:
  bool IsWithinRate(const WebConfig& config);
  void Authenticate(const WebConfig& config, const Request& request,
                    Respond respond);
  void CheckPassword(const Request& request, Respond respond,
                     std::string password, std::string hash, bool is_known,
                     const std::string& key);

  const CurrentWebConfig current_;
  const Handler next_;
  std::optional<WebRateLimit> rate_limit_;  // What the bucket is for.
  std::optional<TokenBucket> bucket_;
  AuthCache cache_;
  PasswordChecker checker_;
};

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_GATE_H_
