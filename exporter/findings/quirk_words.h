// Oddities of a server or of its DNS in plain words. Part of exporter/findings.
#ifndef EXPORTER_FINDINGS_QUIRK_WORDS_H_
#define EXPORTER_FINDINGS_QUIRK_WORDS_H_

#include <string_view>

#include "exporter/findings.h"
#include "probe/smtp/quirk.h"

namespace exporter::findings {

struct QuirkWords {
  probe::smtp::Quirk quirk;
  Level level;
  std::string_view title;
  std::string_view advice;
  // It is about all MX records of a domain and not about one server.
  bool of_domain = false;
};

const QuirkWords& WordsOf(probe::smtp::Quirk quirk);

}  // namespace exporter::findings

#endif  // EXPORTER_FINDINGS_QUIRK_WORDS_H_
