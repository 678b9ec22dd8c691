// The blocks that name lists of targets: `target_files` and `http_sd`.
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "tests/support/catch.h"

namespace exporter {
namespace {

using std::chrono::seconds;

Config Good(const std::string& text, const std::string& name = "/etc/p/x.yml") {
  auto config = ParseConfig(text, name);
  if (!config) FAIL(config.error().messages.front());
  return std::move(*config);
}

std::vector<std::string> Bad(const std::string& text) {
  const auto config = ParseConfig(text, "x.yml");
  REQUIRE_FALSE(config.has_value());
  return config.error().messages;
}

TEST_CASE("names of target files are complete") {
  const std::vector<std::string> want = {"/etc/p/targets/*.yaml",
                                         "/etc/p/a.json", "/srv/x.YML",
                                         "/etc/b*c.JSON", "/etc/p/.yml"};
  CHECK(Good("target_files: [targets/*.yaml, a.json, /srv/./x.YML, "
             "../b*c.JSON, .yml]")
            .target_files == want);
  const std::string here = std::filesystem::current_path();
  CHECK(Good("target_files: [t/*.yml]", "x.yml").target_files ==
        std::vector<std::string>{here + "/t/*.yml"});
  CHECK(Good("target_files: [t/*.yml]", "p/x.yml").target_files ==
        std::vector<std::string>{here + "/p/t/*.yml"});
  CHECK(Good("target_files:").target_files.empty());
}

TEST_CASE("names that are no target files") {
  for (const std::string name :
       {"targets", "a.txt", "*/a.yml", "a*/b.yml", "a*b*.yml", "a.yml*",
        "a.Json", "a.json/", "json", "*"}) {
    CAPTURE(name);
    CHECK(Bad("target_files: ['" + name + "']") ==
          std::vector<std::string>{
              "x.yml:1:16: target_files[0]: \"" + name +
              "\" must end in .json, .yml or .yaml and may hold one '*', "
              "behind its last '/'"});
  }
  CHECK(Bad("target_files: ['', [a], a.yml, ./a.yml, \"a\\0.yml\"]") ==
        std::vector<std::string>{
            "x.yml:1:16: target_files[0]: must not be empty",
            "x.yml:1:20: target_files[1]: must be a file name, not a list",
            "x.yml:1:32: target_files[3]: \"./a.yml\" is listed twice",
            "x.yml:1:41: target_files[4]: \"a\\x00.yml\" is not a file name: "
            "it holds a NUL"});
  CHECK(Bad("target_files: a.yml") ==
        std::vector<std::string>{"x.yml:1:15: target_files: must be a list of "
                                 "file names, not text"});
}

TEST_CASE("http_sd with all it has") {
  const Config config = Good(R"(
http_sd:
  - url: https://inventory.example.net/mail?site=fra
  - url: HTTP://[2001:db8::1]:8080
    refresh_interval: 5m
    basic_auth: {username: prober, password_file: secret/password}
    tls_config: {ca_file: ca.pem}
  - url: http://192.0.2.1/x
    authorization: {credentials_file: /run/token}
  - url: http://192.0.2.1/y
    authorization: {type: Token, credentials_file: token}
)");
  REQUIRE(config.http_sd.size() == 4);
  HttpSdConfig want;
  want.url = "https://inventory.example.net/mail?site=fra";
  CHECK(config.http_sd[0] == want);
  CHECK(want.refresh_interval == seconds(60));
  want = {};
  want.url = "HTTP://[2001:db8::1]:8080";
  want.refresh_interval = seconds(300);
  want.basic_auth = {"prober", "/etc/p/secret/password"};
  want.ca_file = "/etc/p/ca.pem";
  CHECK(config.http_sd[1] == want);
  want = {};
  want.url = "http://192.0.2.1/x";
  want.authorization = {"Bearer", "/run/token"};
  CHECK(config.http_sd[2] == want);
  want.url = "http://192.0.2.1/y";
  want.authorization = {"Token", "/etc/p/token"};
  CHECK(config.http_sd[3] == want);
}

TEST_CASE("URLs that are refused") {
  struct Case {
    std::string url;
    std::string want;
  };
  const Case cases[] = {
      {"inventory.example.net",
       "\"inventory.example.net\" is not a URL that begins with http:// or "
       "https://"},
      {"ftp://example.net/x",
       "\"ftp://example.net/x\" is not a URL that begins with http:// or "
       "https://"},
      {"//example.net",
       "\"//example.net\" is not a URL that begins with http:// or https://"},
      {"https://u:p@example.net/", "holds a user name: write it as basic_auth"},
      {"https://example.net/#x",
       "\"https://example.net/#x\" has a fragment (#), which no server would "
       "see"},
      {"https://", "\"https://\" has no host: must not be empty"},
      {"https:///x", "\"https:///x\" has no host: must not be empty"},
      {"https://?x", "\"https://?x\" has no host: must not be empty"},
      {"https://2001:db8::1/",
       "\"https://2001:db8::1/\" has no host: an IPv6 address in a URL needs "
       "brackets"},
      {"https://example.net:0/",
       "\"https://example.net:0/\" has no host: port 0 is out of range "
       "(1-65535)"},
      {"https://example.net:x/",
       "\"https://example.net:x/\" has no host: \"example.net:x\" does not "
       "end in a port number"},
      {"https://exa mple.net/",
       "\"https://exa mple.net/\" holds a character that no URL has; write it "
       "percent-encoded"},
      {"https://example.net/ü",
       "\"https://example.net/ü\" holds a character that no URL has; write it "
       "percent-encoded"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.url);
    CHECK(Bad("http_sd: [{url: \"" + c.url + "\"}]") ==
          std::vector<std::string>{"x.yml:1:17: http_sd[0].url: " + c.want});
  }
  CHECK(Bad("http_sd: [{url: \"http://a.b/\\r\\nX: y\"}]").size() == 1);
  CHECK(Bad("http_sd: [{url: http://a.b/" + std::string(2048, 'x') + "}]")
            .size() == 1);
}

TEST_CASE("http_sd keys that are refused") {
  struct Case {
    std::string keys;
    std::string want;  // Behind "x.yml:1:"
  };
  const Case cases[] = {
      {"refresh_interval: 500ms",
       "47: http_sd[0].refresh_interval: 500ms is out of range (1s-1d)"},
      {"refresh_interval: 25h",
       "47: http_sd[0].refresh_interval: 25h is out of range (1s-1d)"},
      {"basic_auth: {username: a}",
       "41: http_sd[0].basic_auth: needs a username and a password_file"},
      {"basic_auth: {username: 'a:b', password_file: f}",
       "52: http_sd[0].basic_auth.username: must be a user name of up to 256 "
       "bytes without a colon or control characters"},
      {"basic_auth: {username: a, password_file: f, password: x}",
       "73: http_sd[0].basic_auth.password: is not supported: a secret belongs "
       "in a file of its own, password_file"},
      {"authorization: {credentials_file: f, credentials: x}",
       "66: http_sd[0].authorization.credentials: is not supported: a secret "
       "belongs in a file of its own, credentials_file"},
      {"authorization: {type: Bearer}",
       "44: http_sd[0].authorization: needs a credentials_file"},
      {"authorization: {type: \"a b\", credentials_file: f}",
       "51: http_sd[0].authorization.type: \"a b\" is not an authentication "
       "scheme such as Bearer"},
      {"authorization: {type: basic, credentials_file: f}",
       "51: http_sd[0].authorization.type: cannot be Basic: write basic_auth"},
      {"basic_auth: {username: a, password_file: f}, "
       "authorization: {credentials_file: f}",
       "89: http_sd[0].authorization: cannot be given beside basic_auth"},
      {"tls_config: {insecure_skip_verify: true}",
       "42: http_sd[0].tls_config.insecure_skip_verify: is not supported by "
       "this version"},
      {"tls_config: {ca_file: ''}",
       "51: http_sd[0].tls_config.ca_file: must not be empty"},
      {"oauth2: {}", "29: http_sd[0].oauth2: is not supported by this version"},
      {"proxy_url: x",
       "29: http_sd[0].proxy_url: is not supported by this version"},
      {"bearer_token_file: x",
       "29: http_sd[0].bearer_token_file: is not supported: write "
       "authorization: {credentials_file: ...}"},
      {"refresh_intervall: 5m",
       "29: http_sd[0]: unknown key \"refresh_intervall\", did you mean "
       "\"refresh_interval\"?"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.keys);
    CHECK(Bad("http_sd: [{url: http://a.b, " + c.keys + "}]") ==
          std::vector<std::string>{"x.yml:1:" + c.want});
  }
  CHECK(Bad("http_sd: [{}, ~, {url: http://a.b}, {url: http://a.b}]") ==
        std::vector<std::string>{
            "x.yml:1:11: http_sd[0]: has no url",
            "x.yml:1:15: http_sd[1]: must be a map, not empty",
            "x.yml:1:37: http_sd[3]: has a url that is listed twice"});
}

TEST_CASE("secrets need not be there when the configuration is read") {
  CHECK(Good("http_sd: [{url: http://a.b, authorization: {credentials_file: "
             "/nonexistent/token}, tls_config: {ca_file: /nonexistent/ca}}]")
            .http_sd.size() == 1);
}

}  // namespace
}  // namespace exporter
