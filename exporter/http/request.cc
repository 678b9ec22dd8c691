#include "exporter/http/request.h"

#include <netinet/in.h>
#include <uv.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

namespace exporter::http {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Collected {
  Fields fields;
  bool failed = false;  // Out of memory. C code is between us and the catch.
};

std::string_view View(const char* bytes, std::size_t size) {
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, size);
}

// Only ASCII, whatever the locale.
std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

MHD_Result AddArgument(void* closure, MHD_ValueKind /*kind*/, const char* name,
                       std::size_t name_size, const char* value,
                       std::size_t value_size) {
  auto* to = static_cast<Collected*>(closure);
  try {
    to->fields.emplace_back(View(name, name_size), View(value, value_size));
    return MHD_YES;
  } catch (...) {
    to->failed = true;
    return MHD_NO;
  }
}

MHD_Result AddHeader(void* closure, MHD_ValueKind /*kind*/, const char* name,
                     std::size_t name_size, const char* value,
                     std::size_t value_size) {
  auto* to = static_cast<Collected*>(closure);
  try {
    std::string key = Lower(View(name, name_size));
    const auto same =
        std::find_if(to->fields.begin(), to->fields.end(),
                     [&](const auto& field) { return field.first == key; });
    if (same == to->fields.end()) {
      to->fields.emplace_back(std::move(key), View(value, value_size));
    } else {
      same->second.append(", ").append(View(value, value_size));
    }
    return MHD_YES;
  } catch (...) {
    to->failed = true;
    return MHD_NO;
  }
}

Fields Collect(MHD_Connection* connection, MHD_ValueKind kind,
               MHD_KeyValueIteratorN add) {
  Collected collected;
  MHD_get_connection_values_n(connection, kind, add, &collected);
  if (collected.failed) throw std::bad_alloc();
  return std::move(collected.fields);
}

std::string_view Find(const Fields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

// As the text of an address, "" for other families than IP's.
std::string ClientOf(MHD_Connection* connection) {
  const auto* known =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  if (known == nullptr || known->client_addr == nullptr) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const sockaddr* address = known->client_addr;
  if (address->sa_family == AF_INET6) {
    const auto& v6 = *reinterpret_cast<const sockaddr_in6*>(address);
    // A socket for both families shows an IPv4 client so.
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      uv_inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text.data(),
                   text.size());
      return text.data();
    }
  } else if (address->sa_family != AF_INET) {
    return {};
  }
  uv_ip_name(address, text.data(), text.size());
  return text.data();
}

bool Has(const Fields& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const auto& field) { return field.first == name; });
}

}  // namespace

std::string_view Request::Header(std::string_view lower_case_name) const {
  return Find(headers, lower_case_name);
}

std::string_view Request::Argument(std::string_view name) const {
  return Find(arguments, name);
}

Request ReadRequest(MHD_Connection* connection, const char* path,
                    const char* method) {
  return {.method = method,
          .path = path,
          .headers = Collect(connection, MHD_HEADER_KIND, &AddHeader),
          .arguments = Collect(connection, MHD_GET_ARGUMENT_KIND, &AddArgument),
          .client = ClientOf(connection)};
}

// libmicrohttpd 0.9.75 looks at the first field of a name only, and reads a
// body with an unknown transfer coding up to the end of the connection.
std::expected<std::size_t, int> AnnouncedBodyBytes(MHD_Connection* connection) {
  const Fields headers = Collect(connection, MHD_HEADER_KIND, &AddHeader);
  const bool has_length = Has(headers, "content-length");
  if (Has(headers, "transfer-encoding")) {
    // RFC 9112, section 6.1: chunked is last and once; with a length beside it
    // the message ought to be handled as an error. We know no other coding.
    const bool is_chunked =
        Lower(Find(headers, "transfer-encoding")) == "chunked";
    if (!is_chunked || has_length) return std::unexpected(400);
    return 0;
  }
  if (!has_length) return 0;
  // Two fields were joined by a comma, so that this refuses them too.
  const std::string_view digits = Find(headers, "content-length");
  std::size_t length = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (end != digits.data() + digits.size() || digits.empty()) {
    return std::unexpected(400);
  }
  if (error == std::errc::result_out_of_range) {
    return std::numeric_limits<std::size_t>::max();
  }
  return length;
}

}  // namespace exporter::http
