#include "exporter/question_reader.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "exporter/config/duration.h"

namespace exporter {
namespace {

constexpr std::string_view kTimeoutHeader =
    "x-prometheus-scrape-timeout-seconds";
// Prometheus' scrape_timeout is at most its scrape_interval; a day is plenty.
constexpr double kMaxTimeoutSeconds = 24 * 60 * 60;

// Those that a question may have. Of two values a proxy in front of us may have
// judged the other one.
constexpr std::string_view kArguments[] = {"target", "module",  "hostname",
                                           "kind",   "max_age", "debug"};

std::unexpected<OnDemand::Refusal> BadInput(std::string sentence) {
  return std::unexpected(
      OnDemand::Refusal{.status = 400, .sentence = std::move(sentence)});
}

// The argument of a question that is there several times; "": none.
std::string_view Repeated(const http::Request& request) {
  for (const std::string_view name : kArguments) {
    if (std::ranges::count(request.arguments, name,
                           [](const auto& field) -> std::string_view {
                             return field.first;
                           }) > 1) {
      return name;
    }
  }
  return {};
}

// None: what cannot be a number of seconds.
std::optional<probe::Duration> ParseSeconds(std::string_view text) {
  double seconds = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() ||
      !std::isfinite(seconds) || seconds < 0 || seconds > kMaxTimeoutSeconds) {
    return std::nullopt;
  }
  return std::chrono::duration_cast<probe::Duration>(
      std::chrono::duration<double>(seconds));
}

}  // namespace

std::expected<OnDemand::Question, OnDemand::Refusal> ReadQuestion(
    const http::Request& request, probe::Duration timeout_offset) {
  if (const auto name = Repeated(request); !name.empty()) {
    return BadInput(std::string(name) + ": is given twice");
  }
  OnDemand::Question question{
      .target = std::string(request.Argument("target")),
      .module = std::string(request.Argument("module")),
      .hostname = std::string(request.Argument("hostname")),
  };
  if (const auto kind = request.Argument("kind"); !kind.empty()) {
    if (kind != "host" && kind != "domain") {
      return BadInput("kind: must be host or domain");
    }
    question.is_domain = kind == "domain";
  }
  if (const auto age = request.Argument("max_age"); !age.empty()) {
    question.max_age = config::ParseDuration(age);
    if (!question.max_age) {
      return BadInput("max_age: must be a duration such as 30s");
    }
  }
  if (const auto header = request.Header(kTimeoutHeader); !header.empty()) {
    const auto seconds = ParseSeconds(header);
    if (!seconds) {
      return BadInput(
          "X-Prometheus-Scrape-Timeout-Seconds: is no number of seconds");
    }
    // What does not leave anything is no limit, as blackbox_exporter has it.
    if (*seconds > timeout_offset) question.limit = *seconds - timeout_offset;
  }
  return question;
}

void AskFor(OnDemand& on_demand, const http::Request& request,
            probe::Duration timeout_offset, AnswerOutcome answer,
            http::Respond respond) {
  auto question = ReadQuestion(request, timeout_offset);
  if (!question) {
    return respond(answer(std::unexpected(std::move(question.error()))));
  }
  const auto number = on_demand.Ask(
      *question, [answer = std::move(answer), respond = std::move(respond)](
                     std::expected<Report, OnDemand::Refusal> outcome) {
        respond(answer(std::move(outcome)));
      });
  if (!number) return;
  request.when_gone(
      [&on_demand, number = *number] { on_demand.GiveUp(number); });
}

}  // namespace exporter
