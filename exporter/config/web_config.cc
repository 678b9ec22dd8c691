#include "exporter/config/web_config.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "exporter/bcrypt_hash.h"
#include "exporter/config/document.h"
#include "exporter/config/field.h"
#include "exporter/config/map_reader.h"
#include "exporter/config/problems.h"
#include "exporter/config/suggestion.h"
#include "exporter/config/text_file.h"
#include "exporter/config/web_tls_reader.h"

namespace exporter {
namespace {

using config::Field;
using config::MapReader;
using config::Quoted;
using config::Value;

// A check at this cost takes a second, and everybody else's waits for it.
constexpr int kMaxUsefulCost = 14;

constexpr std::string_view kHeaders[] = {
    "Strict-Transport-Security", "X-Content-Type-Options",  "X-Frame-Options",
    "X-XSS-Protection",          "Content-Security-Policy",
};

// Why `name` cannot have `value`; "" when it can.
std::string HeaderProblem(std::string_view name, std::string_view value) {
  const auto is_control = [](char c) {
    return (c >= '\0' && c < ' ') || c == '\x7f';
  };
  if (std::any_of(value.begin(), value.end(), is_control)) {
    return "holds a control character";
  }
  if (name == "X-Content-Type-Options" && value != "nosniff") {
    return "must be nosniff, not " + Quoted(value);
  }
  if (name == "X-Frame-Options" && value != "deny" && value != "sameorigin") {
    return "must be deny or sameorigin, not " + Quoted(value);
  }
  return "";
}

void ReadHeaders(const Field& block, WebConfig& config) {
  const MapReader map(block);
  const std::vector<std::string_view> known(std::begin(kHeaders),
                                            std::end(kHeaders));
  for (const config::Member& member : map.members()) {
    const Field field(block, member.key, *member.value);
    if (std::find(known.begin(), known.end(), member.key) == known.end()) {
      block.Complain(member.place, "header " + Quoted(member.key) +
                                       " cannot be configured" +
                                       config::Suggestion(member.key, known));
      continue;
    }
    std::string value;
    if (field.value().kind != Value::Kind::kNull) ReadText(field, value);
    const std::string problem = HeaderProblem(member.key, value);
    if (!problem.empty()) field.Complain(problem);
    config.headers.emplace_back(member.key, value);
  }
}

void ReadHttp(const Field& block, WebConfig& config) {
  MapReader map(block);
  if (const auto flag = map.TakeSet("http2")) {
    config.wants_http2 = config::ReadYaml11Flag(*flag).value_or(false);
  }
  if (const auto headers = map.TakeSet("headers")) {
    ReadHeaders(*headers, config);
  }
  map.Finish();
}

// Says nothing of the hash: it is a secret.
void ReadUsers(const Field& block, WebConfig& config) {
  const MapReader map(block);
  for (const config::Member& member : map.members()) {
    const Field field(block, member.key, *member.value);
    const Value& hash = field.value();
    if (!hash.IsText() || !IsBcryptHash(hash.text)) {
      field.Complain(
          "is not a bcrypt hash, such as htpasswd -nBC 10 makes: $2y$10$ and "
          "53 characters");
      continue;
    }
    const int cost = std::stoi(hash.text.substr(4, 2));
    if (cost > kMaxUsefulCost) {
      field.Warn("has cost " + std::to_string(cost) +
                 ": each check takes seconds, and others wait");
    }
    config.users.emplace(member.key, hash.text);
  }
}

// As Go writes it: "1s", "1m30s", "1.5s", "200ms"; none for anything else and
// for more than a year.
std::optional<std::chrono::nanoseconds> ParseGoDuration(std::string_view text) {
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"ns", 1},   {"us", 1e3}, {"\xc2\xb5s", 1e3}, {"\xce\xbcs", 1e3},
      {"ms", 1e6}, {"s", 1e9},  {"m", 60e9},        {"h", 3600e9}};
  constexpr double kMost = 365 * 24 * 3600e9;
  if (text == "0") return std::chrono::nanoseconds(0);
  double sum = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const std::size_t digits =
        std::min(text.find_first_not_of("0123456789."), text.size());
    double number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + digits, number);
    if (error != std::errc() || end != text.data() + digits) {
      return std::nullopt;
    }
    text.remove_prefix(digits);
    const std::string_view unit =
        text.substr(0, text.find_first_of("0123456789."));
    const auto known =
        std::find_if(std::begin(kUnits), std::end(kUnits),
                     [&](const auto& one) { return one.first == unit; });
    if (known == std::end(kUnits)) return std::nullopt;
    sum += number * known->second;
    if (sum > kMost) return std::nullopt;
    text.remove_prefix(unit.size());
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(sum));
}

void ReadRateLimit(const Field& block, WebConfig& config) {
  MapReader map(block);
  WebRateLimit limit;
  const auto interval = map.TakeSet("interval");
  const auto burst = map.TakeSet("burst");
  map.Finish();
  if (burst) {
    const auto number = ReadNumber(*burst, 0, 1'000'000'000);
    limit.burst = static_cast<std::uint32_t>(number.value_or(1));
  }
  if (!interval) return;
  if (!interval->value().IsText()) return interval->ComplainKind("a duration");
  const auto parsed = ParseGoDuration(interval->value().text);
  if (!parsed) {
    return interval->Complain(Quoted(interval->value().text) +
                              " is not a duration, write it like 100ms or 1s");
  }
  if (parsed->count() == 0) return;
  if (limit.burst == 0) {
    return block.Complain("needs a burst above 0: all requests are refused");
  }
  limit.interval = *parsed;
  config.rate_limit = limit;
}

WebConfig ReadWebConfig(const Field& root, const std::string& folder) {
  WebConfig config;
  MapReader map(root);
  if (const auto block = map.TakeSet("tls_server_config")) {
    config::ReadWebTls(*block, folder, config);
  }
  if (const auto block = map.TakeSet("http_server_config")) {
    ReadHttp(*block, config);
  }
  if (const auto block = map.TakeSet("basic_auth_users")) {
    ReadUsers(*block, config);
  }
  if (const auto block = map.TakeSet("rate_limit")) {
    ReadRateLimit(*block, config);
  }
  map.Finish();
  return config;
}

}  // namespace

std::expected<WebConfig, ConfigError> LoadWebConfig(const std::string& path) {
  const auto text = config::ReadTextFile(path, kMaxWebConfigBytes);
  if (!text) {
    return std::unexpected(ConfigError{{path + ": " + text.error()}});
  }
  return ParseWebConfig(*text, path);
}

std::expected<WebConfig, ConfigError> ParseWebConfig(std::string_view text,
                                                     const std::string& name) {
  config::Problems problems(name);
  const auto document = config::Document::Parse(text);
  if (!document) {
    problems.Add(document.error().place, "", document.error().sentence);
    return std::unexpected(ConfigError{problems.Messages()});
  }
  static const Value nothing;
  const Value* const root = document->root();
  WebConfig config =
      ReadWebConfig(Field(root != nullptr ? *root : nothing, problems),
                    std::filesystem::path(name).parent_path().string());
  if (problems.count() > 0) {
    return std::unexpected(ConfigError{problems.Messages()});
  }
  config.warnings = problems.Warnings();
  return config;
}

}  // namespace exporter
