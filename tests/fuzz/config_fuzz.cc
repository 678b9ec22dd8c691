// Any text as configuration: no crash, no hang, and either targets or messages
// of the promised form.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "exporter/config/config.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckTls(const probe::TlsSettings& tls) {
  Require((tls.mode == probe::TlsMode::kNone) == (tls.context == nullptr));
  Require(tls.min_version <= tls.max_version);
  Require(tls.server_name.find_first_of(" \r\n\t:/[*") == std::string::npos);
  Require(!tls.server_name.ends_with('.'));
  Require(tls.cert_file.empty() == tls.key_file.empty());
}

void CheckTarget(const probe::Target& target) {
  Require(!target.host.empty() && target.host.size() <= 254);
  Require(target.name.find_first_of(" \r\n\t@/") == std::string::npos);
  Require(target.conversation != nullptr && target.port > 0);
  const std::string& ehlo = target.conversation->ehlo_name;
  Require(ehlo.find_first_of(" \r\n\t_") == std::string::npos);
  Require(ehlo.find('.') != std::string::npos || ehlo.front() == '[');
  Require(target.interval.count() > 0);
  Require(target.stale_after >= target.interval);
  CheckTls(target.conversation->tls);
  Require(target.conversation->tls.key_type == probe::tls::KeyType::kAny);
  Require(target.certificate_conversations.size() <= 2);
  for (const auto& further : target.certificate_conversations) {
    CheckTls(further->tls);
    Require(further->tls.key_type != probe::tls::KeyType::kAny);
  }
}

void CheckMessages(const exporter::ConfigError& error) {
  Require(!error.messages.empty());
  Require(error.messages.size() <= exporter::kMaxConfigMessages);
  for (const std::string& message : error.messages) {
    Require(message.starts_with("c:") && message.size() < 1000);
    Require(std::none_of(message.begin(), message.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x20;
    }));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes,
                                      std::size_t size) {
  // This system's roots would take most of the time.
  static const int without_roots =
      setenv("SSL_CERT_FILE", "/nonexistent/roots.pem", /*overwrite=*/1);
  Require(without_roots == 0);
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto config = exporter::ParseConfig(text, "c");
  if (!config) {
    CheckMessages(config.error());
    return 0;
  }
  for (const auto& target : config->targets) CheckTarget(*target);
  Require(config->warnings.size() <= exporter::kMaxConfigMessages + 3);
  return 0;
}
