#include "exporter/change.h"

#include <algorithm>

#include "probe/smtp/text.h"

namespace exporter {
namespace {

// A SHA-256 in hexadecimal digits, and how many of them people compare.
constexpr std::size_t kFingerprintDigits = 64;
constexpr std::size_t kShownDigits = 16;

bool IsFingerprint(std::string_view value) {
  return value.size() == kFingerprintDigits &&
         value.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string Change::Text() const {
  std::string text(message);
  std::string_view separator = ": ";
  for (const auto& [name, value] : fields) {
    if (value.empty()) continue;
    text += separator;
    separator = ", ";
    const std::size_t at = text.size();
    text += name;
    std::replace(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(),
                 '_', ' ');
    text += ' ';
    text += IsFingerprint(value) ? value.substr(0, kShownDigits) : value;
  }
  return probe::smtp::Printable(text, kMaxChangeText);
}

}  // namespace exporter
