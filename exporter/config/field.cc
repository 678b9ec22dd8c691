#include "exporter/config/field.h"

#include <charconv>

#include "exporter/config/duration.h"

namespace exporter::config {
namespace {

std::string_view KindName(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::kNull:
      return "empty";
    case Value::Kind::kPlain:
    case Value::Kind::kQuoted:
      return "text";
    case Value::Kind::kList:
      return "a list";
    case Value::Kind::kMap:
      return "a map";
  }
  return "";
}

}  // namespace

Field::Field(const Value& value, Problems& problems)
    : value_(value), problems_(problems) {}

Field::Field(const Field& parent, std::string_view key, const Value& value)
    : value_(value), problems_(parent.problems_), parent_(&parent), key_(key) {}

Field::Field(const Field& parent, std::size_t index, const Value& value)
    : value_(value),
      problems_(parent.problems_),
      parent_(&parent),
      index_(index) {}

Field::Field(const Field& other, const Value& value)
    : value_(value),
      problems_(other.problems_),
      parent_(other.parent_),
      key_(other.key_),
      index_(other.index_) {}

std::string Field::Path() const {
  if (parent_ == nullptr) return "";
  std::string path = parent_->Path();
  if (key_.empty()) return path + '[' + std::to_string(index_) + ']';
  if (!path.empty()) path += '.';
  return path + Printable(key_);
}

void Field::Complain(const std::string& sentence) const {
  Complain(value_.place, sentence);
}

void Field::Complain(Place place, const std::string& sentence) const {
  problems_.Add(place, Path(), sentence);
}

void Field::Warn(const std::string& sentence) const {
  problems_.Warn(value_.place, Path(), sentence);
}

void Field::ComplainKind(std::string_view wanted) const {
  Complain("must be " + std::string(wanted) + ", not " +
           std::string(KindName(value_.kind)));
}

void ReadText(const Field& field, std::string& text) {
  if (!field.value().IsText()) return field.ComplainKind("text");
  text = field.value().text;
}

void ReadFlag(const Field& field, std::optional<bool>& flag) {
  const Value& value = field.value();
  if (value.kind == Value::Kind::kPlain) {
    // YAML 1.2 knows no "yes" and "on".
    for (const std::string_view word : {"true", "True", "TRUE"}) {
      if (value.text == word) flag = true;
      if (value.text == word) return;
    }
    for (const std::string_view word : {"false", "False", "FALSE"}) {
      if (value.text == word) flag = false;
      if (value.text == word) return;
    }
    field.Complain("must be true or false, not " + Quoted(value.text));
    return;
  }
  field.ComplainKind("true or false");
}

std::optional<bool> ReadYaml11Flag(const Field& field) {
  const Value& value = field.value();
  if (value.kind == Value::Kind::kPlain) {
    for (const std::string_view word :
         {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"}) {
      if (value.text == word) return true;
    }
    for (const std::string_view word :
         {"n", "N", "no", "No", "NO", "off", "Off", "OFF"}) {
      if (value.text == word) return false;
    }
  }
  std::optional<bool> flag;
  ReadFlag(field, flag);
  return flag;
}

void ReadDuration(const Field& field, const DurationRange& range,
                  probe::Duration& duration) {
  if (!field.value().IsText()) return field.ComplainKind("a duration");
  const std::string& text = field.value().text;
  const std::optional<probe::Duration> parsed = ParseDuration(text);
  if (!parsed) {
    field.Complain(Quoted(text) +
                   " is not a duration, write it like 500ms, 30s, 5m or 1h30m");
  } else if (*parsed < range.least || *parsed > range.most) {
    field.Complain(Printable(text) + " is out of range (" +
                   DurationText(range.least) + "-" + DurationText(range.most) +
                   ")");
  } else {
    duration = *parsed;
  }
}

std::optional<std::int64_t> ReadNumber(const Field& field, std::int64_t least,
                                       std::int64_t most) {
  const Value& value = field.value();
  if (value.kind != Value::Kind::kPlain) {
    field.ComplainKind("a number");
    return std::nullopt;
  }
  const std::string& text = value.text;
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  // 025 is 21 to one reader of YAML and 25 to the next.
  const bool octal = text.size() > 1 && text[0] == '0';
  if (stop != end || error == std::errc::invalid_argument || octal) {
    field.Complain(Quoted(text) + " is not a whole number");
    return std::nullopt;
  }
  if (error != std::errc() || number < least || number > most) {
    field.Complain(Printable(text) + " is out of range (" +
                   std::to_string(least) + "-" + std::to_string(most) + ")");
    return std::nullopt;
  }
  return number;
}

void ReadPort(const Field& field, std::uint16_t& port) {
  if (const auto number = ReadNumber(field, 1, 65535)) {
    port = static_cast<std::uint16_t>(*number);
  }
}

}  // namespace exporter::config
