#include "exporter/config/labels.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "exporter/config/map_reader.h"

namespace exporter::config {
namespace {

// Prometheus' own, those on every series of ours, those of single families.
constexpr std::array<std::string_view, 29> kReserved = {
    "instance",    "job",       "le",      "quantile",   "target",
    "module",      "address",   "mx",      "type",       "phase",
    "reason",      "mechanism", "tls",     "capability", "hostname",
    "expectation", "quirk",     "version", "cipher",     "fingerprint_sha256",
    "subject",     "issuer",    "serial",  "key",        "loop",
    "domain",      "code",      "record",  "check",
};

bool IsLabelName(std::string_view name) {
  const bool characters = name.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789_") == std::string_view::npos;
  return characters && !name.empty() && name.size() <= kMaxLabelName &&
         (name[0] < '0' || name[0] > '9');
}

// Why `name` is refused; "" when it is not.
std::string NameProblem(std::string_view name) {
  if (!IsLabelName(name)) {
    return "is not a label name: up to 64 letters, digits and '_', no digit "
           "first";
  }
  if (name.starts_with("__")) {
    return "is not allowed: Prometheus keeps names that begin with __";
  }
  if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end()) {
    return "is not allowed: the metrics have a label of this name";
  }
  return "";
}

void ReadValue(const Field& field, std::string& value) {
  ReadText(field, value);
  if (!field.value().IsText()) return;
  if (value.empty()) {
    field.Complain("must not be empty: Prometheus drops an empty label");
  } else if (value.size() > kMaxLabelValue) {
    field.Complain("is longer than 256 bytes");
  } else if (std::any_of(value.begin(), value.end(), [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
             })) {
    field.Complain("holds a control character");
  }
}

}  // namespace

void ReadLabels(const Field& field,
                std::vector<std::pair<std::string, std::string>>& labels) {
  const MapReader map(field);
  if (map.members().size() > kMaxLabels) {
    return field.Complain("has more than 32 labels");
  }
  for (const Member& member : map.members()) {
    const std::string problem = NameProblem(member.key);
    if (!problem.empty()) {
      field.Complain(member.place, Quoted(member.key) + " " + problem);
      continue;
    }
    auto& label = labels.emplace_back(member.key, "");
    ReadValue(Field(field, member.key, *member.value), label.second);
  }
  std::sort(labels.begin(), labels.end());
}

}  // namespace exporter::config
