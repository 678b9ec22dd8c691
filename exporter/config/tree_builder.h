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
  // `document` is empty; it must outlive the builder.
  TreeBuilder(Document& document, std::size_t most_values)
      : document_(document), most_values_(most_values) {}
  TreeBuilder(const TreeBuilder&) = delete;
  TreeBuilder& operator=(const TreeBuilder&) = delete;

  // Whether a map is open whose next key has not come yet.
  bool AtKey() const;
  // The key that waits for its value; null if none does.
  const Member* key() const;
  std::size_t depth() const { return open_.size(); }
  // There is no room for another value, aliases included.
  std::size_t most_values() const { return most_values_; }
  bool full() const { return count_ >= most_values_; }

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
  const std::size_t most_values_;
  std::size_t count_ = 0;
  std::vector<Collection> open_;
};

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_TREE_BUILDER_H_
