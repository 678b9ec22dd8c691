#include "exporter/on_demand.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/config/problems.h"
#include "exporter/door.h"
#include "probe/net/timer.h"

namespace exporter {
namespace {

// RFC 1035 2.3.4 allows 253, and a port follows; far beyond that is no name.
constexpr std::size_t kMaxTargetBytes = 512;

OnDemand::Refusal BadInput(std::string sentence) {
  return {.status = 400, .sentence = std::move(sentence), .retry_after = {}};
}

// The same words whatever it was that was not permitted: neither the name nor
// its addresses nor what listens there is any business of whoever asks.
OnDemand::Refusal Forbidden() {
  return {.status = 403,
          .sentence = "this target is not permitted",
          .retry_after = {}};
}

// What could end up in an SMTP command, a header or a log line.
bool IsPlain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > ' ' && byte != 0x7F && c != '@' && c != '/';
  });
}

std::string KeyName(const std::string& key) {
  if (key == "host" || key == "domain" || key.empty()) return "target";
  if (key == "tls.server_name") return "hostname";
  return key;
}

std::string Joined(const std::vector<std::string>& messages) {
  std::string all;
  for (const std::string& message : messages) {
    all += (all.empty() ? "" : "; ") + message;
  }
  return all;
}

}  // namespace

void OnDemand::Configure(const OnDemandConfig& config,
                         std::shared_ptr<const GroupReader> reader) {
  if (!bucket_ || config.rate != config_.rate) {
    const auto rate = static_cast<double>(config.rate);
    bucket_.emplace(rate, rate * kBurstSeconds);
  }
  config_ = config;
  reader_ = std::move(reader);
}

std::expected<OnDemand::Chosen, OnDemand::Refusal> OnDemand::Choose(
    const Question& question) {
  if (question.target.empty()) {
    return std::unexpected(BadInput("Target parameter is missing"));
  }
  if (question.target.size() > kMaxTargetBytes || !IsPlain(question.target)) {
    return std::unexpected(
        BadInput("target: is neither a host name nor an address"));
  }
  if (question.hostname.size() > kMaxTargetBytes ||
      !IsPlain(question.hostname)) {
    return std::unexpected(BadInput("hostname: is no host name"));
  }
  NamedTarget named{.text = question.target,
                    .is_domain = question.is_domain.value_or(false),
                    .settings = {}};
  if (!question.module.empty()) {
    const std::vector<std::string> known = reader_->ModuleNames();
    if (std::ranges::count(known, question.module) == 0) {
      self_.UnknownModule();
      return std::unexpected(
          BadInput("Unknown module " + config::Quoted(question.module)));
    }
    named.settings.emplace_back("module", question.module);
  }
  if (!question.hostname.empty()) {
    named.settings.emplace_back("tls.server_name", question.hostname);
  }
  auto read = reader_->ReadOne(named, &KeyName);
  if (!read) return std::unexpected(BadInput(Joined(read.error().messages)));
  Chosen chosen{.target = std::move(*read), .scheduled = {}};

  for (const std::size_t slot : watcher_.FindNamed(chosen.target->name)) {
    if (slot >= page_.series().size() || page_.series()[slot] == nullptr) {
      continue;
    }
    const auto& series = page_.series()[slot];
    const probe::Target& target = series->target();
    if (question.is_domain && *question.is_domain != target.is_domain) continue;
    chosen.configured = true;
    const bool same_module =
        question.module.empty() || question.module == target.module;
    if (same_module && question.hostname.empty()) {
      chosen.target = series->expansion->target;
      chosen.scheduled = series;
      break;
    }
  }
  return chosen;
}

std::optional<Report> OnDemand::FromSchedule(const Chosen& chosen,
                                             probe::Duration max_age) const {
  if (chosen.scheduled == nullptr || chosen.scheduled->series.empty()) {
    return std::nullopt;
  }
  const probe::Moment now = probe::net::NowOnBothClocks();
  for (const metrics::Series& series : chosen.scheduled->series) {
    const ResultStore::State state = store_.Find(series.endpoint);
    if (state == nullptr || !state->verdict ||
        now.steady - state->verdict->finished.steady > max_age) {
      return std::nullopt;
    }
  }
  auto list = std::make_shared<metrics::SeriesList>();
  list->push_back(std::make_shared<const metrics::TargetSeries>(
      chosen.scheduled->expansion, chosen.scheduled.get(),
      metrics::Asked::kOnDemand));
  return Report{.series = std::move(list), .own_states = {}, .at = now};
}

std::optional<OnDemand::Refusal> OnDemand::Limit() {
  if (watcher_.inquiry_count() >= config_.concurrency) {
    self_.OnDemandRefused("concurrency");
    return Refusal{.status = 503,
                   .sentence = "too many tests are running",
                   .retry_after = kRetryAfterBusy};
  }
  if (!bucket_->Take(probe::net::Now())) {
    self_.OnDemandRefused("rate");
    return Refusal{.status = 429,
                   .sentence = "too many tests are asked for",
                   .retry_after = kRetryAfterRate};
  }
  return std::nullopt;
}

std::optional<Watcher::InquiryNumber> OnDemand::Ask(const Question& question,
                                                    Done done) {
  auto chosen = Choose(question);
  if (!chosen) {
    done(std::unexpected(std::move(chosen.error())));
    return std::nullopt;
  }
  const auto door = std::make_shared<const Door>(config_);
  if (!chosen->configured && !door->MayEnter(*chosen->target)) {
    self_.OnDemandRefused("forbidden");
    done(std::unexpected(Forbidden()));
    return std::nullopt;
  }
  if (question.max_age) {
    if (auto report = FromSchedule(*chosen, *question.max_age)) {
      done(std::move(*report));
      return std::nullopt;
    }
  }
  if (auto refusal = Limit()) {
    done(std::unexpected(std::move(*refusal)));
    return std::nullopt;
  }
  self_.OnDemandProbe();
  const probe::Duration total = chosen->target->conversation->timeouts.total;
  const probe::Duration limit =
      question.limit ? std::min(*question.limit, total) : total;
  probe::Inquiry::Question inquiry{.target = chosen->target, .limit = limit};
  if (!chosen->configured) {
    inquiry.permits = [door, target = chosen->target](const auto& place) {
      return door->Permits(*target, place.endpoint->address);
    };
  }
  return watcher_.Inquire(
      std::move(inquiry),
      [this, limit, done = std::move(done)](probe::Inquiry::Answer answer) {
        if (answer.refused > 0 && answer.results.empty()) {
          self_.OnDemandRefused("forbidden");
          return done(std::unexpected(Forbidden()));
        }
        done(MakeReport(answer, limit));
      });
}

}  // namespace exporter
