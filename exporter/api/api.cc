#include "exporter/api/api.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "exporter/api/target_answer.h"
#include "exporter/api/target_json.h"
#include "exporter/api/target_list.h"
#include "exporter/asset_page.h"
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

http::Response NoSuchPath() { return Error(404, "there is no such path"); }

http::Response NotRead() {
  http::Response response = Error(405, "only GET and HEAD are allowed");
  response.headers.emplace_back("Allow", "GET, HEAD");
  return response;
}

std::string TextList(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    if (list.size() > 1) list += ',';
    list += Quoted(text);
  }
  return list + "]";
}

bool WantsGzip(const http::Request& request) {
  return metrics::AcceptsGzip(request.Header("accept-encoding"));
}

http::Response Streamed(http::Response::Source source, bool gzip) {
  http::Response response = http::Json(200, "");
  response.headers.emplace_back("Vary", "Accept-Encoding");
  response.source = std::move(source);
  if (gzip) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.source = http::Gzip(std::move(response.source));
  }
  return response;
}

// A result reaches the store a moment after the time that it bears.
constexpr double kNewsSlackSeconds = 1;

// Whether any place of the target had a result after `since`, or has none.
bool HasNews(const metrics::TargetRow& row, double since) {
  bool news = false;
  bool any = false;
  row.ForEachRow([&](const metrics::Row& place) {
    any = true;
    news = news || place.verdict() == nullptr ||
           probe::Seconds(place.verdict()->finished.wall.time_since_epoch()) >
               since - kNewsSlackSeconds;
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

// None: no target has an id like this.
std::optional<TargetId> ParseId(std::string_view text) {
  TargetId id = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), id, 16);
  if (text.size() != 16 || error != std::errc() ||
      end != text.data() + text.size()) {
    return std::nullopt;
  }
  return id;
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
  return config.permits_more() ? "listed" : "configured";
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
  // Those whose names are looked up for the first time are not listed yet.
  const auto total =
      page_.series().size() -
      static_cast<std::size_t>(std::ranges::count(page_.series(), nullptr));
  return Streamed(
      ListTargets(
          page_.shared_series(), store_, now,
          {.head = "{\"as_of\":" + UnixText(now) +
                   ",\"total\":" + std::to_string(total) + ",\"targets\":[",
           .tail = "]}",
           .wants =
               [name = std::string(request.Argument("target")),
                module = std::string(request.Argument("module"))](
                   const probe::Target& target) {
                 return (name.empty() || target.name == name) &&
                        (module.empty() || target.module == module);
               },
           .item = [since](const metrics::TargetRow& row) -> std::string {
             if (since && !HasNews(row, *since)) return "";
             return SummaryJson(row);
           }}),
      WantsGzip(request));
}

http::Response Api::AnswerTarget(const http::Request& request,
                                 std::string_view text) const {
  const auto id = ParseId(text);
  auto found = id ? page_.Find(*id) : nullptr;
  if (found == nullptr) return Error(404, "there is no such target");
  return Streamed(TellTarget(std::move(found), store_,
                             probe::net::NowOnBothClocks(), Kept::kWatched),
                  WantsGzip(request));
}

http::Response Api::AnswerSd(const http::Request& request) const {
  return Streamed(
      ListTargets(page_.shared_series(), store_, probe::net::NowOnBothClocks(),
                  {.head = "[",
                   .tail = "]",
                   .wants = [](const probe::Target&) { return true; },
                   .item =
                       [](const metrics::TargetRow& row) {
                         return SdGroup(row.target());
                       }}),
      WantsGzip(request));
}

void Api::AnswerProbe(const http::Request& request, http::Respond respond) {
  AskFor(
      on_demand_, request, probe::Duration(0),
      [&store = store_, gzip = WantsGzip(request)](
          std::expected<Report, OnDemand::Refusal> outcome) {
        if (!outcome) {
          http::Response response =
              Error(outcome.error().status, outcome.error().sentence);
          http::AddRetryAfter(outcome.error().retry_after, response);
          return response;
        }
        return Streamed(
            TellTarget(outcome->series->front(),
                       outcome->own_states ? *outcome->own_states : store,
                       outcome->at, Kept::kAskedOnce),
            gzip);
      },
      std::move(respond));
}

void Api::Answer(const http::Request& request, http::Respond respond) {
  if (!http::Reads(request)) return respond(NotRead());
  if (!request.path.starts_with(kPrefix)) return respond(NoSuchPath());
  const std::string_view path =
      std::string_view(request.path).substr(kPrefix.size());
  constexpr std::string_view kOne = "targets/";
  if (path == "probe") return AnswerProbe(request, std::move(respond));
  if (path == "status") return respond(AnswerStatus());
  if (path == "targets") return respond(AnswerTargets(request));
  if (path == "sd") return respond(AnswerSd(request));
  if (path.starts_with(kOne)) {
    return respond(AnswerTarget(request, path.substr(kOne.size())));
  }
  // openapi.yaml.
  auto asset = AssetPage(request);
  respond(asset ? std::move(*asset) : NoSuchPath());
}

}  // namespace exporter::api
