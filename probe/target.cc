#include "probe/target.h"

namespace probe {

std::string Fingerprint(const Conversation& conversation) {
  std::string text = conversation.ehlo_name + "|";
  if (conversation.source_address) {
    text += conversation.source_address->ToString();
  }
  const Timeouts& t = conversation.timeouts;
  for (const Duration d : {t.total, t.connect, t.greeting, t.ehlo, t.quit}) {
    text += "|" + std::to_string(d.count());
  }
  return text;
}

}  // namespace probe
