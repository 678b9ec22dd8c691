// Reads a map of the configuration key by key. What nobody asked for is
// unknown, and refused.
#ifndef EXPORTER_CONFIG_MAP_READER_H_
#define EXPORTER_CONFIG_MAP_READER_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/field.h"

namespace exporter::config {

class MapReader {
 public:
  // Complains when `field` is no map (an empty value counts as an empty one)
  // and about keys that are given twice. `field` must outlive the reader.
  explicit MapReader(const Field& field);
  MapReader(const MapReader&) = delete;
  MapReader& operator=(const MapReader&) = delete;

  // The value of `key`, a literal; none when it is not set.
  std::optional<Field> Take(std::string_view key);
  // The same, where an empty value means that it is not set.
  std::optional<Field> TakeSet(std::string_view key);
  // Complains that `key`, if it is set, means nothing here: `sentence` tells
  // why.
  void Refuse(std::string_view key, const std::string& sentence);
  // For keys of versions to come; a typing error may mean them too.
  void RefuseNotYet(std::string_view key) {
    Refuse(key, "is not supported by this version");
  }
  // Complains about every key that was not asked for.
  void Finish();

  const Field& field() const { return field_; }
  const std::vector<Member>& members() const { return members_; }

 private:
  void FindDuplicates() const;

  const Field& field_;
  const std::vector<Member>& members_;
  std::vector<std::string_view> asked_;
};

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_MAP_READER_H_
