// The JSON API, /api/v1/: what the web page shows and programs read. Described
// in openapi.yaml, which tests hold it to.
#ifndef EXPORTER_API_API_H_
#define EXPORTER_API_API_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "exporter/http/server.h"
#include "exporter/metrics_page.h"
#include "exporter/on_demand.h"
#include "exporter/result_store.h"

namespace exporter::api {

// On the main loop's thread.
class Api {
 public:
  struct Status {
    std::size_t targets = 0;
    std::size_t endpoints = 0;
    // What is wrong here rather than with the servers, in words.
    std::vector<std::string> notices;
  };

  // All must outlive the API and the answers that it owes.
  Api(const MetricsPage& page, const ResultStore& store, OnDemand& on_demand,
      std::function<Status()> status)
      : page_(page),
        store_(store),
        on_demand_(on_demand),
        status_(std::move(status)) {}

  // Errors are JSON, too.
  static constexpr std::string_view kPrefix = "/api/v1/";
  void Answer(const http::Request& request, http::Respond respond);

 private:
  http::Response AnswerStatus() const;
  http::Response AnswerTargets(const http::Request& request) const;
  http::Response AnswerTarget(const http::Request& request,
                              std::string_view text) const;
  http::Response AnswerSd(const http::Request& request) const;
  void AnswerProbe(const http::Request& request, http::Respond respond);

  const MetricsPage& page_;
  const ResultStore& store_;
  OnDemand& on_demand_;
  const std::function<Status()> status_;
};

}  // namespace exporter::api

#endif  // EXPORTER_API_API_H_
