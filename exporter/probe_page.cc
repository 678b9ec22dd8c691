#include "exporter/probe_page.h"

#include <cstdio>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "exporter/config/target_text.h"
#include "exporter/http/answers.h"
#include "exporter/kept_transcript.h"
#include "exporter/metrics/exposition.h"
#include "exporter/metrics/families.h"
#include "exporter/metrics/probe_families.h"
#include "exporter/metrics/row.h"
#include "exporter/question_reader.h"

namespace exporter {
namespace {

// All of it: a test is one target, with at most some tens of places.
std::string Exposition(const Report& report, const ResultStore& store,
                       metrics::Format format) {
  metrics::ExpositionWriter writer(format);
  const ResultStore& states = report.own_states ? *report.own_states : store;
  metrics::WriteProbeFamilies(
      metrics::TakeEntries(report.target(), states),
      {.limit = report.limit, .lookup = report.lookup, .took = report.took},
      report.at, writer);
  metrics::TargetFamilies families(report.series, states, report.at);
  while (families.Next(writer)) {
  }
  writer.Finish();
  return writer.Take();
}

std::string_view Arrow(probe::TranscriptLine::Speaker speaker) {
  using enum probe::TranscriptLine::Speaker;
  return speaker == kClient ? "> " : speaker == kServer ? "< " : "- ";
}

// What was said at each place.
std::string LogText(const Report& report, const ResultStore& store) {
  std::string text;
  const ResultStore& states = report.own_states ? *report.own_states : store;
  for (const auto& entry : metrics::TakeEntries(report.target(), states)) {
    if (entry.state == nullptr) continue;
    const metrics::Row row(entry, report.at);
    const probe::Endpoint& endpoint = *row.place().endpoint;
    text +=
        (endpoint.address ? endpoint.ServerKey() : endpoint.server_name) + '\n';
    if (const KeptTranscript* const said = entry.state->LatestTranscript()) {
      for (const KeptTranscript::Line& line : said->Lines()) {
        char at[32];
        std::snprintf(at, sizeof(at), "%9.3f ", probe::Seconds(line.at));
        text.append(at).append(Arrow(line.speaker)).append(line.text) += '\n';
      }
    }
    if (row.verdict() == nullptr) continue;
    if (const probe::Failure* const failure = row.failure()) {
      text.append("failed in ").append(Name(failure->phase)).append(": ");
      text.append(Name(failure->reason)).append(" ").append(failure->detail);
    } else {
      text += "succeeded";
    }
    text += "\n\n";
  }
  return text;
}

// For people.
http::Response Debug(const Report& report, const ResultStore& store) {
  http::Response response = http::Text(200, "Logs for the probe:\n");
  response.body += LogText(report, store);
  response.body += "\n\nMetrics that would have been returned:\n";
  response.body += Exposition(report, store, metrics::Format::kText);
  response.body += "\n\nModule configuration:\n";
  response.body += TargetText(report.target().target());
  return response;
}

http::Response Refused(const OnDemand::Refusal& refusal) {
  http::Response response = http::Text(refusal.status, refusal.sentence + '\n');
  http::AddRetryAfter(refusal.retry_after, response);
  return response;
}

// What the client wants.
struct Form {
  bool debug = false;
  metrics::Negotiated negotiated;
  bool gzip = false;
};

http::Response Success(const Report& report, const ResultStore& store,
                       const Form& form) {
  if (form.debug) return Debug(report, store);
  http::Response response;
  response.headers = {{"Content-Type", form.negotiated.content_type},
                      {"Vary", "Accept, Accept-Encoding"},
                      {"X-Content-Type-Options", "nosniff"}};
  std::string text = Exposition(report, store, form.negotiated.format);
  if (form.gzip) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.source = http::GzipText(std::move(text));
  } else {
    response.body = std::move(text);
  }
  return response;
}

}  // namespace

void ProbePage::Answer(const http::Request& request, http::Respond respond) {
  const Form form{
      .debug = request.Argument("debug") == "true",
      .negotiated = metrics::NegotiateFormat(request.Header("accept")),
      .gzip = metrics::AcceptsGzip(request.Header("accept-encoding")),
  };
  AskFor(
      on_demand_, request, timeout_offset_,
      [&store = store_,
       form](std::expected<Report, OnDemand::Refusal> outcome) {
        return outcome ? Success(*outcome, store, form)
                       : Refused(outcome.error());
      },
      std::move(respond));
}

}  // namespace exporter
