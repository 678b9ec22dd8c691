#include "probe/smtp/ehlo.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

#include "probe/smtp/text.h"

namespace probe::smtp {
namespace {

constexpr std::string_view kBlanks = " \t";
// RFC 1870 section 4: the value has at most 20 digits.
constexpr std::size_t kMaxSizeDigits = 20;
// The shortest row of X that is taken for a mask ("XXXX" for "DSN" and
// "STARTTLS" alike on Cisco ASA) and not for a private keyword.
constexpr std::size_t kMinMask = 4;

bool IsAlnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
         (c >= 'a' && c <= 'z');
}

// RFC 5321 4.1.1.1: ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-").
bool IsKeyword(std::string_view text) {
  return !text.empty() && text.size() <= kMaxKeywordLength &&
         IsAlnum(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsAlnum(c) || c == '-'; });
}

// RFC 4422 3.1: sasl-mech = 1*20mech-char, of upper case, digits, "-" and "_".
bool IsMechanism(std::string_view text) {
  return !text.empty() && text.size() <= kMaxMechanismLength &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_';
         });
}

// "XXXXXXXA", "XXXX", "****": what Cisco's "inspect esmtp" leaves of a keyword
// that it does not let through.
bool IsMasked(std::string_view word) {
  if (word.size() < kMinMask) return false;
  if (word.find_first_not_of('*') == std::string_view::npos) return true;
  const std::size_t rest = word.find_first_not_of('X');
  return rest == std::string_view::npos ||
         (rest >= kMinMask && rest == word.size() - 1);
}

std::string_view CutToken(std::string_view& text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) {
    text = {};
    return {};
  }
  text.remove_prefix(begin);
  const std::string_view token = text.substr(0, text.find_first_of(kBlanks));
  text.remove_prefix(token.size());
  return token;
}

void AddUnique(std::vector<std::string>& sorted, std::string_view value) {
  const auto place = std::lower_bound(sorted.begin(), sorted.end(), value);
  if (place == sorted.end() || *place != value) sorted.emplace(place, value);
}

void ReadAuth(std::string_view parameters, Capabilities& capabilities) {
  capabilities.auth = true;
  while (true) {
    const std::string_view token = CutToken(parameters);
    if (token.empty()) return;
    const std::string mechanism = UpperCase(token);
    if (IsMechanism(mechanism) &&
        capabilities.auth_mechanisms.size() < kMaxAuthMechanisms) {
      AddUnique(capabilities.auth_mechanisms, mechanism);
    }
  }
}

void ReadSize(std::string_view parameters, Capabilities& capabilities) {
  if (capabilities.size) capabilities.quirks.Add(Quirk::kBadSize);
  capabilities.size = true;
  const std::string_view token = CutToken(parameters);
  if (token.empty()) return;  // Sendmail and Exim: no limit is told.
  double octets = 0;
  const bool digits =
      token.size() <= kMaxSizeDigits &&
      token.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits ||
      std::from_chars(token.data(), token.data() + token.size(), octets).ec !=
          std::errc()) {
    capabilities.quirks.Add(Quirk::kBadSize);
    return;
  }
  if (capabilities.size_limit) return;  // The first readable one counts.
  capabilities.size_limit =
      octets == 0 ? std::numeric_limits<double>::infinity() : octets;
}

void ReadLine(std::string_view line, bool last, Layer layer,
              Capabilities& capabilities) {
  const std::size_t begin = line.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) {
    // smtp-sink ends its list with "250 "; an empty line elsewhere is odd.
    if (!last) capabilities.quirks.Add(Quirk::kInvalidLines);
    return;
  }
  // Postfix reads "250- STARTTLS", Exim does not.
  if (begin != 0) capabilities.quirks.Add(Quirk::kInvalidLines);
  line.remove_prefix(begin);

  // Courier says "XVERP=Courier", old Exchange "AUTH=LOGIN": '=' separates too.
  const std::string_view word = line.substr(0, line.find_first_of(" \t="));
  const std::string keyword = UpperCase(word);
  std::string_view parameters = line.substr(word.size());
  if (!parameters.empty()) parameters.remove_prefix(1);

  if (IsMasked(word)) capabilities.quirks.Add(Quirk::kMiddleboxMasked);
  if (!IsKeyword(keyword)) {
    capabilities.quirks.Add(Quirk::kInvalidLines);
    return;
  }
  if (last && keyword == "OK") return;  // Exchange 2000 ends with "250 OK".
  if (keyword != word) capabilities.quirks.Add(Quirk::kNonupperKeyword);
  if (keyword == "REQUIRETLS" && layer == Layer::kClear) {
    capabilities.quirks.Add(Quirk::kRequiretlsInClear);
    return;
  }
  if (keyword == "STARTTLS") {
    capabilities.starttls = true;
    if (layer == Layer::kInsideTls) {
      capabilities.quirks.Add(Quirk::kStarttlsInsideTls);
    }
  }
  if (keyword == "AUTH") ReadAuth(parameters, capabilities);
  if (keyword == "SIZE") ReadSize(parameters, capabilities);
  if (capabilities.keywords.size() < kMaxKeywords) {
    AddUnique(capabilities.keywords, keyword);
  } else if (!std::binary_search(capabilities.keywords.begin(),
                                 capabilities.keywords.end(), keyword)) {
    capabilities.quirks.Add(Quirk::kInvalidLines);
  }
}

}  // namespace

Capabilities ReadEhlo(const Reply& reply, Layer layer) {
  Capabilities capabilities;
  capabilities.esmtp = true;
  capabilities.quirks = reply.quirks;
  if (reply.code != 250) capabilities.quirks.Add(Quirk::kEhloCode);
  if (reply.bytes > kLongEhloBytes) capabilities.quirks.Add(Quirk::kLongEhlo);
  for (std::size_t i = 1; i < reply.lines.size(); ++i) {
    ReadLine(Reply::Text(reply.lines[i]), i + 1 == reply.lines.size(), layer,
             capabilities);
  }
  return capabilities;
}

}  // namespace probe::smtp
