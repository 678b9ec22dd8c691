#include "exporter/config/map_reader.h"

#include <algorithm>

#include "exporter/config/suggestion.h"

namespace exporter::config {
namespace {

const std::vector<Member>& MembersOf(const Field& field) {
  static const std::vector<Member> none;
  const Value& value = field.value();
  return value.kind == Value::Kind::kMap ? value.members : none;
}

}  // namespace

MapReader::MapReader(const Field& field)
    : field_(field), members_(MembersOf(field)) {
  const Value::Kind kind = field.value().kind;
  if (kind != Value::Kind::kMap && kind != Value::Kind::kNull) {
    field.ComplainKind("a map");
  }
  FindDuplicates();
}

void MapReader::FindDuplicates() const {
  std::vector<const Member*> sorted;
  sorted.reserve(members_.size());
  for (const Member& member : members_) sorted.push_back(&member);
  // Among equals the first stays the first: members lie in one vector.
  std::sort(sorted.begin(), sorted.end(), [](const Member* a, const Member* b) {
    return a->key != b->key ? a->key < b->key : a < b;
  });
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (field_.problems().full()) return;
    if (sorted[i]->key != sorted[i - 1]->key) continue;
    field_.Complain(sorted[i]->place,
                    "key " + Quoted(sorted[i]->key) +
                        " is given twice, first on line " +
                        std::to_string(sorted[i - 1]->place.line));
  }
}

std::optional<Field> MapReader::Take(std::string_view key) {
  asked_.push_back(key);
  for (const Member& member : members_) {
    if (member.key == key) return Field(field_, key, *member.value);
  }
  return std::nullopt;
}

std::optional<Field> MapReader::TakeSet(std::string_view key) {
  auto field = Take(key);
  if (field && field->value().kind == Value::Kind::kNull) return std::nullopt;
  return field;
}

void MapReader::Refuse(std::string_view key, const std::string& sentence) {
  asked_.push_back(key);
  for (const Member& member : members_) {
    if (member.key != key) continue;
    Field(field_, key, *member.value).Complain(member.place, sentence);
    return;
  }
}

void MapReader::Finish() {
  for (const Member& member : members_) {
    if (field_.problems().full()) return;
    if (std::find(asked_.begin(), asked_.end(), member.key) != asked_.end()) {
      continue;
    }
    field_.Complain(member.place, "unknown key " + Quoted(member.key) +
                                      Suggestion(member.key, asked_));
  }
}

}  // namespace exporter::config
