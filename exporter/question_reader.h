// From a request's arguments to the question that it puts.
#ifndef EXPORTER_QUESTION_READER_H_
#define EXPORTER_QUESTION_READER_H_

#include <expected>
#include <functional>

#include "exporter/http/server.h"
#include "exporter/on_demand.h"
#include "probe/clock.h"

namespace exporter {

// `target`, `module`, `hostname`, `kind` (host or domain), `max_age` (a
// duration, as in the configuration), each at most once, and Prometheus' header
// X-Prometheus-Scrape-Timeout-Seconds less `timeout_offset`, where that leaves
// something.
std::expected<OnDemand::Question, OnDemand::Refusal> ReadQuestion(
    const http::Request& request, probe::Duration timeout_offset);

// Asks, answers when there is something to say, and gives up when the client
// has gone. `answer` makes the response of an outcome.
using AnswerOutcome =
    std::function<http::Response(std::expected<Report, OnDemand::Refusal>)>;
void AskFor(OnDemand& on_demand, const http::Request& request,
            probe::Duration timeout_offset, AnswerOutcome answer,
            http::Respond respond);

}  // namespace exporter

#endif  // EXPORTER_QUESTION_READER_H_
