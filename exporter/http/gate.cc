#include "exporter/http/gate.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "exporter/http/answers.h"
#include "exporter/http/basic_auth.h"
#include "probe/net/timer.h"

namespace exporter::http {
namespace {

Response Unauthorized() {
  Response response = Text(401, "Unauthorized\n");
  response.headers.emplace_back("WWW-Authenticate", "Basic");
  return response;
}

Response Busy() {
  Response response = Text(503, "Too many passwords are being checked.\n");
  AddRetryAfter(std::chrono::seconds(1), response);
  return response;
}

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return lower(x) == lower(y);
  });
}

// With the configured headers, where the page does not say the same itself.
Respond WithHeaders(const WebConfig& config, Respond respond) {
  if (config.headers.empty()) return respond;
  return [headers = config.headers,
          respond = std::move(respond)](Response response) {
    for (const auto& field : headers) {
      const bool is_there = std::any_of(
          response.headers.begin(), response.headers.end(),
          [&](const auto& own) { return SameName(own.first, field.first); });
      if (!is_there) response.headers.push_back(field);
    }
    respond(std::move(response));
  };
}

// What an unknown user's password is compared with, so that the time does not
// tell who is known: nothing, at the cost of those who are.
std::string HashOfNobody(const WebConfig& config) {
  constexpr std::size_t kDigits = 53;
  return config.users.begin()->second.substr(0, 7) + std::string(kDigits, '.');
}

}  // namespace

Gate::Gate(uv_loop_t* loop, CurrentWebConfig current, Handler next)
    : current_(std::move(current)), next_(std::move(next)), checker_(loop) {}

void Gate::Answer(const Request& request, Respond respond) {
  const std::shared_ptr<const WebConfig> config = current_();
  if (config == nullptr) {
    return respond(Text(500, "Internal Server Error\n"));
  }
  if (!IsWithinRate(*config)) {
    return respond(Text(429, "Too Many Requests\n"));
  }
  respond = WithHeaders(*config, std::move(respond));
  if (config->users.empty()) return next_(request, std::move(respond));
  Authenticate(*config, request, std::move(respond));
}

bool Gate::IsWithinRate(const WebConfig& config) {
  if (config.rate_limit != rate_limit_) {
    rate_limit_ = config.rate_limit;
    bucket_.reset();
    if (rate_limit_) {
      bucket_.emplace(1e9 / static_cast<double>(rate_limit_->interval.count()),
                      rate_limit_->burst);
    }
  }
  if (!bucket_) return true;
  return bucket_->Take(probe::net::Now());
}

void Gate::Authenticate(const WebConfig& config, const Request& request,
                        Respond respond) {
  auto credentials = ReadBasicAuth(request.Header("authorization"));
  if (!credentials || !FitsBcrypt(credentials->password)) {
    return respond(Unauthorized());
  }
  const auto user = config.users.find(credentials->user);
  const bool is_known = user != config.users.end();
  std::string hash = is_known ? user->second : HashOfNobody(config);
  const std::string key =
      cache_.Key(credentials->user, hash, credentials->password);
  if (const std::optional<bool> is_right = cache_.Find(key)) {
    if (*is_right && is_known) return next_(request, std::move(respond));
    return respond(Unauthorized());
  }
  CheckPassword(request, std::move(respond), std::move(credentials->password),
                std::move(hash), is_known, key);
}

void Gate::CheckPassword(const Request& request, Respond respond,
                         std::string password, std::string hash, bool is_known,
                         const std::string& key) {
  auto is_gone = std::make_shared<bool>(false);
  request.when_gone([is_gone] { *is_gone = true; });
  const bool is_asked =
      checker_.Ask({.client = request.client,
                    .password = std::move(password),
                    .hash = std::move(hash),
                    .is_wanted = [is_gone] { return !*is_gone; },
                    .answer =
                        [this, key, is_known, request, respond](bool matches) {
                          const bool is_right = is_known && matches;
                          cache_.Put(key, is_right);
                          if (!is_right) return respond(Unauthorized());
                          next_(request, respond);
                        }});
  if (!is_asked) respond(Busy());
}

}  // namespace exporter::http
