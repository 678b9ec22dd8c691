// The samples in tests/config/web: valid-*.yml load; invalid-*.yml, and
// strict-*.yml, which others accept, give exactly the messages in the .txt file
// beside them. Runs at the top of the checkout.
#include "exporter/config/web_config.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/pki.h"
#include "tests/unit/config/scratch.h"

namespace exporter {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path);
  REQUIRE(file);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<fs::path> Samples(const std::string& prefix) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator("tests/config/web")) {
    const std::string name = entry.path().filename();
    if (name.starts_with(prefix) && name.ends_with(".yml")) {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// The files that samples name.
class Folder {
 public:
  Folder() {
    const tests::Identity& server = tests::TestPki().Get("good");
    scratch_.Write("server.crt", server.chain);
    scratch_.Write("server.key", server.key);
    scratch_.Write("other.key", tests::TestPki().Get("good-rsa").key);
    scratch_.Write("ca.crt", tests::TestPki().roots());
    scratch_.Write("keys/unused", "");
  }

  std::expected<WebConfig, ConfigError> Load(const std::string& text) {
    return LoadWebConfig(scratch_.Write("web.yml", text));
  }
  // Without the folder's name.
  std::string Lines(const std::vector<std::string>& messages) const {
    std::string lines;
    for (const std::string& message : messages) lines += message + '\n';
    const std::string folder = scratch_.Path("");
    for (std::size_t at = 0;
         (at = lines.find(folder, at)) != std::string::npos;) {
      lines.erase(at, folder.size());
    }
    return lines;
  }
  std::string Path(const std::string& name) const {
    return scratch_.Path(name);
  }

 private:
  const tests::Scratch scratch_;
};

TEST_CASE("bad samples give exactly their messages, and no secret") {
  Folder folder;
  std::vector<fs::path> samples = Samples("invalid-");
  const std::vector<fs::path> strict = Samples("strict-");
  samples.insert(samples.end(), strict.begin(), strict.end());
  REQUIRE(samples.size() > 25);
  for (const fs::path& path : samples) {
    CAPTURE(path);
    const auto config = folder.Load(ReadFile(path));
    REQUIRE_FALSE(config.has_value());
    const std::string got = folder.Lines(config.error().messages);
    CHECK(got.find("CANARY") == std::string::npos);
    CHECK(got == ReadFile(fs::path(path).replace_extension(".txt")));
  }
}

TEST_CASE("good samples load") {
  Folder folder;
  const std::vector<fs::path> samples = Samples("valid-");
  REQUIRE(samples.size() > 15);
  for (const fs::path& path : samples) {
    CAPTURE(path);
    const auto config = folder.Load(ReadFile(path));
    CHECK(config.has_value());
    if (!config) WARN(folder.Lines(config.error().messages));
  }
}

TEST_CASE("what is written is what is set") {
  Folder folder;
  const auto read = folder.Load(
      "tls_server_config:\n"
      "  cert_file: server.crt\n"
      "  key_file: server.key\n"
      "  client_auth_type: RequireAndVerifyClientCert\n"
      "  client_ca_file: ca.crt\n"
      "  client_allowed_sans: [a, b]\n"
      "  min_version: TLS11\n"
      "  max_version: TLS12\n"
      "  prefer_server_cipher_suites: false\n"
      "  cipher_suites: [TLS_AES_256_GCM_SHA384, "
      "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n"
      "  curve_preferences: [CurveP384, X25519]\n"
      "http_server_config:\n"
      "  headers: {X-Frame-Options: deny}\n"
      "basic_auth_users:\n"
      "  alice: "
      "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n"
      "rate_limit: {interval: 1.5s, burst: 7}\n");
  REQUIRE(read.has_value());
  REQUIRE(read->tls.has_value());
  const WebTls& tls = *read->tls;
  CHECK(tls.certificate == tests::TestPki().Get("good").chain);
  CHECK(tls.key == tests::TestPki().Get("good").key);
  CHECK(tls.client_roots == tests::TestPki().roots());
  CHECK(tls.client_auth == ClientAuth::kRequireAndVerifyClientCert);
  CHECK(tls.client_allowed_sans == std::vector<std::string>{"a", "b"});
  CHECK(tls.min_version == probe::tls::Version::kTls11);
  CHECK(tls.max_version == probe::tls::Version::kTls12);
  CHECK_FALSE(tls.prefers_own_cipher_order);
  CHECK(tls.cipher_suites ==
        std::vector<std::string>{"ECDHE-RSA-AES128-GCM-SHA256"});
  CHECK(tls.curves == std::vector<std::string>{"P-384", "X25519"});
  CHECK(read->headers == std::vector<std::pair<std::string, std::string>>{
                             {"X-Frame-Options", "deny"}});
  CHECK(read->users.size() == 1);
  CHECK(read->rate_limit == WebRateLimit{std::chrono::milliseconds(1500), 7});
  CHECK(read->files == std::vector<std::string>{folder.Path("server.crt"),
                                                folder.Path("server.key"),
                                                folder.Path("ca.crt")});
  CHECK(read->warnings.empty());
}

TEST_CASE("what is not written has the toolkit's defaults") {
  Folder folder;
  const auto read = folder.Load(
      "tls_server_config: {cert_file: server.crt, key_file: server.key}");
  REQUIRE(read.has_value());
  REQUIRE(read->tls.has_value());
  CHECK(read->tls->min_version == probe::tls::Version::kTls12);
  CHECK(read->tls->max_version == probe::tls::Version::kTls13);
  CHECK(read->tls->prefers_own_cipher_order);
  CHECK_FALSE(read->tls->cipher_suites.has_value());
  CHECK_FALSE(read->tls->client_allowed_sans.has_value());
  CHECK(read->tls->curves.empty());
  CHECK_FALSE(read->rate_limit.has_value());
  CHECK_FALSE(read->wants_http2);
}

TEST_CASE("certificates may stand in the file itself") {
  Folder folder;
  const auto block = [](std::string pem) {
    for (std::size_t at = 0; (at = pem.find('\n', at)) != std::string::npos;) {
      pem.replace(at, 1, "\n      ");
      at += 7;
    }
    return "|\n      " + pem + "\n";
  };
  const tests::Identity& server = tests::TestPki().Get("good");
  const auto read = folder.Load(
      "tls_server_config:\n  client_auth_type: VerifyClientCertIfGiven\n"
      "  cert: " +
      block(server.chain) + "  key: " + block(server.key) +
      "  client_ca: " + block(tests::TestPki().roots()));
  if (!read) FAIL(folder.Lines(read.error().messages));
  REQUIRE(read->tls.has_value());
  CHECK(read->tls->certificate.find("BEGIN CERTIFICATE") != std::string::npos);
  CHECK(read->files.empty());
}

TEST_CASE("what does not do what it seems to is said") {
  Folder folder;
  struct Row {
    std::string text;
    std::string want;
  };
  const std::string tls =
      "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n";
  const std::string hash =
      "QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";
  const std::vector<Row> rows = {
      {"tls_server_config: {min_version: TLS13}",
       "web.yml:1:20: tls_server_config: does not switch TLS on: it has "
       "neither cert nor cert_file\n"},
      {tls + "  cert: x\n",
       "web.yml:4:9: tls_server_config.cert: is not used, because cert_file is "
       "given\n"},
      {tls + "  client_auth_type: RequireAnyClientCert\n"
             "  client_allowed_sans: [a]\n",
       "web.yml:5:24: tls_server_config.client_allowed_sans: proves nothing, "
       "because with this client_auth_type anybody can make a certificate with "
       "such a name\n"},
      {"basic_auth_users:\n  alice: $2y$15$" + hash + "\n",
       "web.yml:2:10: basic_auth_users.alice: has cost 15: each check takes "
       "seconds, and others wait\n"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const auto read = folder.Load(row.text);
    REQUIRE(read.has_value());
    CHECK(folder.Lines(read->warnings) == row.want);
  }
}

TEST_CASE("durations are Go's") {
  struct Row {
    std::string text;
    std::chrono::nanoseconds want;  // 0: refused.
  };
  using namespace std::chrono_literals;
  const Row rows[] = {
      {"1s", 1s},       {"1m30s", 90s}, {"1.5h", 90min},       {"100ms", 100ms},
      {"250us", 250us}, {"1ns", 1ns},   {"1h0.5s", 3600500ms}, {"1", 0s},
      {"s", 0s},        {"1 s", 0s},    {"-1s", 0s},           {"1d", 0s},
      {"1..5s", 0s},    {"1e3s", 0s},   {"9999999h", 0s},      {"\"\"", 0s},
      {"1sec", 0s},
  };
  Folder folder;
  for (const Row& row : rows) {
    INFO(row.text);
    const auto read =
        folder.Load("rate_limit: {burst: 1, interval: " + row.text + "}");
    CHECK(read.has_value() == (row.want != 0s));
    if (read && row.want != 0s) {
      CHECK(read->rate_limit->interval == row.want);
    }
  }
}

TEST_CASE("a file that cannot be read is an error") {
  const auto read = LoadWebConfig("/nonexistent/web.yml");
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().messages ==
        std::vector<std::string>{"/nonexistent/web.yml: cannot be read: No "
                                 "such file or directory"});
}

}  // namespace
}  // namespace exporter
