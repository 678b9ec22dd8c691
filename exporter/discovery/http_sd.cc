#include "exporter/discovery/http_sd.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "exporter/build_info.h"
#include "exporter/discovery/secret_file.h"

namespace exporter::discovery {
namespace {

constexpr long kOk = 200;

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Of what a server says in the place of a content type the log shows so much.
constexpr std::size_t kMaxShownType = 100;

// Takes `word`, in whatever case, from the beginning of `text`.
bool Take(std::string_view word, std::string_view* text) {
  if (text->size() < word.size() ||
      !std::equal(word.begin(), word.end(), text->begin(),
                  [](char a, char b) { return a == Lower(b); })) {
    return false;
  }
  text->remove_prefix(word.size());
  return true;
}

// "60", "0.5".
std::string SecondsText(probe::Duration duration) {
  std::array<char, 64> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(),
                    probe::Seconds(duration), std::chars_format::fixed);
  return {text.data(), end.ptr};
}

}  // namespace

// ^(?i:application/json(;\s*charset=("utf-8"|utf-8))?)$
bool IsJson(std::string_view content_type) {
  std::string_view rest = content_type;
  if (!Take("application/json", &rest)) return false;
  if (rest.empty()) return true;
  if (!Take(";", &rest)) return false;
  rest.remove_prefix(
      std::min(rest.find_first_not_of(" \t\n\f\r"), rest.size()));
  if (!Take("charset=", &rest)) return false;
  return (Take("utf-8", &rest) || Take("\"utf-8\"", &rest)) && rest.empty();
}

struct HttpSd::Round {
  // For the pool.
  std::shared_ptr<const GroupReader> reader;
  std::string url;
  std::string secret_file;
  std::expected<std::string, std::string> secret;
  std::string body;
  SharedList old;
  ListOutcome outcome = std::unexpected(ConfigError{{"out of memory"}});
  std::shared_ptr<const std::atomic<bool>> cancelled;
};

HttpSd::HttpSd(uv_loop_t* loop, HttpFetcher* fetcher, Notices* notices,
               Pool* pool, HttpSdConfig config,
               std::shared_ptr<const GroupReader> reader)
    : fetcher_(fetcher),
      notices_(notices),
      pool_(pool),
      config_(std::move(config)),
      reader_(std::move(reader)),
      source_(config_.url, notices, pool),
      timer_(loop, [this] { BeginRound(); }) {
  BeginRound();
}

HttpSd::~HttpSd() { *cancel_ = true; }

void HttpSd::Configure(HttpSdConfig config,
                       std::shared_ptr<const GroupReader> reader) {
  *cancel_ = true;
  fetch_ = nullptr;
  config_ = std::move(config);
  reader_ = std::move(reader);
  BeginRound();
}

void HttpSd::BeginRound() {
  begun_ = probe::net::Now();
  timer_.Stop();
  cancel_ = std::make_shared<std::atomic<bool>>(false);
  auto round = std::make_shared<Round>();
  round->reader = reader_;
  round->url = config_.url;
  round->cancelled = cancel_;
  if (config_.basic_auth)
    round->secret_file = config_.basic_auth->password_file;
  if (config_.authorization) {
    round->secret_file = config_.authorization->credentials_file;
  }
  if (round->secret_file.empty()) return Fetch(round);
  round->secret = std::unexpected("out of memory");
  pool_->Add([round] { round->secret = ReadSecret(round->secret_file); },
             [this, round] {
               if (!*round->cancelled) Fetch(round);
             });
}

void HttpSd::Fetch(const std::shared_ptr<Round>& round) {
  if (!round->secret) return EndRound(Fail(round->secret.error()));
  HttpRequest request{
      .url = config_.url,
      .headers = {"Accept: application/json",
                  "User-Agent: smtp_prober/" +
                      std::string(GetBuildInfo().version),
                  "X-Prometheus-Refresh-Interval-Seconds: " +
                      SecondsText(config_.refresh_interval)},
      .basic_auth = std::nullopt,
      .ca_file = config_.ca_file,
      .timeout = std::min(config_.refresh_interval, kMaxFetchTime)};
  if (config_.basic_auth) {
    request.basic_auth = {.username = config_.basic_auth->username,
                          .password = *round->secret};
  }
  if (config_.authorization) {
    request.headers.push_back("Authorization: " + config_.authorization->type +
                              " " + *round->secret);
  }
  fetch_ = fetcher_->Start(
      request, [this, round](std::expected<HttpAnswer, std::string> answer) {
        fetch_ = nullptr;
        OnAnswer(round, std::move(answer));
      });
  if (fetch_ == nullptr) EndRound(Fail("out of memory"));
}

void HttpSd::OnAnswer(const std::shared_ptr<Round>& round,
                      std::expected<HttpAnswer, std::string> answer) {
  if (!answer) return EndRound(Fail(answer.error()));
  if (answer->status != kOk) {
    return EndRound(
        Fail("the server answered status " + std::to_string(answer->status)));
  }
  if (!IsJson(answer->content_type)) {
    return EndRound(Fail("the answer's Content-Type is \"" +
                         answer->content_type.substr(0, kMaxShownType) +
                         "\" and not application/json"));
  }
  round->body = std::move(answer->body);
  round->old = source_.list();
  pool_->Add(
      [round] {
        if (*round->cancelled) return;
        round->outcome = ReadList(*round->reader, round->body, round->url,
                                  GroupFormat::kJson, round->old);
      },
      [this, round = std::shared_ptr<Round>(round), pool = pool_]() mutable {
        if (!*round->cancelled) EndRound(std::move(round->outcome));
        // The last reference to an old list may be in here.
        pool->Release(std::move(round));
      });
}

void HttpSd::EndRound(ListOutcome outcome) {
  if (!source_.read_once()) notices_->Changed();
  source_.Take(std::move(outcome));
  timer_.At(begun_ + config_.refresh_interval);
}

ListOutcome HttpSd::Fail(const std::string& message) const {
  return std::unexpected(ConfigError{{config_.url + ": " + message}});
}

}  // namespace exporter::discovery
