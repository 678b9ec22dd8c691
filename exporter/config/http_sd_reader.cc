#include "exporter/config/http_sd_reader.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "exporter/config/host_name.h"
#include "exporter/config/map_reader.h"
#include "exporter/config/target_files.h"

namespace exporter::config {
namespace {

// What servers commonly take at most.
constexpr std::size_t kMaxUrl = 2048;
constexpr std::size_t kMaxUserName = 256;
constexpr std::size_t kMaxScheme = 64;

constexpr const char* kSecretInFile =
    "is not supported: a secret belongs in a file of its own";

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// RFC 3986 2: what else there is stands in percent-encoding.
bool HasUrlCharacters(std::string_view url) {
  return std::all_of(url.begin(), url.end(), [](char c) {
    return c > ' ' && c < 0x7F &&
           std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
  });
}

// Why `url` is refused; "" when it is not.
std::string UrlProblem(std::string_view url) {
  const std::size_t scheme_end = url.find("://");
  const std::string scheme = Lower(url.substr(0, scheme_end));
  if (scheme_end == std::string_view::npos ||
      (scheme != "http" && scheme != "https")) {
    return "is not a URL that begins with http:// or https://";
  }
  if (url.size() > kMaxUrl) return "is longer than 2048 characters";
  if (!HasUrlCharacters(url)) {
    return "holds a character that no URL has; write it percent-encoded";
  }
  if (url.find('#') != std::string_view::npos) {
    return "has a fragment (#), which no server would see";
  }
  std::string_view authority = url.substr(scheme_end + 3);
  authority = authority.substr(0, authority.find_first_of("/?"));
  if (authority.find('@') != std::string_view::npos) {
    return "holds a user name: write it as basic_auth";
  }
  const auto parsed = ParseHostPort(authority);
  if (!parsed) return "has no host: " + parsed.error();
  if (parsed->literal && parsed->literal->is_ip6() &&
      !authority.starts_with('[')) {
    return "has no host: an IPv6 address in a URL needs brackets";
  }
  return "";
}

void ReadUrl(const Field& field, std::string& url) {
  if (!field.value().IsText()) return field.ComplainKind("a URL");
  const std::string problem = UrlProblem(field.value().text);
  if (problem.empty()) {
    url = field.value().text;
  } else if (field.value().text.find('@') != std::string::npos) {
    field.Complain(problem);  // It may show a password.
  } else {
    field.Complain(Quoted(field.value().text) + ' ' + problem);
  }
}

void ReadBasicAuth(const Field& field, const std::string& folder,
                   HttpSdConfig::BasicAuth& auth) {
  MapReader map(field);
  const auto name = map.Take("username");
  const auto file = map.Take("password_file");
  map.Refuse("password", std::string(kSecretInFile) + ", password_file");
  for (const char* const key :
       {"username_file", "username_ref", "password_ref"}) {
    map.RefuseNotYet(key);
  }
  map.Finish();
  if (!name || !file) {
    return field.Complain("needs a username and a password_file");
  }
  ReadCompleteName(*file, folder, auth.password_file);
  ReadText(*name, auth.username);
  if (!name->value().IsText()) return;
  // RFC 7617 2.
  const bool wrong =
      auth.username.empty() || auth.username.size() > kMaxUserName ||
      std::any_of(auth.username.begin(), auth.username.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == ':';
      });
  if (wrong) {
    name->Complain(
        "must be a user name of up to 256 bytes without a colon or control "
        "characters");
  }
}

// RFC 9110 5.6.2: a token.
bool IsToken(std::string_view text) {
  return !text.empty() && text.size() <= kMaxScheme &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyz"
             "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
             "0123456789!#$%&'*+-.^_`|~") == std::string_view::npos;
}

void ReadAuthorization(const Field& field, const std::string& folder,
                       HttpSdConfig::Authorization& authorization) {
  MapReader map(field);
  const auto type = map.Take("type");
  const auto file = map.Take("credentials_file");
  map.Refuse("credentials", std::string(kSecretInFile) + ", credentials_file");
  map.RefuseNotYet("credentials_ref");
  map.Finish();
  if (type) {
    ReadText(*type, authorization.type);
    if (type->value().IsText() && !IsToken(authorization.type)) {
      type->Complain(Quoted(authorization.type) +
                     " is not an authentication scheme such as Bearer");
    } else if (Lower(authorization.type) == "basic") {
      type->Complain("cannot be Basic: write basic_auth");
    }
  }
  if (!file) return field.Complain("needs a credentials_file");
  ReadCompleteName(*file, folder, authorization.credentials_file);
}

void ReadTlsConfig(const Field& field, const std::string& folder,
                   std::string& ca_file) {
  MapReader map(field);
  if (const auto file = map.Take("ca_file")) {
    ReadCompleteName(*file, folder, ca_file);
  }
  for (const char* const key :
       {"ca", "ca_ref", "cert", "cert_file", "cert_ref", "key", "key_file",
        "key_ref", "server_name", "insecure_skip_verify", "min_version",
        "max_version"}) {
    map.RefuseNotYet(key);
  }
  map.Finish();
}

void RefuseOthers(MapReader& map) {
  for (const char* const key :
       {"oauth2", "proxy_url", "proxy_from_environment", "proxy_connect_header",
        "no_proxy", "follow_redirects", "enable_http2", "http_headers"}) {
    map.RefuseNotYet(key);
  }
  for (const char* const key : {"bearer_token", "bearer_token_file"}) {
    map.Refuse(key,
               "is not supported: write authorization: {credentials_file: "
               "...}");
  }
}

void ReadItem(const Field& field, const std::string& folder,
              HttpSdConfig& item) {
  MapReader map(field);
  const auto url = map.Take("url");
  if (url) ReadUrl(*url, item.url);
  if (const auto interval = map.Take("refresh_interval")) {
    ReadDuration(*interval, kRefreshRange, item.refresh_interval);
  }
  if (const auto auth = map.Take("basic_auth")) {
    ReadBasicAuth(*auth, folder,
                  item.basic_auth.emplace(HttpSdConfig::BasicAuth{}));
  }
  if (const auto authorization = map.Take("authorization")) {
    ReadAuthorization(
        *authorization, folder,
        item.authorization.emplace(HttpSdConfig::Authorization{}));
    if (item.basic_auth) {
      authorization->Complain("cannot be given beside basic_auth");
    }
  }
  if (const auto tls = map.Take("tls_config")) {
    ReadTlsConfig(*tls, folder, item.ca_file);
  }
  RefuseOthers(map);
  map.Finish();
  if (!url && field.value().kind == Value::Kind::kMap) {
    field.Complain("has no url");
  }
}

}  // namespace

void ReadHttpSd(const Field& list, const std::string& folder,
                std::vector<HttpSdConfig>& items) {
  ReadList(list, "a list of maps", [&](const Field& field) {
    if (field.value().kind == Value::Kind::kNull) {
      return field.ComplainKind("a map");
    }
    HttpSdConfig item;
    ReadItem(field, folder, item);
    if (item.url.empty()) return;
    const bool known = std::any_of(
        items.begin(), items.end(),
        [&item](const HttpSdConfig& other) { return other.url == item.url; });
    if (known) return field.Complain("has a url that is listed twice");
    items.push_back(std::move(item));
  });
}

}  // namespace exporter::config
