#include "exporter/api/api.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "exporter/api/target_json.h"
#include "exporter/api/target_list.h"
#include "exporter/build_info.h"
#include "exporter/http/answers.h"
#include "exporter/metrics/exposition.h"
#include "exporter/question_reader.h"
#include "probe/net/timer.h"

namespace exporter::api {
namespace {

http::Response Error(int status, const std::string& sentence) {
  return http::Json(status, "{\"error\":" + Quoted(sentence) + "}");
}

std::string UnixText(const probe::Moment& moment) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f",
                probe::Seconds(moment.wall.time_since_epoch()));
  return text;
}

std::string TextList(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    if (list.size() > 1) list += ',';
    list += Quoted(text);
  }
  return list + "]";
}

http::Response Streamed(http::Response::Source source,
                        const http::Request& request) {
  http::Response response = http::Json(200, "");
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.source = std::move(source);
  if (metrics::AcceptsGzip(request.Header("accept-encoding"))) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.source = http::Gzip(std::move(response.source));
  }
  return response;
}

// Whether any place of the target had a result after `since`, or has none.
bool HasNews(const metrics::TargetRow& row, double since) {
  bool news = false;
  bool any = false;
  row.ForEachRow([&](const metrics::Row& place) {
    any = true;
    news = news || place.verdict() == nullptr ||
           probe::Seconds(place.verdict()->finished.wall.time_since_epoch()) >
               since;
  });
  return news || !any;
}

std::optional<double> ParseTime(std::string_view text) {
  double seconds = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() ||
      !std::isfinite(seconds)) {
    return std::nullopt;
  }
  return seconds;
}

// As http_sd has it; `__param_...` become arguments of the request that
// Prometheus makes.
std::string SdGroup(const probe::Target& target) {
  std::string labels = "\"__param_module\":" + Quoted(target.module);
  if (target.is_domain) labels += ",\"__param_kind\":\"domain\"";
  for (const auto& [name, value] : target.labels) {
    labels += ',' + Quoted(name) + ':' + Quoted(value);
  }
  return "{\"targets\":[" + Quoted(target.name) + "],\"labels\":{" + labels +
         "}}";
}

std::string OnDemandWord(const OnDemandConfig& config) {
  if (config.any) return "any";
  const bool listed = !config.names.empty() || !config.suffixes.empty() ||
                      !config.networks.empty();
  return listed ? "listed" : "configured";
}

}  // namespace

http::Response Api::AnswerStatus() const {
  const Status status = status_();
  const BuildInfo& build = GetBuildInfo();
  return http::Json(
      200, "{\"version\":" + Quoted(std::string(build.version)) +
               ",\"revision\":" + Quoted(std::string(build.revision)) +
               ",\"modules\":" + TextList(on_demand_.ModuleNames()) +
               ",\"targets\":" + std::to_string(status.targets) +
               ",\"endpoints\":" + std::to_string(status.endpoints) +
               ",\"notices\":" + TextList(status.notices) + ",\"on_demand\":" +
               Quoted(OnDemandWord(on_demand_.config())) + "}");
}

http::Response Api::AnswerTargets(const http::Request& request) const {
  std::optional<double> since;
  if (const auto text = request.Argument("since"); !text.empty()) {
    since = ParseTime(text);
    if (!since) return Error(400, "since: must be a Unix time");
  }
  const probe::Moment now = probe::net::NowOnBothClocks();
  return Streamed(
      ListTargets(
          page_.shared_series(), store_, now,
          {.head = "{\"as_of\":" + UnixText(now) + ",\"total\":" +
                   std::to_string(status_().targets) + ",\"targets\":[",
           .tail = "]}",
           .item = [since, name = std::string(request.Argument("target")),
                    module = std::string(request.Argument("module"))](
                       const metrics::TargetRow& row) -> std::string {
             const probe::Target& target = row.target();
             if (!name.empty() && target.name != name) return "";
             if (!module.empty() && target.module != module) return "";
             if (since && !HasNews(row, *since)) return "";
             return SummaryJson(row);
           }}),
      request);
}

http::Response Api::AnswerTarget(std::string_view id) const {
  const metrics::SeriesList& list = page_.series();
  const auto found = std::ranges::find_if(list, [id](const auto& series) {
    return series != nullptr && TargetId(series->target()) == id;
  });
  if (found == list.end()) return Error(404, "there is no such target");
  const probe::Moment now = probe::net::NowOnBothClocks();
  const auto entries = metrics::TakeEntries(**found, store_);
  return http::Json(200,
                    "{\"as_of\":" + UnixText(now) + ",\"target\":" +
                        TargetJson(metrics::TargetRow(**found, entries, now),
                                   Kept::kWatched) +
                        "}");
}

http::Response Api::AnswerSd(const http::Request& request) const {
  return Streamed(
      ListTargets(page_.shared_series(), store_, probe::net::NowOnBothClocks(),
                  {.head = "[",
                   .tail = "]",
                   .item =
                       [](const metrics::TargetRow& row) {
                         return SdGroup(row.target());
                       }}),
      request);
}

void Api::AnswerProbe(const http::Request& request, http::Respond respond) {
  AskFor(
      on_demand_, request, probe::Duration(0),
      [&store = store_](std::expected<Report, OnDemand::Refusal> outcome) {
        if (!outcome) {
          http::Response response =
              Error(outcome.error().status, outcome.error().sentence);
          http::AddRetryAfter(outcome.error().retry_after, response);
          return response;
        }
        const auto entries = metrics::TakeEntries(
            outcome->target(),
            outcome->own_states ? *outcome->own_states : store);
        return http::Json(
            200, "{\"as_of\":" + UnixText(outcome->at) + ",\"target\":" +
                     TargetJson(metrics::TargetRow(outcome->target(), entries,
                                                   outcome->at),
                                Kept::kAskedOnce) +
                     "}");
      },
      std::move(respond));
}

void Api::Answer(const http::Request& request, http::Respond respond) {
  if (auto refused = http::RefuseUnlessRead(request)) {
    return respond(std::move(*refused));
  }
  const std::string_view path =
      std::string_view(request.path).substr(kPrefix.size());
  constexpr std::string_view kOne = "targets/";
  if (path == "probe") return AnswerProbe(request, std::move(respond));
  if (path == "status") return respond(AnswerStatus());
  if (path == "targets") return respond(AnswerTargets(request));
  if (path == "sd") return respond(AnswerSd(request));
  if (path.starts_with(kOne)) {
    return respond(AnswerTarget(path.substr(kOne.size())));
  }
  respond(Error(404, "there is no such path"));
}

}  // namespace exporter::api
