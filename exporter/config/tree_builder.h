// Builds a Document out of what a parser reports, value by value. Knows neither
// YAML nor JSON.
#ifndef EXPORTER_CONFIG_TREE_BUILDER_H_
#define EXPORTER_CONFIG_TREE_BUILDER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "exporter/config/document.h"

namespace exporter::config {

class TreeBuilder {
 public:
  // Both stay the caller's; `document` is empty.
  explicit TreeBuilder(Document& document) : document_(document) {}
  TreeBuilder(const TreeBuilder&) = delete;
  TreeBuilder& operator=(const TreeBuilder&) = delete;

  // Whether a map is open whose next key has not come yet.
  bool AtKey() const;
  // The key that waits for its value; null if none does.
  const Member* key() const;
  std::size_t depth() const { return open_.size(); }

  // Only AtKey().
  void SetKey(std::string text, Place place);
  // Not AtKey(). A list or a map stays open until Close().
  Value& Add(Value::Kind kind, Place place);
  // Puts a value that is in the document already in one more place.
  void Attach(const Value& value);
  void Close() { open_.pop_back(); }

 private:
  struct Collection {
    Value* value = nullptr;
    std::optional<Member> key;  // Of a map: waits for its value.
  };

  Document& document_;
  std::vector<Collection> open_;
};

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_TREE_BUILDER_H_
