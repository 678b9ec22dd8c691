#include "exporter/config/target_text.h"

#include <string_view>

#include "exporter/config/duration.h"
#include "exporter/config/tls.h"

namespace exporter {
namespace {

class Lines {
 public:
  void Add(std::string_view key, std::string_view value) {
    text_ += std::string(indent_, ' ');
    text_ += key;
    text_ += ':';
    if (!value.empty()) text_ += ' ' + std::string(value);
    text_ += '\n';
  }
  void Add(std::string_view key, probe::Duration value) {
    Add(key, config::DurationText(value));
  }
  void AddIfSet(std::string_view key, const std::string& value) {
    if (!value.empty()) Add(key, value);
  }
  void Open(std::string_view key) {
    Add(key, "");
    indent_ += 2;
  }
  void Close() { indent_ -= 2; }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::size_t indent_ = 0;
};

void AddTls(const probe::TlsSettings& tls, Lines& lines) {
  lines.Open("tls");
  lines.Add("mode", config::ModeName(tls.mode));
  if (tls.mode != probe::TlsMode::kNone) {
    lines.Add("verify", tls.verify ? "true" : "false");
    lines.Add("min_version", Name(tls.min_version));
    lines.Add("max_version", Name(tls.max_version));
    lines.AddIfSet("server_name", tls.server_name);
    // Whoever may ask for a test need not know the files of this host.
    if (!tls.ca_file.empty()) lines.Add("ca_file", "<set>");
    if (!tls.cert_file.empty()) lines.Add("cert_file", "<set>");
    if (!tls.key_file.empty()) lines.Add("key_file", "<set>");
  }
  lines.Close();
}

}  // namespace

std::string TargetText(const probe::Target& target) {
  Lines lines;
  const probe::Conversation& conversation = *target.conversation;
  lines.Add(target.is_domain ? "domain" : "host", target.host);
  lines.Add("port", std::to_string(target.port));
  lines.Add("module", target.module);
  lines.Add("role", target.role == probe::Role::kMx ? "mx" : "submission");
  lines.Add("ehlo_name", conversation.ehlo_name);
  lines.Add("addresses",
            target.addresses == probe::AddressChoice::kAll ? "all" : "first");
  switch (target.ip_protocol) {
    case probe::IpProtocol::kAuto:
      lines.Add("ip_protocol", "auto");
      break;
    case probe::IpProtocol::kIp4:
      lines.Add("ip_protocol", "ip4");
      break;
    case probe::IpProtocol::kIp6:
      lines.Add("ip_protocol", "ip6");
      break;
  }
  if (conversation.source_address) {
    lines.Add("source_address", conversation.source_address->ToString());
  }
  lines.Add("timeout", conversation.timeouts.total);
  lines.Open("timeouts");
  lines.Add("connect", conversation.timeouts.connect);
  lines.Add("greeting", conversation.timeouts.greeting);
  lines.Add("ehlo", conversation.timeouts.ehlo);
  lines.Add("tls", conversation.timeouts.tls);
  lines.Add("quit", conversation.timeouts.quit);
  lines.Close();
  AddTls(conversation.tls, lines);
  return lines.text();
}

}  // namespace exporter
