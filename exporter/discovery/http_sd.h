// An item of `http_sd:`, the way of Prometheus' http_sd: a URL that is polled.
#ifndef EXPORTER_DISCOVERY_HTTP_SD_H_
#define EXPORTER_DISCOVERY_HTTP_SD_H_

#include <uv.h>

#include <atomic>
#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "exporter/config/http_sd.h"
#include "exporter/discovery/http_fetch.h"
#include "exporter/discovery/notices.h"
#include "exporter/discovery/source.h"
#include "exporter/pool.h"
#include "probe/net/timer.h"

namespace exporter::discovery {

// A request has as long as until the next one, as with Prometheus, but for
// this: who polls once a day wants to know of a silent server today.
inline constexpr probe::Duration kMaxFetchTime = std::chrono::minutes(2);

// Whether a Content-Type is the one that Prometheus demands: application/json,
// in UTF-8 if it says in what.
bool IsJson(std::string_view content_type);

class HttpSd {
 public:
  // All but the configuration and the reader outlive it. The first request
  // starts at once.
  HttpSd(uv_loop_t* loop, HttpFetcher* fetcher, Notices* notices, Pool* pool,
         HttpSdConfig config, std::shared_ptr<const GroupReader> reader);
  ~HttpSd();
  HttpSd(const HttpSd&) = delete;
  HttpSd& operator=(const HttpSd&) = delete;

  // Asks at once, with the new reader; the answer to an earlier request is not
  // wanted any more. `config` has the same URL.
  void Configure(HttpSdConfig config,
                 std::shared_ptr<const GroupReader> reader);

  Source& source() { return source_; }
  const Source& source() const { return source_; }

 private:
  // One request, from reading the secret to reading the targets.
  struct Round;

  void BeginRound();
  void Fetch(const std::shared_ptr<Round>& round);
  void OnAnswer(const std::shared_ptr<Round>& round,
                std::expected<HttpAnswer, std::string> answer);
  void EndRound(ListOutcome outcome);
  ListOutcome Fail(const std::string& message) const;

  HttpFetcher* const fetcher_;
  Notices* const notices_;
  Pool* const pool_;
  HttpSdConfig config_;
  std::shared_ptr<const GroupReader> reader_;
  Source source_;
  std::shared_ptr<std::atomic<bool>> cancel_;  // Of the round under way.
  HttpFetcher::FetchPtr fetch_;
  probe::Time begun_{};
  probe::net::Timer timer_;
};

}  // namespace exporter::discovery

#endif  // EXPORTER_DISCOVERY_HTTP_SD_H_
