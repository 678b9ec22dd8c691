#include "probe/host_name.h"

#include <algorithm>
#include <cstddef>

namespace probe {
namespace {

// RFC 1035 2.3.4: 255 octets on the wire are 253 characters in text.
constexpr std::size_t kMaxHostName = 253;
constexpr std::size_t kMaxLabel = 63;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsHexDigit(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool IsHostByte(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         c == '-' || c == '_';
}

bool IsLabel(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabel &&
         std::all_of(label.begin(), label.end(), IsHostByte) &&
         label.front() != '-' && label.back() != '-';
}

bool IsNumber(std::string_view label) {
  if (label.starts_with("0x") || label.starts_with("0X")) {
    return std::all_of(label.begin() + 2, label.end(), IsHexDigit);
  }
  return std::all_of(label.begin(), label.end(), IsDigit);
}

}  // namespace

bool IsHostName(std::string_view name) {
  if (name.size() > kMaxHostName) return false;
  while (true) {
    const std::string_view label = name.substr(0, name.find('.'));
    if (!IsLabel(label)) return false;
    if (label.size() == name.size()) return !IsNumber(label);
    name.remove_prefix(label.size() + 1);
  }
}

}  // namespace probe
