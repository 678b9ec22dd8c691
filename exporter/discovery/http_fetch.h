// GET requests on the loop: libcurl's multi interface, its sockets under
// uv_poll_t and its timeout under a timer. What an answer means is not known
// here, and nobody else knows curl.
#ifndef EXPORTER_DISCOVERY_HTTP_FETCH_H_
#define EXPORTER_DISCOVERY_HTTP_FETCH_H_

#include <uv.h>

#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "probe/clock.h"

namespace exporter::discovery {

// Prometheus follows as many.
inline constexpr long kMaxRedirects = 10;

struct HttpRequest {
  // http or https; redirects stay within the two. Proxies of the environment
  // are not used.
  std::string url;
  // Complete lines. "Authorization" and a user go to the host, scheme and port
  // of `url` only.
  std::vector<std::string> headers = {};
  struct Login {
    std::string username;
    std::string password;
  };
  std::optional<Login> basic_auth = {};
  std::string ca_file = {};  // "": the system's roots.
  // For all of it, with redirects.
  probe::Duration timeout = std::chrono::seconds(60);
  std::size_t most_bytes = kMaxConfigBytes;  // Of the body.
};

struct HttpAnswer {
  long status = 0;
  std::string content_type;  // "" when there is none.
  std::string body;
};

class HttpFetcher {
 public:
  // The error is a sentence that says the same each time that the same thing is
  // wrong, without anything secret.
  using Done = std::function<void(std::expected<HttpAnswer, std::string>)>;
  // A request under way; destroying it ends it without its `done`.
  class Fetch;
  struct EndFetch {
    void operator()(Fetch* fetch) const;
  };
  using FetchPtr = std::unique_ptr<Fetch, EndFetch>;

  // `loop` must outlive the fetcher, and the fetcher its fetches.
  explicit HttpFetcher(uv_loop_t* loop);
  ~HttpFetcher();
  HttpFetcher(const HttpFetcher&) = delete;
  HttpFetcher& operator=(const HttpFetcher&) = delete;

  // `done` is called on the loop, once and later, and may destroy the fetch,
  // not the fetcher. Null without memory.
  FetchPtr Start(const HttpRequest& request, Done done);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace exporter::discovery

#endif  // EXPORTER_DISCOVERY_HTTP_FETCH_H_
