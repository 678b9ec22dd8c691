#include "exporter/config/tree_builder.h"

#include <utility>

namespace exporter::config {

bool TreeBuilder::AtKey() const {
  return !open_.empty() && open_.back().value->kind == Value::Kind::kMap &&
         !open_.back().key;
}

const Member* TreeBuilder::key() const {
  return !open_.empty() && open_.back().key ? &*open_.back().key : nullptr;
}

void TreeBuilder::SetKey(std::string text, Place place) {
  open_.back().key = Member{std::move(text), place};
}

Value& TreeBuilder::Add(Value::Kind kind, Place place) {
  Value& value = document_.values_.emplace_back();
  value.kind = kind;
  value.place = place;
  Attach(value);
  if (kind == Value::Kind::kList || kind == Value::Kind::kMap) {
    open_.push_back({&value, std::nullopt});
  }
  return value;
}

void TreeBuilder::Attach(const Value& value) {
  ++count_;
  if (open_.empty()) {
    document_.root_ = &value;
  } else if (open_.back().value->kind == Value::Kind::kList) {
    open_.back().value->items.push_back(&value);
  } else {
    Collection& map = open_.back();
    map.key->value = &value;
    map.value->members.push_back(std::move(*map.key));
    map.key.reset();
  }
}

}  // namespace exporter::config
