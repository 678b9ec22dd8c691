// The file that --web.config.file names: who may connect to our own listener
// and how, in the format that all Prometheus exporters share
// (exporter-toolkit, docs/web-configuration.md).
#ifndef EXPORTER_CONFIG_WEB_CONFIG_H_
#define EXPORTER_CONFIG_WEB_CONFIG_H_

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exporter/config/config_error.h"
#include "probe/tls/version.h"

namespace exporter {

// What a client must show of itself; Go's names.
enum class ClientAuth {
  kNoClientCert,
  kRequestClientCert,     // Asked for, and not looked at.
  kRequireAnyClientCert,  // Must be there, and is not looked at.
  kVerifyClientCertIfGiven,
  kRequireAndVerifyClientCert,
};

// `tls_server_config`, its files read.
struct WebTls {
  std::string certificate;  // PEM, with its intermediates.
  std::string key;          // PEM. Secret.
  ClientAuth client_auth = ClientAuth::kNoClientCert;
  std::string client_roots;  // PEM; "" where nothing is verified.
  // A client's certificate must have one of these as alternative name (DNS,
  // e-mail, IP, URI), exactly. None: whatever it has.
  std::optional<std::vector<std::string>> client_allowed_sans;
  probe::tls::Version min_version = probe::tls::Version::kTls12;
  probe::tls::Version max_version = probe::tls::Version::kTls13;
  // Up to TLS 1.2, by OpenSSL's names; none: our choice. Those of TLS 1.3
  // cannot be chosen, as in Go, and are left out.
  std::optional<std::vector<std::string>> cipher_suites;
  // By OpenSSL's names, preferred first; empty: our choice.
  std::vector<std::string> curves;
  bool prefers_own_cipher_order = true;
};

// `rate_limit`: a token bucket over all requests.
struct WebRateLimit {
  std::chrono::nanoseconds interval{};  // One more request is allowed; > 0.
  std::uint32_t burst = 0;              // That many at once; > 0.

  friend bool operator==(const WebRateLimit&, const WebRateLimit&) = default;
};

struct WebConfig {
  std::optional<WebTls> tls;
  std::vector<std::pair<std::string, std::string>> headers;
  // bcrypt hashes by user name; empty: whoever connects may ask. Secret.
  std::map<std::string, std::string, std::less<>> users;
  std::optional<WebRateLimit> rate_limit;
  bool wants_http2 = false;  // It is written down, and we do not speak it.
  // That were read beside the file itself; complete names.
  std::vector<std::string> files;
  std::vector<std::string> warnings;  // One line each, for the log.
};

// It is small, and read on the loop.
inline constexpr std::size_t kMaxWebConfigBytes = 1024 * 1024;

// Reads and checks the file and what it names. Messages never show a secret.
std::expected<WebConfig, ConfigError> LoadWebConfig(const std::string& path);

// The same for a text; `name` stands where the file name stands in messages,
// and files are relative to its folder.
std::expected<WebConfig, ConfigError> ParseWebConfig(std::string_view text,
                                                     const std::string& name);

}  // namespace exporter

#endif  // EXPORTER_CONFIG_WEB_CONFIG_H_
