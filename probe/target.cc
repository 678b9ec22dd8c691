#include "probe/target.h"

#include <algorithm>
#include <string_view>
#include <tuple>

namespace probe {

bool operator==(const TlsSettings& a, const TlsSettings& b) {
  const auto plain = [](const TlsSettings& s) {
    return std::tie(s.mode, s.verify, s.min_version, s.max_version, s.key_type,
                    s.server_name, s.ca_file, s.cert_file, s.key_file);
  };
  const auto digest = [](const TlsSettings& s) {
    return s.context ? std::string_view(s.context->digest())
                     : std::string_view();
  };
  return plain(a) == plain(b) && digest(a) == digest(b);
}

bool operator==(const Target& a, const Target& b) {
  const auto plain = [](const Target& t) {
    return std::tie(t.name, t.host, t.is_domain, t.literal, t.port, t.module,
                    t.role, t.addresses, t.ip_protocol, t.private_addresses,
                    t.interval, t.stale_after, t.labels, t.expect);
  };
  const auto same = [](const std::shared_ptr<const Conversation>& one,
                       const std::shared_ptr<const Conversation>& other) {
    return one == other || *one == *other;
  };
  return plain(a) == plain(b) && same(a.conversation, b.conversation) &&
         std::equal(a.certificate_conversations.begin(),
                    a.certificate_conversations.end(),
                    b.certificate_conversations.begin(),
                    b.certificate_conversations.end(), same);
}

std::string Identity(const Target& target) {
  return target.name + ' ' + target.module;
}

std::string Fingerprint(const Conversation& conversation) {
  std::string text = conversation.ehlo_name + "|";
  if (conversation.source_address) {
    text += conversation.source_address->ToString();
  }
  const Timeouts& t = conversation.timeouts;
  for (const Duration d :
       {t.total, t.connect, t.greeting, t.ehlo, t.tls, t.quit}) {
    text += "|" + std::to_string(d.count());
  }
  const TlsSettings& tls = conversation.tls;
  if (tls.mode == TlsMode::kNone) return text;
  for (const int word :
       {static_cast<int>(tls.mode), static_cast<int>(tls.verify),
        static_cast<int>(tls.min_version), static_cast<int>(tls.max_version),
        static_cast<int>(tls.key_type)}) {
    text += "|" + std::to_string(word);
  }
  // File names may hold any character but NUL.
  for (const std::string& word :
       {tls.server_name, tls.ca_file, tls.cert_file, tls.key_file}) {
    text += '\0' + word;
  }
  return text;
}

}  // namespace probe
