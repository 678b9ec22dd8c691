// The samples in tests/config: valid-*.yaml load, invalid-*.yaml give exactly
// the messages in the .txt file beside them. Runs at the top of the checkout.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "exporter/config/config.h"
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
  for (const auto& entry : fs::directory_iterator("tests/config")) {
    const std::string name = entry.path().filename();
    if (name.starts_with(prefix) && name.ends_with(".yaml")) {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string Lines(const std::vector<std::string>& messages) {
  std::string text;
  for (const std::string& message : messages) text += message + '\n';
  return text;
}

TEST_CASE("invalid samples give exactly their messages") {
  const std::vector<fs::path> samples = Samples("invalid-");
  REQUIRE(samples.size() >= 10);
  for (const fs::path& path : samples) {
    CAPTURE(path);
    const std::string want = ReadFile(fs::path(path).replace_extension(".txt"));
    const auto config = ParseConfig(ReadFile(path), path.filename());
    REQUIRE_FALSE(config.has_value());
    CHECK(Lines(config.error().messages) == want);
  }
}

TEST_CASE("valid samples load") {
  const std::vector<fs::path> samples = Samples("valid-");
  REQUIRE(samples.size() >= 4);
  for (const fs::path& path : samples) {
    CAPTURE(path);
    const auto config = LoadConfig(path);
    CHECK(config.has_value());
    if (!config) WARN(Lines(config.error().messages));
  }
}

TEST_CASE("the example is valid and names every setting") {
  const tests::Scratch scratch;
  const tests::SystemRoots system(
      scratch.Write("system.pem", tests::TestPki().roots()));
  const std::string text = ReadFile("config.example.yaml");
  const auto config = ParseConfig(text, "config.example.yaml");
  if (!config) FAIL(Lines(config.error().messages));
  CHECK(config->warnings.empty());
  CHECK(config->targets.size() == 10);
  CHECK(config->target_files.size() == 1);
  CHECK(config->http_sd.size() == 1);
  for (const std::string key : {"ehlo_name",
                                "interval",
                                "timeout",
                                "timeouts",
                                "connect",
                                "greeting",
                                "ehlo",
                                "quit",
                                "stale_after",
                                "modules",
                                "targets",
                                "dns",
                                "servers",
                                "tries",
                                "role",
                                "port",
                                "addresses",
                                "ip_protocol",
                                "private_addresses",
                                "source_address",
                                "host",
                                "domain",
                                "target_files",
                                "http_sd",
                                "url",
                                "refresh_interval",
                                "basic_auth",
                                "username",
                                "password_file",
                                "authorization",
                                "type",
                                "credentials_file",
                                "tls_config",
                                "module",
                                "labels",
                                "expect",
                                "banner",
                                "starttls",
                                "auth",
                                "size_at_least",
                                "capabilities",
                                "tls",
                                "mode",
                                "verify",
                                "min_version",
                                "max_version",
                                "server_name",
                                "certificate_types",
                                "ca_file",
                                "cert_file",
                                "key_file",
                                "tls_min_version",
                                "certificate_days",
                                "on_demand",
                                "allow",
                                "any",
                                "ports",
                                "concurrency",
                                "rate"}) {
    CAPTURE(key);
    CHECK(text.find(key + ":") != std::string::npos);
  }
}

TEST_CASE("a file that cannot be read says why") {
  const auto missing = LoadConfig("tests/config/no-such-file.yaml");
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().messages ==
        std::vector<std::string>{"tests/config/no-such-file.yaml: cannot be "
                                 "read: No such file or directory"});
  const auto folder = LoadConfig("tests/config");
  REQUIRE_FALSE(folder.has_value());
  CHECK(
      folder.error().messages ==
      std::vector<std::string>{"tests/config: cannot be read: Is a directory"});
}

}  // namespace
}  // namespace exporter
