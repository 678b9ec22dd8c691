#include "exporter/http/request_head.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <system_error>
#include <utility>

#include "exporter/http/request_target.h"

namespace exporter::http {
namespace {

// RFC 9110, section 5.6.2.
bool IsToken(std::string_view text) {
  constexpr std::string_view kSigns = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || kSigns.find(c) != std::string_view::npos;
  });
}

bool IsGraphic(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < '\x7f'; });
}

// A field's value may have spaces, tabs and bytes above ASCII.
bool IsFieldValue(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (c >= '\0' && c < ' ' && c != '\t') || c == '\x7f';
  });
}

// Only ASCII, whatever the locale.
std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

// Whether a list such as Connection's has `token`, which is in lower case.
bool ListHas(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    if (Lower(Trim(one)) == token) return true;
    list.remove_prefix(std::min(one.size() + 1, list.size()));
  }
  return false;
}

// The line without its CRLF, taken from the front of `text`.
std::string_view TakeLine(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find("\r\n"));
  text.remove_prefix(std::min(line.size() + 2, text.size()));
  return line;
}

// The status that refuses the line; 0 for none.
int ReadRequestLine(std::string_view line, RequestHead& head) {
  const std::size_t first = std::min(line.find(' '), line.size());
  const std::size_t last = line.rfind(' ');
  if (last == std::string_view::npos || last <= first) return 400;
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!IsToken(method) || target.empty() || !IsGraphic(target)) return 400;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() != 8 || !version.starts_with("HTTP/") ||
      !is_digit(version[5]) || version[6] != '.' || !is_digit(version[7])) {
    return 400;
  }
  if (version[5] != '1') return 505;
  head.is_http_1_0 = version[7] == '0';
  auto split = SplitTarget(target, kMaxArguments);
  if (!split) return 414;
  head.request.method = method;
  head.is_head_request = method == "HEAD";
  head.request.path = std::move(split->path);
  head.request.arguments = std::move(split->arguments);
  return 0;
}

// No space before the colon and no continued lines: others have read them
// differently (RFC 9112, section 5).
int ReadField(std::string_view line, Request& request) {
  const std::size_t colon = std::min(line.find(':'), line.size());
  if (colon == line.size() || !IsToken(line.substr(0, colon))) return 400;
  const std::string_view value = Trim(line.substr(colon + 1));
  if (!IsFieldValue(value)) return 400;
  std::string name = Lower(line.substr(0, colon));
  const auto same =
      std::find_if(request.headers.begin(), request.headers.end(),
                   [&](const auto& field) { return field.first == name; });
  if (same == request.headers.end()) {
    request.headers.emplace_back(std::move(name), value);
  } else if (name == "host") {
    return 400;
  } else {
    same->second.append(", ").append(value);
  }
  return 0;
}

bool Has(const Request& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const auto& field) { return field.first == name; });
}

int ReadBodyLength(RequestHead& head) {
  const Request& request = head.request;
  const bool has_length = Has(request, "content-length");
  if (Has(request, "transfer-encoding")) {
    // RFC 9112, section 6.1: chunked is last and once, and HTTP/1.0 has none;
    // with a length beside it the message ought to be handled as an error. We
    // know no other coding.
    head.body.is_chunked =
        Lower(request.Header("transfer-encoding")) == "chunked";
    const bool good = head.body.is_chunked && !has_length && !head.is_http_1_0;
    return good ? 0 : 400;
  }
  if (!has_length) return 0;
  // Two fields were joined by a comma, so that this refuses them too.
  const std::string_view digits = request.Header("content-length");
  const auto [end, error] = std::from_chars(
      digits.data(), digits.data() + digits.size(), head.body.bytes);
  if (end != digits.data() + digits.size() || digits.empty()) return 400;
  if (error == std::errc::result_out_of_range) {
    head.body.bytes = std::numeric_limits<std::size_t>::max();
  }
  return 0;
}

void ReadConnection(RequestHead& head) {
  const std::string_view options = head.request.Header("connection");
  head.keeps_alive = !ListHas(options, "close") &&
                     (!head.is_http_1_0 || ListHas(options, "keep-alive"));
  head.expects_continue =
      !head.is_http_1_0 &&
      ListHas(head.request.Header("expect"), "100-continue");
}

}  // namespace

std::string_view Request::Header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

std::string_view Request::Argument(std::string_view name) const {
  for (const auto& [key, value] : arguments) {
    if (key == name) return value;
  }
  return {};
}

std::expected<RequestHead, int> ParseRequestHead(std::string_view text) {
  RequestHead head;
  if (const int refused = ReadRequestLine(TakeLine(text), head)) {
    return std::unexpected(refused);
  }
  for (std::size_t fields = 0; !text.empty(); ++fields) {
    if (fields == kMaxFields) return std::unexpected(431);
    if (const int refused = ReadField(TakeLine(text), head.request)) {
      return std::unexpected(refused);
    }
  }
  if (!head.is_http_1_0 && !Has(head.request, "host")) {
    return std::unexpected(400);
  }
  if (const int refused = ReadBodyLength(head)) {
    return std::unexpected(refused);
  }
  ReadConnection(head);
  return head;
}

}  // namespace exporter::http
