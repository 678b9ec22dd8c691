#include "exporter/config/expect.h"

#include <re2/re2.h>

#include <algorithm>
#include <string_view>

#include "exporter/config/host_name.h"
#include "exporter/config/map_reader.h"
#include "exporter/config/size.h"
#include "exporter/config/tls.h"
#include "probe/ip_address.h"
#include "probe/smtp/ehlo.h"

namespace exporter::config {
namespace {

constexpr std::size_t kMaxPattern = 1024;
// No certificate that clients take lives longer than that.
constexpr std::int64_t kMaxCertificateDays = 3650;

void ReadSize(const Field& field, std::optional<double>& size) {
  if (!field.value().IsText()) return field.ComplainKind("a size");
  size = ParseSize(field.value().text);
  if (!size) {
    field.Complain(Quoted(field.value().text) +
                   " is not a size, write it like 26214400, 25MiB or 10MB");
  }
}

// RFC 5321 4.1.1.1: ehlo-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
bool IsKeyword(std::string_view text) {
  return !text.empty() && text.size() <= probe::smtp::kMaxKeywordLength &&
         text.front() != '-' &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") ==
             std::string_view::npos;
}

void ReadCapabilities(const Field& list, std::vector<std::string>& keywords) {
  if (list.value().items.size() > probe::smtp::kMaxKeywords) {
    return list.Complain("has more than 64 capabilities");
  }
  ReadList(list, "a list of capabilities", [&](const Field& field) {
    std::string keyword;
    ReadText(field, keyword);
    if (!field.value().IsText()) return;
    for (char& c : keyword) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    if (!IsKeyword(keyword)) {
      field.Complain(Quoted(field.value().text) +
                     " is not an EHLO keyword: letters, digits and hyphens");
    } else if (std::find(keywords.begin(), keywords.end(), keyword) !=
               keywords.end()) {
      field.Complain(Quoted(field.value().text) + " is listed twice");
    } else {
      keywords.push_back(std::move(keyword));
    }
  });
}

void ReadTlsItems(MapReader& map, probe::TlsMode mode,
                  probe::Expectations& expect) {
  if (mode == probe::TlsMode::kNone) {
    for (const char* const key : {"tls_min_version", "certificate_days"}) {
      map.Refuse(key, "has no meaning while tls.mode is none");
    }
    return;
  }
  if (const auto version = map.Take("tls_min_version")) {
    ReadTlsVersion(*version, expect.tls_min_version.emplace());
  }
  if (const auto days = map.Take("certificate_days")) {
    if (const auto number = ReadNumber(*days, 1, kMaxCertificateDays)) {
      expect.certificate_days = static_cast<int>(*number);
    }
  }
}

}  // namespace

void ExpectReader::Read(const Field& field, probe::TlsMode mode,
                        probe::Expectations& expect) {
  MapReader map(field);
  if (const auto banner = map.Take("banner")) {
    ReadBanner(*banner, expect.banner);
  }
  if (mode == probe::TlsMode::kImplicit) {
    map.Refuse("starttls", "has no meaning: implicit TLS has no STARTTLS");
  } else if (const auto flag = map.Take("starttls")) {
    ReadFlag(*flag, expect.starttls);
  }
  if (const auto flag = map.Take("auth")) ReadFlag(*flag, expect.auth);
  if (const auto size = map.Take("size_at_least")) {
    ReadSize(*size, expect.size_at_least);
  }
  if (const auto list = map.Take("capabilities")) {
    ReadCapabilities(*list, expect.capabilities);
  }
  ReadTlsItems(map, mode, expect);
  map.Finish();
}

void ExpectReader::ReadBanner(const Field& field, std::string& banner) {
  ReadText(field, banner);
  if (!field.value().IsText()) return;
  if (!banner.starts_with('/')) {
    // A server without a name greets with its address (RFC 5321 4.1.3).
    if (banner.starts_with('[') && CheckEhloName(banner)) return;
    const auto checked = CheckHostName(banner);
    if (!checked) field.Complain(checked.error());
    return;
  }
  if (banner.size() < 3 || !banner.ends_with('/')) {
    field.Complain(Quoted(banner) +
                   " is not a regular expression between slashes");
    return;
  }
  if (banner.size() > kMaxPattern) {
    field.Complain("is a regular expression of more than 1024 bytes");
    return;
  }
  if (good_patterns_.contains(banner)) return;
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(probe::kMaxPatternMemory);
  const re2::RE2 pattern(banner.substr(1, banner.size() - 2), options);
  if (pattern.ok()) {
    good_patterns_.insert(banner);
  } else {
    field.Complain(Quoted(banner) + " is not a valid regular expression: " +
                   Printable(pattern.error()));
  }
}

}  // namespace exporter::config
