#include "exporter/on_demand.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/config/problems.h"
#include "probe/expand.h"
#include "probe/net/timer.h"

namespace exporter {
namespace {

// RFC 1035 2.3.4 allows 253, and a port follows; far beyond that is no name.
constexpr std::size_t kMaxTargetBytes = 512;

OnDemand::Refusal BadInput(std::string sentence) {
  return {.status = 400, .sentence = std::move(sentence)};
}

// The same words whatever it was that was not permitted: neither the name nor
// its addresses nor what listens there is any business of whoever asks.
OnDemand::Refusal Forbidden() {
  return {.status = 403, .sentence = "this target is not permitted"};
}

// Nothing was learned about the servers, so there is no verdict on them.
OnDemand::Refusal NotTested(std::string why) {
  return {.status = 503,
          .sentence = "not tested: " + std::move(why),
          .retry_after = kRetryAfterBusy};
}

// How many places failed for this reason.
std::size_t CountOf(const probe::Inquiry::Answer& answer,
                    probe::Reason reason) {
  return static_cast<std::size_t>(
      std::ranges::count_if(answer.results, [reason](const auto& result) {
        return result->failure && result->failure->reason == reason;
      }));
}

std::shared_ptr<const probe::Conversation> Renamed(
    const probe::Conversation& conversation, const std::string& server_name) {
  auto renamed = std::make_shared<probe::Conversation>(conversation);
  renamed->tls.server_name = server_name;
  return renamed;
}

// The target, as a server of another name.
std::shared_ptr<probe::Target> Renamed(const probe::Target& target,
                                       const std::string& server_name) {
  auto renamed = std::make_shared<probe::Target>(target);
  renamed->conversation = Renamed(*target.conversation, server_name);
  for (auto& further : renamed->certificate_conversations) {
    further = Renamed(*further, server_name);
  }
  return renamed;
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

bool LeadsSomewhere(const probe::Expansion& expansion) {
  return std::ranges::any_of(expansion.places, [](const probe::Place& place) {
    return place.endpoint->address.has_value();
  });
}

// The name under which a target would be configured by whoever writes names as
// DNS has them.
std::string PlainName(const probe::Target& target) {
  return target.literal
             ? target.literal->WithPort(target.port)
             : probe::ServerName(target) + ':' + std::to_string(target.port);
}

}  // namespace

void OnDemand::Configure(const OnDemandConfig& config,
                         std::shared_ptr<const GroupReader> reader) {
  if (!bucket_ || config.rate != config_.rate) {
    const auto rate = static_cast<double>(config.rate);
    bucket_.emplace(rate, rate * kBurstSeconds);
  }
  config_ = config;
  door_ = std::make_shared<const Door>(config);
  reader_ = std::move(reader);
}

std::optional<OnDemand::Refusal> OnDemand::Check(const Question& question) {
  if (question.target.empty()) return BadInput("Target parameter is missing");
  if (question.target.size() > kMaxTargetBytes || !IsPlain(question.target)) {
    return BadInput("target: is neither a host name nor an address");
  }
  if (question.hostname.size() > kMaxTargetBytes ||
      !IsPlain(question.hostname)) {
    return BadInput("hostname: is no host name");
  }
  if (question.module.empty()) return std::nullopt;
  const std::vector<std::string> known = reader_->ModuleNames();
  if (std::ranges::count(known, question.module) > 0) return std::nullopt;
  self_.UnknownModule();
  return BadInput("Unknown module " + config::Quoted(question.module));
}

std::expected<std::shared_ptr<probe::Target>, OnDemand::Refusal> OnDemand::Read(
    const std::string& text, const std::string& module, bool is_domain,
    const std::string& hostname) const {
  NamedTarget named{.text = text, .is_domain = is_domain, .settings = {}};
  if (!module.empty()) named.settings.emplace_back("module", module);
  if (!hostname.empty()) {
    named.settings.emplace_back("tls.server_name", hostname);
  }
  auto read = reader_->ReadOne(named, &KeyName);
  if (!read) return std::unexpected(BadInput(Joined(read.error().messages)));
  return std::make_shared<probe::Target>(**read);
}

std::vector<probe::Directory::Named> OnDemand::Configured(
    const probe::Target& target, std::optional<bool> is_domain) const {
  auto named = watcher_.FindNamed(target.name);
  if (named.empty()) named = watcher_.FindNamed(PlainName(target));
  // A host and a domain of one name are not the same: where a domain's address
  // is was never said by whoever configured it.
  std::erase_if(named, [&](const probe::Directory::Named& one) {
    return is_domain && one.target->is_domain != *is_domain;
  });
  return named;
}

std::expected<OnDemand::Chosen, OnDemand::Refusal> OnDemand::Choose(
    const Question& question) {
  if (auto refusal = Check(question)) {
    return std::unexpected(std::move(*refusal));
  }
  const bool is_domain = question.is_domain.value_or(false);
  auto read = Read(question.target, question.module, is_domain, "");
  if (!read) return std::unexpected(std::move(read.error()));
  const auto configured = Configured(**read, question.is_domain);
  for (const auto& [slot, target] : configured) {
    const bool same_module =
        question.module.empty() || question.module == target->module;
    if (!same_module || !question.hostname.empty()) continue;
    return Chosen{.target = target,
                  .configured = true,
                  .scheduled = Scheduled(slot, *target)};
  }
  Chosen chosen;
  auto private_addresses = probe::PrivateAddresses::kProbe;  // The door's.
  if (!configured.empty()) {
    const probe::Target& like = *configured.front().target;
    const std::string& module =
        question.module.empty() ? like.module : question.module;
    // By its name, which has the port: another module may have another one.
    read = Read(like.name, module, like.is_domain, question.hostname);
    for (const auto& [slot, target] : configured) {
      if (read && target->module == module) {
        // All that was configured for it holds, but for the name.
        read = Renamed(*target, (*read)->conversation->tls.server_name);
      }
    }
    private_addresses = like.private_addresses;
    chosen.configured = true;
  } else if (!question.hostname.empty()) {
    read = Read(question.target, question.module, is_domain, question.hostname);
  }
  if (!read) return std::unexpected(std::move(read.error()));
  (*read)->private_addresses = private_addresses;
  chosen.target = std::move(*read);
  return chosen;
}

std::shared_ptr<const metrics::TargetSeries> OnDemand::Scheduled(
    std::size_t slot, const probe::Target& target) const {
  const metrics::SeriesList& shown = page_.series();
  if (slot >= shown.size() || shown[slot] == nullptr) return nullptr;
  const bool is_new = &shown[slot]->target() != &target;
  return is_new ? nullptr : shown[slot];
}

std::optional<Report> OnDemand::FromSchedule(const Chosen& chosen,
                                             probe::Duration max_age) const {
  if (chosen.scheduled == nullptr || chosen.scheduled->series.empty()) {
    return std::nullopt;
  }
  const probe::Moment now = probe::net::NowOnBothClocks();
  Report report{
      .series = {},
      .own_states = {},
      .at = now,
      .limit = chosen.target->conversation->timeouts.total,
  };
  for (const metrics::Series& series : chosen.scheduled->series) {
    const ResultStore::State state = store_.Find(series.endpoint);
    if (state == nullptr || !state->verdict ||
        now.steady - state->verdict->finished.steady > max_age) {
      return std::nullopt;
    }
    // Places are probed beside each other.
    report.took = std::max(report.took, state->verdict->duration);
    report.lookup =
        std::max(report.lookup, series.place->endpoint->resolve_duration);
  }
  auto list = std::make_shared<metrics::SeriesList>();
  list->push_back(std::make_shared<const metrics::TargetSeries>(
      chosen.scheduled->expansion, chosen.scheduled.get(),
      metrics::Asked::kOnDemand));
  report.series = std::move(list);
  return report;
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
  if (!chosen->configured && !door_->MayEnter(*chosen->target)) {
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
  // Names that are not permitted may still lead to a permitted address.
  bool must_lead_somewhere = false;
  if (!chosen->configured) {
    must_lead_somewhere = !door_->PermitsName(*chosen->target);
    inquiry.permits = [door = door_, target = chosen->target](
                          const probe::IpAddress& address) {
      return door->Permits(*target, address);
    };
  }
  return watcher_.Inquire(
      std::move(inquiry),
      [this, limit, must_lead_somewhere, chosen = std::move(*chosen),
       done = std::move(done)](const probe::Inquiry::Answer& answer) {
        if (must_lead_somewhere && !LeadsSomewhere(*answer.expansion)) {
          self_.OnDemandRefused("forbidden");
          return done(std::unexpected(Forbidden()));
        }
        if (CountOf(answer, probe::Reason::kShutdown) > 0) {
          return done(std::unexpected(NotTested("this program is stopping")));
        }
        const std::size_t untested = CountOf(answer, probe::Reason::kBackoff);
        if (untested > 0 && untested == answer.results.size()) {
          // The schedule knows what the server said when it was asked last.
          if (auto report = FromSchedule(chosen, probe::Duration::max())) {
            return done(std::move(*report));
          }
          return done(std::unexpected(
              NotTested(answer.results.front()->failure->detail)));
        }
        done(MakeReport(answer, limit));
      });
}

}  // namespace exporter
