#include "exporter/http/outgoing.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <utility>

namespace exporter::http {
namespace {

// A piece of a streamed body is made from as many pieces of the source as this
// takes: what a system call costs is small beside so many bytes, and one turn
// of the loop is short.
constexpr std::size_t kPieceBytes = 16 * 1024;

// A whole body up to here goes in one piece with its head.
constexpr std::size_t kSmallBytes = 16 * 1024;

struct Reason {
  int status;
  std::string_view phrase;
};

// RFC 9110, section 15: what we send. Clients ignore the phrase.
constexpr Reason kReasons[] = {
    {200, "OK"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

// RFC 9110, section 5.6.7; strftime(3) would follow the locale.
std::string DateNow() {
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr",
                                                   "May", "Jun", "Jul", "Aug",
                                                   "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  const auto two = [](int number) {
    return std::string(number < 10 ? "0" : "") + std::to_string(number);
  };
  return std::string(kDays.at(static_cast<std::size_t>(utc.tm_wday))) + ", " +
         two(utc.tm_mday) + " " +
         kMonths.at(static_cast<std::size_t>(utc.tm_mon)) + " " +
         std::to_string(utc.tm_year + 1900) + " " + two(utc.tm_hour) + ":" +
         two(utc.tm_min) + ":" + two(utc.tm_sec) + " GMT";
}

bool SameName(std::string_view name, std::string_view lower_case) {
  return std::equal(name.begin(), name.end(), lower_case.begin(),
                    lower_case.end(), [](char a, char b) {
                      return a == b || (a >= 'A' && a <= 'Z' &&
                                        static_cast<char>(a - 'A' + 'a') == b);
                    });
}

// What we write ourselves.
bool IsOurs(std::string_view name) {
  for (const std::string_view ours :
       {"content-length", "transfer-encoding", "connection", "date"}) {
    if (SameName(name, ours)) return true;
  }
  return false;
}

bool FitsHttp(std::string_view name, std::string_view value) {
  const bool is_name =
      !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9') || c == '-' || c == '_';
      });
  return is_name && std::none_of(value.begin(), value.end(), [](char c) {
           return (c >= '\0' && c < ' ' && c != '\t') || c == '\x7f';
         });
}

}  // namespace

Outgoing::Outgoing(Response response, const To& to) {
  const bool is_final = response.status >= 200 && response.status <= 599;
  const int status = is_final ? response.status : 500;
  const bool is_streamed = response.source != nullptr;
  const bool has_body = status != 204 && status != 304;
  if (!has_body) {
    framing_ = Framing::kNone;
  } else if (is_streamed) {
    framing_ = to.is_http_1_0 ? Framing::kToEnd : Framing::kChunked;
  }
  closes_ =
      !to.keeps_alive || (framing_ == Framing::kToEnd && !to.is_head_request);
  piece_ = Head(response, status, to);
  if (!has_body || to.is_head_request) return;
  if (is_streamed) {
    source_ = std::move(response.source);
  } else if (response.body.size() <= kSmallBytes) {
    piece_ += response.body;
  } else {
    body_ = std::move(response.body);
  }
}

std::string Outgoing::Head(const Response& response, int status,
                           const To& to) const {
  std::string head = "HTTP/1.1 " + std::to_string(status) + " ";
  for (const Reason& reason : kReasons) {
    if (reason.status == status) head += reason.phrase;
  }
  head += "\r\nDate: " + DateNow() + "\r\n";
  for (const auto& [name, value] : response.headers) {
    if (IsOurs(name) || !FitsHttp(name, value)) continue;
    head.append(name).append(": ").append(value).append("\r\n");
  }
  if (framing_ == Framing::kLength) {
    head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  } else if (framing_ == Framing::kChunked) {
    head += "Transfer-Encoding: chunked\r\n";
  }
  if (closes_) {
    head += "Connection: close\r\n";
  } else if (to.is_http_1_0) {
    head += "Connection: keep-alive\r\n";
  }
  return head + "\r\n";
}

Outgoing::Next Outgoing::Refill() {
  sent_ = 0;
  piece_.clear();
  if (is_broken_) return Next::kBroken;
  if (source_ != nullptr) return FromSource();
  if (body_.empty()) return Next::kEnd;
  piece_ = std::exchange(body_, {});
  return Next::kPiece;
}

Outgoing::Next Outgoing::FromSource() {
  std::string bytes;
  std::string more;
  bool has_more = true;
  try {
    while (has_more && bytes.size() < kPieceBytes) {
      more.clear();
      has_more = source_(more);
      if (has_more && more.empty()) break;
      if (has_more && bytes.empty()) {
        bytes.swap(more);
      } else if (has_more) {
        bytes += more;
      }
    }
  } catch (...) {
    has_more = true;
    source_ = nullptr;
    is_broken_ = true;
  }
  if (!has_more) source_ = nullptr;
  if (framing_ != Framing::kChunked) {
    piece_ = std::move(bytes);
    return has_more || !piece_.empty() ? Next::kPiece : Next::kEnd;
  }
  if (!bytes.empty()) {
    std::array<char, 16> size{};
    const auto end = std::to_chars(size.data(), size.data() + size.size(),
                                   bytes.size(), /*base=*/16);
    piece_.append(size.data(), static_cast<std::size_t>(end.ptr - size.data()));
    piece_.append("\r\n").append(bytes).append("\r\n");
  }
  if (!has_more) piece_ += "0\r\n\r\n";
  return Next::kPiece;
}

}  // namespace exporter::http
