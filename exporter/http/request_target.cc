#include "exporter/http/request_target.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace exporter::http {
namespace {

// -1 for what is no hexadecimal digit.
int DigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() ? DigitValue(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? DigitValue(text[i + 2]) : -1;
    if (text[i] == '%' && high >= 0 && low >= 0) {
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

bool StartsWithScheme(std::string_view target, std::string_view scheme) {
  return target.size() >= scheme.size() &&
         std::equal(scheme.begin(), scheme.end(), target.begin(),
                    [](char want, char got) {
                      return want ==
                             std::tolower(static_cast<unsigned char>(got));
                    });
}

// Without scheme and authority (RFC 9112, section 3.2.2), which are not
// compared with anything: there is only one host here.
std::string_view OriginForm(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!StartsWithScheme(target, scheme)) continue;
    const std::size_t end = target.find_first_of("/?", scheme.size());
    return end == std::string_view::npos ? std::string_view()
                                         : target.substr(end);
  }
  return target;
}

}  // namespace

std::optional<RequestTarget> SplitTarget(std::string_view target,
                                         std::size_t max_arguments) {
  const std::string_view origin = OriginForm(target);
  const std::size_t mark = std::min(origin.find('?'), origin.size());
  RequestTarget split{.path = Decode(origin.substr(0, mark), false),
                      .arguments = {}};
  if (split.path.empty()) split.path.assign(1, '/');
  std::string_view query = origin.substr(std::min(mark + 1, origin.size()));
  while (!query.empty()) {
    const std::string_view argument = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(argument.size() + 1, query.size()));
    if (argument.empty()) continue;
    if (split.arguments.size() == max_arguments) return std::nullopt;
    const std::size_t equals = std::min(argument.find('='), argument.size());
    split.arguments.emplace_back(
        Decode(argument.substr(0, equals), true),
        Decode(argument.substr(std::min(equals + 1, argument.size())), true));
  }
  return split;
}

}  // namespace exporter::http
