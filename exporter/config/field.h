// One value of the configuration together with its path, and the readers of
// simple values. A reader that cannot read complains and leaves its target as
// it was.
#ifndef EXPORTER_CONFIG_FIELD_H_
#define EXPORTER_CONFIG_FIELD_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "exporter/config/document.h"
#include "exporter/config/problems.h"
#include "probe/clock.h"

namespace exporter::config {

// Made on the stack while the tree is walked; its parent, the document and
// the problems must outlive it. Paths are text only once they are shown.
class Field {
 public:
  // The whole document.
  Field(const Value& value, Problems& problems);
  // "parent.key"; `key` must outlive the field.
  Field(const Field& parent, std::string_view key, const Value& value);
  // "parent[index]".
  Field(const Field& parent, std::size_t index, const Value& value);
  // At the place of another field, and of that one's parent.
  Field(const Field& other, const Value& value);

  const Value& value() const { return value_; }
  Problems& problems() const { return problems_; }
  std::string Path() const;

  void Complain(const std::string& sentence) const;
  // About something that stands elsewhere than the value begins.
  void Complain(Place place, const std::string& sentence) const;
  // The same for what is accepted and yet looks like a mistake.
  void Warn(const std::string& sentence) const;
  // "must be a number, not a list"
  void ComplainKind(std::string_view wanted) const;

 private:
  const Value& value_;
  Problems& problems_;
  const Field* const parent_ = nullptr;
  const std::string_view key_;
  const std::size_t index_ = 0;
};

struct DurationRange {
  probe::Duration least;
  probe::Duration most;
};

void ReadText(const Field& field, std::string& text);
void ReadFlag(const Field& field, std::optional<bool>& flag);
// The same in a file that other programs read too, whose YAML knows more words
// (YAML 1.1: yes, on, n).
std::optional<bool> ReadYaml11Flag(const Field& field);
void ReadDuration(const Field& field, const DurationRange& range,
                  probe::Duration& duration);
// Within `least` and `most`, inclusive.
std::optional<std::int64_t> ReadNumber(const Field& field, std::int64_t least,
                                       std::int64_t most);
void ReadPort(const Field& field, std::uint16_t& port);

// The list's items as fields; an empty value counts as an empty list. Calls
// `read` for each until enough problems were found.
template <typename Read>
void ReadList(const Field& field, std::string_view wanted, Read read) {
  const Value& value = field.value();
  if (value.kind == Value::Kind::kNull) return;
  if (value.kind != Value::Kind::kList) return field.ComplainKind(wanted);
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    if (field.problems().full()) return;
    read(Field(field, i, *value.items[i]));
  }
}

// One of a few words.
template <typename T>
void ReadChoice(
    const Field& field,
    std::initializer_list<std::pair<std::string_view, std::type_identity_t<T>>>
        words,
    T& choice) {
  std::string wanted;
  for (const auto& [word, meaning] : words) {
    if (field.value().IsText() && field.value().text == word) {
      choice = meaning;
      return;
    }
    if (!wanted.empty()) wanted += " or ";
    wanted += word;
  }
  if (!field.value().IsText()) return field.ComplainKind(wanted);
  field.Complain("must be " + wanted + ", not " + Quoted(field.value().text));
}

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_FIELD_H_
