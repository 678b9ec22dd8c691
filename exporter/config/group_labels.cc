#include "exporter/config/group_labels.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "exporter/config/map_reader.h"
#include "exporter/config/suggestion.h"

namespace exporter::config {
namespace {

constexpr std::string_view kPrefix = "__smtp_";
constexpr std::string_view kDomain = "__smtp_domain";

// The keys of a target that labels may set.
constexpr std::string_view kKeys[] = {
    "module",
    "interval",
    "port",
    "timeout",
    "timeouts.connect",
    "timeouts.greeting",
    "timeouts.ehlo",
    "timeouts.tls",
    "timeouts.quit",
    "stale_after",
    "ehlo_name",
    "addresses",
    "ip_protocol",
    "private_addresses",
    "source_address",
    "tls.mode",
    "tls.verify",
    "tls.min_version",
    "tls.max_version",
    "tls.server_name",
    "tls.certificate_types",
    "expect.banner",
    "expect.starttls",
    "expect.auth",
    "expect.size_at_least",
    "expect.capabilities",
    "expect.tls_min_version",
    "expect.certificate_days",
};

constexpr std::string_view kLists[] = {"tls.certificate_types",
                                       "expect.capabilities"};

// What a list that comes from elsewhere must not do, and what is no label.
constexpr std::pair<std::string_view, std::string_view> kRefused[] = {
    {"__smtp_tls_ca_file",
     "is not allowed: a list must not choose files of this host, a module can"},
    {"__smtp_tls_cert_file",
     "is not allowed: a list must not choose files of this host, a module can"},
    {"__smtp_tls_key_file",
     "is not allowed: a list must not choose files of this host, a module can"},
    {"__smtp_module", "is written \"__module\""},
    {"__smtp_interval", "is written \"__interval\""},
    {"__smtp_role", "belongs to the module, name one that has the role"},
};

std::string LabelOf(std::string_view key) {
  if (key == "module" || key == "interval") return "__" + std::string(key);
  std::string label = std::string(kPrefix) + std::string(key);
  std::replace(label.begin(), label.end(), '.', '_');
  return label;
}

// Keys by label.
const std::map<std::string, std::string_view, std::less<>>& Keys() {
  static const auto keys = [] {
    std::map<std::string, std::string_view, std::less<>> all;
    for (const std::string_view key : kKeys) all.emplace(LabelOf(key), key);
    return all;
  }();
  return keys;
}

std::string WhyUnknown(std::string_view label) {
  for (const auto& [refused, why] : kRefused) {
    if (label == refused) return std::string(why);
  }
  std::vector<std::string_view> known = {kDomain};
  for (const auto& [name, key] : Keys()) known.push_back(name);
  return "is no label that is known" + Suggestion(label, known);
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t start = text.find_first_not_of(' ');
  if (start == std::string_view::npos) return "";
  return text.substr(start, text.find_last_not_of(' ') - start + 1);
}

// The part of `path` behind "[2]" and the like; none where it is not so.
std::optional<std::string_view> BehindIndex(std::string_view path) {
  const std::size_t close = path.find(']');
  if (!path.starts_with('[') || close == std::string_view::npos) {
    return std::nullopt;
  }
  return path.substr(close + 1);
}

}  // namespace

bool IsGroupText(const Field& field, GroupFormat format) {
  if (field.value().kind == Value::Kind::kQuoted) return true;
  if (field.value().kind != Value::Kind::kPlain) {
    field.ComplainKind("text");
    return false;
  }
  if (format == GroupFormat::kYaml) return true;
  field.Complain("must be text in quotes");
  return false;
}

GroupLabels::GroupLabels() {
  map_.kind = Value::Kind::kMap;
  map_.members.push_back({"host", {}, nullptr});
  user_labels_.kind = Value::Kind::kMap;
}

void GroupLabels::Read(const Field& field, GroupFormat format) {
  const MapReader map(field);  // Refuses what is given twice.
  user_labels_.place = field.value().place;
  for (const Member& label : map.members()) {
    if (field.problems().full()) return;
    // Nothing, in both formats, is an empty text to Prometheus' parsers.
    if (label.value->kind == Value::Kind::kNull) continue;
    const Field value(field, label.key, *label.value);
    // To Prometheus an empty label is none.
    if (IsGroupText(value, format) && !label.value->text.empty()) {
      ReadLabel(value, label);
    }
  }
  if (!user_labels_.members.empty()) {
    map_.members.push_back({"labels", user_labels_.place, &user_labels_});
  }
}

void GroupLabels::ReadLabel(const Field& field, const Member& label) {
  if (!label.key.starts_with("__")) {
    user_labels_.members.push_back(label);
  } else if (label.key == kDomain) {
    ReadDomain(field);
  } else if (const auto known = Keys().find(label.key); known != Keys().end()) {
    Set(known->second, label);
  } else if (label.key.starts_with(kPrefix)) {
    field.Complain(label.place, WhyUnknown(label.key));
  }
}

void GroupLabels::ReadDomain(const Field& field) {
  if (field.value().text == "true") {
    SetDomain(true);
  } else if (field.value().text != "false") {
    field.Complain("must be true or false, not " + Quoted(field.value().text));
  }
}

void GroupLabels::SetDomain(bool is_domain) {
  map_.members.front().key = is_domain ? "domain" : "host";
}

Value& GroupLabels::New(Value::Kind kind, Place place) {
  Value& value = values_.emplace_back();
  value.kind = kind;
  value.place = place;
  return value;
}

void GroupLabels::Set(std::string_view key, const Member& label) {
  const Value& value = ValueOf(key, *label.value);
  const std::size_t dot = key.find('.');
  if (dot == std::string_view::npos) {
    map_.members.push_back({std::string(key), label.place, &value});
    return;
  }
  const std::string_view name = key.substr(0, dot);
  Value*& block = blocks_[name];
  if (block == nullptr) {
    block = &New(Value::Kind::kMap, label.value->place);
    map_.members.push_back({std::string(name), label.place, block});
  }
  block->members.push_back(
      {std::string(key.substr(dot + 1)), label.place, &value});
}

const Value& GroupLabels::ValueOf(std::string_view key, const Value& label) {
  // As if they stood there without quotes: a label's value is always text, also
  // where a number or a truth value is meant.
  const bool is_list =
      std::find(std::begin(kLists), std::end(kLists), key) != std::end(kLists);
  if (!is_list) {
    Value& value = New(Value::Kind::kPlain, label.place);
    value.text = label.text;
    return value;
  }
  Value& list = New(Value::Kind::kList, label.place);
  std::string_view rest = label.text;
  while (true) {
    const std::string_view item = rest.substr(0, rest.find(','));
    Value& value = New(Value::Kind::kPlain, label.place);
    value.text = Trimmed(item);
    list.items.push_back(&value);
    if (item.size() == rest.size()) return list;
    rest.remove_prefix(item.size() + 1);
  }
}

const Value& GroupLabels::MapOf(const Value& target) {
  map_.place = target.place;
  map_.members.front().place = target.place;
  map_.members.front().value = &target;
  return map_;
}

std::string GroupPath(const std::string& path) {
  constexpr std::string_view kTargets = ".targets";
  constexpr std::string_view kLabels = "labels";
  const auto target = BehindIndex(path);
  if (!target || !target->starts_with(kTargets)) return path;
  auto key = BehindIndex(target->substr(kTargets.size()));
  if (!key || key->empty()) return path;
  key->remove_prefix(1);
  if (*key == "host" || *key == "domain") {
    return path.substr(0, path.size() - key->size() - 1);
  }
  std::string labels = path.substr(0, path.size() - target->size()) + ".labels";
  if (*key == kLabels) return labels;
  if (key->starts_with("labels.")) {
    return labels + '.' + std::string(key->substr(kLabels.size() + 1));
  }
  return labels + '.' + LabelOf(key->substr(0, key->find('[')));
}

}  // namespace exporter::config
